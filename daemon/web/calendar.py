"""The calendar of a package as a picture: a square for each day, the darker the more was said."""

import math
from collections import Counter, OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta, tzinfo
from threading import Lock
from typing import NamedTuple, TypeVar

from daemon.web.markdown import Html
from daemon.web.templating import render
from packages_store.days import said_by_quarter, state_of_days
from packages_store.model import MemoryKind
from packages_store.package import Package
from packages_store.remembered import Made, Remembered
from packages_store.times import local_day

LEVELS = 4
SQUARE, GAP = 11, 2
_LEFT, _TOP = 30, 18
_WEEK = 7
_KEPT = 8

K = TypeVar("K")
V = TypeVar("V")


class Square(NamedTuple):
    """A day at its place. `level` is 0 (nothing was said) to LEVELS."""

    day: str
    x: int
    y: int
    level: int
    messages: int
    kinds: tuple[MemoryKind, ...]

    @property
    def label(self) -> str:
        """The day in words, for those who point at it or hear it."""
        said = f"{self.messages:,} message{'s' * (self.messages != 1)}"
        made = [f"a {kind} memory" for kind in self.kinds]
        return f"{self.day}: {', '.join([said, *made])}"


@dataclass(frozen=True, slots=True)
class Year:
    """A year of squares, and where its months begin."""

    year: int
    squares: tuple[Square, ...]
    months: tuple[tuple[str, int], ...]
    messages: int
    memories: int
    width: int
    height: int = _TOP + _WEEK * (SQUARE + GAP)


@dataclass(frozen=True, slots=True)
class Month:
    """A month in a line, for those who do not see the picture or want a list."""

    month: str
    """`YYYY-MM`."""
    messages: int
    days: int
    memories: int


@dataclass(frozen=True, slots=True)
class Calendar:
    """The years as pictures, in HTML, and the months in lines, both with the latest first."""

    years: list[Html]
    months: list[Month]
    said: Counter[str]
    """Messages of each local day."""


@dataclass(frozen=True, slots=True)
class _Drawn:
    """A calendar and what it was made of: of which package, and how its ledger and settings stood."""

    package: Package
    made_of: tuple[tuple[int, int], str, int]
    made: list[Made]
    calendar: Calendar


class Days:
    """How much was said on each day, and its picture, kept while a package stays as it is. For any thread."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, str, int, str], Counter[str]] = OrderedDict()
        self._drawn: OrderedDict[str, _Drawn] = OrderedDict()
        self._lock = Lock()

    def said(self, package: Package) -> Counter[str]:
        """Messages of each local day."""
        config = package.config
        key = (package.name, config.time_zone, config.day_starts_at, state_of_days(package.ledger))
        with self._lock:
            known = self._known.get(key)
        said = known or said_by_day(said_by_quarter(package.ledger), config.zone, config.day_starts_at)
        with self._lock:
            _keep(self._known, key, said)
        return said

    def calendar(self, package: Package) -> Calendar:
        """The calendar of a package."""
        config = package.config
        # Before: what changes while it is drawn is seen at the next look.
        made_of = (package.ledger.state(), config.time_zone, config.day_starts_at)
        with self._lock:
            known = self._drawn.get(package.name)
        if known is not None and known.package is package and known.made_of == made_of:
            return known.calendar
        said, made = self.said(package), Remembered(package.ledger).made()
        is_same = known is not None and known.calendar.said is said and known.made == made
        calendar = known.calendar if known and is_same else _calendar(package.name, said, made)
        with self._lock:
            _keep(self._drawn, package.name, _Drawn(package, made_of, made, calendar))
        return calendar


def _keep(known: OrderedDict[K, V], key: K, value: V) -> None:
    known[key] = value
    known.move_to_end(key)
    while len(known) > _KEPT:
        known.popitem(last=False)


def _calendar(name: str, said: Counter[str], made: list[Made]) -> Calendar:
    pictures = [Html(render("memories/year.html", name=name, year=year)) for year in years(said, made)]
    return Calendar(pictures, months(said, made), said)


def said_by_day(quarters: Iterable[tuple[str, int]], zone: tzinfo, starts_at: int) -> Counter[str]:
    """Messages of each local day, from those of each quarter of an hour."""
    days: Counter[str] = Counter()
    for quarter, count in quarters:
        days[local_day(quarter, zone, starts_at)] += count
    return days


def years(said: Mapping[str, int], memories: Iterable[Made]) -> list[Year]:
    """The years in which something was said or is remembered, the latest first."""
    kinds: dict[str, dict[MemoryKind, int]] = {}
    for memory in memories:
        of_day = kinds.setdefault(memory.date, {})
        of_day[memory.kind] = of_day.get(memory.kind, 0) + 1
    most = max(said.values(), default=1)
    known = sorted({int(day[:4]) for day in (*said, *kinds)}, reverse=True)
    return [_year(year, said, kinds, most) for year in known]


def months(said: Mapping[str, int], memories: Iterable[Made]) -> list[Month]:
    """The months in which something was said or is remembered, the latest first."""
    messages: Counter[str] = Counter()
    days: Counter[str] = Counter()
    for day, count in said.items():
        messages[day[:7]] += count
        days[day[:7]] += 1
    made = Counter(memory.date[:7] for memory in memories)
    return [Month(each, messages[each], days[each], made[each]) for each in sorted({*messages, *made}, reverse=True)]


def _year(year: int, said: Mapping[str, int], kinds: Mapping[str, Mapping[MemoryKind, int]], most: int) -> Year:
    first = date(year, 1, 1)
    squares = []
    starts: list[tuple[str, int]] = []
    for number in range((date(year + 1, 1, 1) - first).days):
        day = first + timedelta(number)
        x = _LEFT + (number + first.weekday()) // _WEEK * (SQUARE + GAP)
        if day.day == 1:
            starts.append((day.strftime("%b"), x))
        name = day.isoformat()
        count = said.get(name, 0)
        squares.append(
            Square(
                name, x, _TOP + day.weekday() * (SQUARE + GAP), _level(count, most), count, tuple(kinds.get(name, ()))
            )
        )
    return Year(
        year,
        tuple(squares),
        tuple(starts),
        sum(square.messages for square in squares),
        sum(sum(kinds.get(square.day, {}).values()) for square in squares),
        squares[-1].x + SQUARE + GAP,
    )


def _level(count: int, most: int) -> int:
    """By orders of magnitude: one long day must not make all others look empty."""
    if not count:
        return 0
    share = math.log1p(count) / math.log1p(most)
    return min(LEVELS, 1 + int(share * LEVELS))
