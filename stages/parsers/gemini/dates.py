"""Times as Google writes them for people, in the language of the account: `Sep 2, 2026, 12:12:52 PM PDT`.

A line is a time only when nothing else is in it: a prompt that tells a time in a sentence is no such line.
"""

import re
import unicodedata
from datetime import datetime, timedelta, timezone, tzinfo
from typing import NamedTuple

from stages.parsers.gemini.zones import OFFSETS
from stages.parsers.reading.values import moment_ms

_LONGEST = 100
_LONGEST_UNREAD = 60
_LONGEST_NAME = 6
_CHINA = 480
_SINCE_THE_BUDDHA = range(2500, 2700)
_YEARS_BEFORE = 543
_MARKS = re.compile(
    "[\u0300-\u036f\u061c\u200e\u200f\u2066-\u2069]"
)  # accents, and what turns the direction of writing

# How the names of months begin, in two dozen languages; what begins alike in several stands once.
_MONTHS = (
    "jan jän ene gen ian sty oca янв січ ιαν ינו जन ม.ค",
    "feb fev fév lut şub фев лют φεβ פבר फ़र फर ก.พ",
    "mar mrt бер мар μαρ מרץ मार มี.ค",
    "apr avr abr kwi nis апр квіт απρ אפר अप्रै เม.ย",
    "may mai mei mag maj maig май мая трав μαι מאי मई พ.ค",
    "jun juin giu cze haz iun июн черв ιουν יונ जून มิ.ย",
    "jul juil lug lip tem iul июл лип ιουλ יול जुल ก.ค",
    "aug aou ago agu ag sie авг серп αυγ אוג अग ส.ค",
    "sep set szep wrz eyl сен вер σεπ ספט सित ก.ย",
    "oct okt out ott paź eki окт жовт οκτ אוק अक् ต.ค",
    "nov noi noe lis kas ноя лист νοε נוב नव พ.ย",
    "dec dez des dic gru ara дек груд δεκ דצמ दिस ธ.ค",
)


class Moment(NamedTuple):
    """An instant in milliseconds since 1970, and whether the line itself settles it.

    It does not where the zone is missing, unknown or one of several of that name, or where day and month could be
    exchanged.
    """

    at: int
    sure: bool


class _Day(NamedTuple):
    year: int
    month: int
    day: int
    rest: str
    sure: bool = True


def _plain(text: str) -> str:
    """`text` with every variant of a character as one: widths, blanks, case, accents, digits."""
    folded = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", text).casefold())
    composed = unicodedata.normalize("NFC", _MARKS.sub("", folded))
    if composed.isascii():
        return composed
    return "".join(str(unicodedata.decimal(one)) if one.isdecimal() else one for one in composed)


def _any_beginning(names: str) -> str:
    return "|".join(sorted(map(re.escape, _plain(names).split()), key=len, reverse=True))


_CLOCK = re.compile(
    r"(?<![\d:.])(\d{1,2}):(\d\d)(?::(\d\d)(?:[.,]\d{1,6})?)?(?![\d:])|(?<![\d.])(\d{1,2})\.(\d\d)\.(\d\d)(?![\d.])"
)
_MINUTES = re.compile(r"\d[:.：]\d\d")
_YEAR = re.compile(r"(?<!\d)\d{4}(?!\d)")
_OFFSET = re.compile(r"(?:gmt|utc)\s*([+−–-])\s*(\d{1,2})(?::?(\d\d))?(?!\d)|^\s*([+−–-])(\d\d):?(\d\d)\s*$")
_HALF_BEFORE = re.compile(r"(上午|午前|오전|凌晨|清晨|早上|下午|午後|오후|中午|傍晚|晚上)\s*$")
_HALF_BEHIND = re.compile(r"\s*(?:([aπ]\.?\s?[mμ]|ص)|[pμ]\.?\s?[mμ]|م)(?![^\W\d_])\.?")
_MORNING = frozenset({"上午", "午前", "오전", "凌晨", "清晨", "早上"})
_YEAR_FIRST = re.compile(r"(?<!\d)(\d{4})\s*[-/.年년]\s*(\d{1,2})\s*[-/.月월]\s*(\d{1,2})(?!\d)\s*[日일.]?")
_DAY_FIRST = re.compile(r"(?<!\d)(\d{1,2})\s*([-/.]|thg)\s*(\d{1,2})\s*[-/.,]\s*(\d{4})(?!\d)")
_MONTH = re.compile(r"(?<![^\W\d_])ב?(?:" + "|".join(f"({_any_beginning(names)})" for names in _MONTHS) + r")[^\s\d,]*")
_NUMBER = re.compile(r"\d+")
_WORD = re.compile(r"[^\W\d_]+")
_ONLY_WORDS = re.compile(r"[\w\s,.،()'’-]*")
# What stands between day, month, year and time in some languages.
_BETWEEN = frozenset(
    ["de", "del", "d", "den", "at", "a", "as", "las", "la", "um", "kl", "klo", "г", "р", "в", "о", "t", "luc", "ngay"]
)


