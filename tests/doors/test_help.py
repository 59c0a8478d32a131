"""`loom help`: texts that name only commands and settings that there are."""

import re
from pathlib import Path

import pytest
from typer.main import get_command

from daemon.cli import app
from daemon.commands.helping import topics
from daemon.settings import OTHER_VARIABLES, keys, variable
from tests.doors.harness import loom

FOLDER = Path(__file__).resolve().parents[2] / "daemon" / "help"
TEXTS = {path.stem: path.read_text("utf-8") for path in FOLDER.glob("*.txt")}


def test_every_topic_is_listed_with_what_it_is_about(home: Path) -> None:
    listed = loom(home, "help").stdout

    for name, line in topics().items():
        assert f"loom help {name}" in listed
        assert line in listed
    assert loom(home, "help", "--json").json == topics()


def test_a_topic_is_printed_and_an_unknown_one_is_refused_with_those_there_are(home: Path) -> None:
    assert loom(home, "help", "start").stdout.rstrip() == TEXTS["start"].rstrip()
    wrong = loom(home, "help", "tea")
    assert wrong.code == 2
    assert "stages" in wrong.stderr


@pytest.mark.parametrize("topic", sorted(TEXTS))
def test_a_topic_names_only_commands_and_variables_that_there_are(topic: str) -> None:
    commands = _commands(get_command(app))
    for words in re.findall(r"\bloom ((?:[a-z][a-z-]+ ?){1,2})", TEXTS[topic]):
        first, *rest = words.split()
        assert first in commands, words
        if commands[first] and rest:
            assert rest[0] in commands[first], words
    for name in re.findall(r"\bLOOM_[A-Z_]+", TEXTS[topic]):
        assert name in {*map(variable, keys()), *OTHER_VARIABLES}, name
    assert max(map(len, TEXTS[topic].splitlines())) <= 120


def _commands(command: object) -> dict[str, set[str]]:
    """Every command with the commands below it."""
    below: dict[str, object] = getattr(command, "commands", {})
    return {name: set(getattr(each, "commands", {})) for name, each in below.items()}
