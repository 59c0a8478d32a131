"""What commands print: aligned columns for people, JSON for scripts, errors as a sentence.

Answers go to standard output and everything else to standard error, so that a pipe carries answers only.
"""

import json
import re
import sys
from collections.abc import Sequence
from typing import Any

import typer

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def plain(text: object) -> str:
    """A value in one line, without bytes that steer a terminal: names of files and reasons come from anywhere."""
    return _CONTROL.sub("\ufffd", "" if text is None else str(text))


def say(text: str) -> None:
    """A line of the answer."""
    typer.echo(text)


def note(text: str) -> None:
    """A line beside the answer."""
    typer.echo(text, err=True)


def table(rows: Sequence[Sequence[object]]) -> None:
    """Rows in aligned columns, two spaces apart; numbers to the right."""
    cells = [[plain(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    numeric = [all(isinstance(cell, int) for cell in column) for column in zip(*rows[1:], strict=True)]
    for row in cells:
        fitted = (
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(row, widths, numeric or [False] * len(widths), strict=True)
        )
        say("  ".join(fitted).rstrip())


def answer(value: Any) -> None:
    """The answer for scripts: one JSON value."""
    say(json.dumps(value, ensure_ascii=False, indent=2 if sys.stdout.isatty() else None))


def refuse(message: str, advice: str, *, as_json: bool) -> None:
    """Why there is no answer, and what to do next."""
    if as_json:
        answer({"error": message, "advice": advice})
    lines = (message if message.endswith((".", "!", "?")) else f"{message}.").splitlines()
    note(f"loom: {' '.join(line for line in lines if line)} {advice}".rstrip())