def moment_of(line: str, zone: tzinfo) -> Moment | None:
    """The time that `line` is, None when it is none. What has no known zone is read in `zone`."""
    text = _plain(line) if is_like_a_time(line, _LONGEST) else ""
    clock = _CLOCK.search(text)
    if clock is None:
        return None
    behind = text[clock.end() :]
    offset = _OFFSET.search(behind)
    before, behind, late = _half(text[: clock.start()], _without(behind, offset) if offset else behind)
    day = _day(f"{before} {behind}", late is not None)
    name = _zone_name(day.rest, line) if day else None
    local = _local(day, clock, late) if day else None
    if day is None or name is None or local is None:
        return None
    minutes, known = _told_offset(offset) if offset else _named_offset(name, local, zone, chinese="年" in text)
    there = zone if minutes is None else timezone(timedelta(minutes=minutes))
    at = moment_ms(local.replace(tzinfo=there))
    return None if at is None else Moment(at, known and day.sure)


def is_like_a_time(line: str, longest: int = _LONGEST_UNREAD) -> bool:
    """Whether it is short and has digits like a year and a clock, in whatever language."""
    return len(line) <= longest and _YEAR.search(line) is not None and _MINUTES.search(line) is not None


def _half(before: str, behind: str) -> tuple[str, str, bool | None]:
    """Both texts without what tells the half of the day, and whether it is the second; None when it is not told."""
    if found := _HALF_BEFORE.search(before):
        return before[: found.start()], behind, found[1] not in _MORNING
    if found := _HALF_BEHIND.match(behind):
        return before, behind[found.end() :], found[1] is None
    return before, behind, None


def _day(text: str, twelve_hours: bool) -> _Day | None:
    """The date in `text`, and what else is in it."""
    if found := _YEAR_FIRST.search(text):
        return _Day(int(found[1]), int(found[2]), int(found[3]), _without(text, found))
    if found := _DAY_FIRST.search(text):
        first, second, year = int(found[1]), int(found[3]), int(found[4])
        # With strokes the order is open: America writes the month first, and the halves of the day.
        turned = found[2] == "/" and first <= 12 and (second > 12 or twelve_hours)
        sure = found[2] != "/" or first > 12 or second > 12
        month, day = (first, second) if turned else (second, first)
        return _Day(year, month, day, _without(text, found), sure)
    month_name = _MONTH.search(text)
    if month_name is None or month_name.lastindex is None:
        return None
    rest = _without(text, month_name)
    numbers = sorted(_NUMBER.findall(rest), key=len)
    if [len(number) for number in numbers] not in ([1, 4], [2, 4]):
        return None
    return _Day(int(numbers[1]), month_name.lastindex, int(numbers[0]), _NUMBER.sub(" ", rest))


def _without(text: str, found: re.Match[str]) -> str:
    return f"{text[: found.start()]} {text[found.end() :]}"


def _zone_name(rest: str, line: str) -> str | None:
    """The one word that is left, in capitals, '' when none is; None when it is no zone, or not all that is left."""
    words = [word for word in _WORD.findall(rest) if word not in _BETWEEN]
    if len(words) > 1 or not _ONLY_WORDS.fullmatch(rest):
        return None
    name = words[0].upper() if words else ""
    return name if len(name) <= _LONGEST_NAME and name in unicodedata.normalize("NFKC", line) else None


def _local(day: _Day, clock: re.Match[str], late: bool | None) -> datetime | None:
    hour, minute, second = (int(part or 0) for part in clock.group(*((1, 2, 3) if clock[1] else (4, 5, 6))))
    if late is not None and hour <= 12:
        hour = hour % 12 + 12 * late
    year = day.year - _YEARS_BEFORE if day.year in _SINCE_THE_BUDDHA else day.year
    try:
        return datetime(year, day.month, day.day, hour, minute, second)  # noqa: DTZ001, its zone comes from its name
    except ValueError:
        return None


def _told_offset(offset: re.Match[str]) -> tuple[int, bool]:
    """Minutes from UTC."""
    sign, hours, minutes = offset.group(*((1, 2, 3) if offset[1] else (4, 5, 6)))
    told = int(hours) * 60 + int(minutes or 0)
    return (told if sign == "+" else -told), True


def _named_offset(name: str, local: datetime, zone: tzinfo, *, chinese: bool) -> tuple[int | None, bool]:
    """Minutes from UTC, None for those of `zone`; and whether the name settles it."""
    meant = OFFSETS.get(name, ())
    if len(meant) == 1:
        return meant[0], True
    here = local.replace(tzinfo=zone).utcoffset()
    if here is not None and here // timedelta(minutes=1) in meant:
        return here // timedelta(minutes=1), True
    if chinese and _CHINA in meant:
        return _CHINA, True
    return (meant[0] if meant else None), False
