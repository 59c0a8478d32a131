"""What was measured, as a Markdown table."""

import platform
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from bench.meters import cores


@dataclass(frozen=True, slots=True)
class Figure:
    """One line: a value, and the most it may be, both in `unit`. `remark` is for people."""

    name: str
    value: float
    unit: str = ""
    target: float | None = None
    remark: str = ""

    @property
    def is_missed(self) -> bool:
        """Whether there is a target, and the value is above it."""
        return self.target is not None and self.value > self.target

    def line(self) -> str:
        """As a row of the table."""
        verdict = "" if self.target is None else "**missed**" if self.is_missed else "met"
        target = "" if self.target is None else f"≤ {_number(self.target)} {self.unit}".rstrip()
        value = f"{_number(self.value)} {self.unit}".rstrip()
        return f"| {self.name} | {value} | {target} | {verdict} | {self.remark} |"


def _number(value: float) -> str:
    if value >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.2f}"


def table(figures: Sequence[Figure]) -> str:
    """All figures, and the machine that they hold for."""
    head = "| figure | value | target | | remark |\n|---|---|---|---|---|"
    return "\n".join([head, *(figure.line() for figure in figures), "", machine()])


def machine() -> str:
    """In one line, where this was measured."""
    return (
        f"{cores()} cores of {platform.machine()}, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    )
