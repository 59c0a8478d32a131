"""The templates of the pages: everything is escaped unless it was made here."""

import re
from collections.abc import Mapping
from functools import cache
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined

THEMES = ("auto", "light", "dark")
THEME_COOKIE = "loom-theme"

_CODE = re.compile(r"`([^`]+)`")
_UNITS = ("bytes", "kB", "MB", "GB")
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
_MAGNITUDE = 1000


def theme_of(cookies: Mapping[str, str]) -> str:
    """The look a person chose: `auto` follows their system."""
    chosen = cookies.get(THEME_COOKIE, "")
    return chosen if chosen in THEMES else THEMES[0]


def render(template: str, **values: object) -> str:
    """A page, or a part of one."""
    return _environment().get_template(template).render(values)


def package_path(name: str, *rest: str) -> str:
    """The address of a package's page, or of one below it."""
    return "/".join(("/packages", quote(name, safe=""), *rest))


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("daemon.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "moment": moment,
        "size": size,
        "number": number,
        "duration": duration,
        "words": words,
        "counted": counted,
        "typed": typed,
        "engine_option": engine_option,
    }
    environment.globals["package_path"] = package_path
    return environment


def moment(iso: str) -> str:
    """`2026-11-23T12:45:01.123Z` as `2026-11-23 12:45 UTC`."""
    return f"{iso[:10]} {iso[11:16]} UTC"


def size(count: int) -> str:
    """A number of bytes in words."""
    amount = float(count)
    for unit in _UNITS:
        if amount < _MAGNITUDE:
            return f"{amount:.0f} {unit}" if unit == "bytes" else f"{amount:.1f} {unit}"
        amount /= _MAGNITUDE
    return f"{amount:.1f} TB"


def number(count: int) -> str:
    """`12345` as `12,345`."""
    return f"{count:,}"


def counted(count: int, one: str, many: str = "") -> str:
    """`1 file`, `3 files`: a number with the thing it counts."""
    return f"{count:,} {one if count == 1 else many or f'{one}s'}"


def duration(seconds: float) -> str:
    """About how long that is, in one or two units: `40 s`, `3 min`, `2 h 10 min`, `3 days`."""
    whole = round(seconds)
    if whole < 1:
        return "less than a second"
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return f"{round(whole / _MINUTE)} min"
    if whole < _DAY:
        hours, rest = divmod(whole, _HOUR)
        return f"{hours} h {rest // _MINUTE} min"
    return counted(round(whole / _DAY), "day")


def typed(text: str) -> list[str]:
    """A sentence of ours in parts: every second one stood between `backticks` and is something to type."""
    return _CODE.split(text)


def engine_option(name: str) -> tuple[str, str]:
    """A choice of engine with its name for people."""
    return name, {"auto": "Auto", "offline": "Offline: quotes and ranks", "llm": "Language model"}.get(name, name)


def words(name: str) -> str:
    """`older_snapshot` as `older snapshot`."""
    return name.replace("_", " ")
