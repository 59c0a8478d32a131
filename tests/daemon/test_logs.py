"""The log: one format for everybody, and no secrets in it."""

import io
import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import structlog

from daemon.logs import REDACTED, configure, scrub
from daemon.settings import LogSettings

CANARY = "sk-CANARY0123456789abcdef"


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def log_as_before() -> Iterator[None]:
    """What `configure` changes belongs to the process: put it back."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_auto_is_json_in_a_file_and_readable_on_a_terminal() -> None:
    file, terminal = io.StringIO(), Terminal()

    configure(LogSettings(), file).info("started", port=8377)
    configure(LogSettings(), terminal, colors=False).info("started", port=8377)

    assert lines(file)[0]["event"] == "started"
    assert "started" in terminal.getvalue()
    assert "port=8377" in terminal.getvalue()


def test_a_format_that_was_asked_for_wins_over_the_stream() -> None:
    file, terminal = io.StringIO(), Terminal()

    configure(LogSettings(format="console"), file).info("started")
    configure(LogSettings(format="json"), terminal).info("started")

    assert "\x1b" not in file.getvalue()
    assert "{" not in file.getvalue()
    assert lines(terminal)[0]["event"] == "started"


def test_colors_are_for_terminals_and_can_be_refused() -> None:
    coloured, plain = Terminal(), Terminal()

    configure(LogSettings(), coloured).info("started")
    configure(LogSettings(), plain, colors=False).info("started")

    assert "\x1b" in coloured.getvalue()
    assert "\x1b" not in plain.getvalue()


def test_every_line_has_a_time_in_utc_a_level_and_the_ids_that_are_bound() -> None:
    stream = io.StringIO()
    log = configure(LogSettings(), stream)

    with structlog.contextvars.bound_contextvars(package="mira", stage="daily"):
        log.warning("item_failed", item="2024-01-01")

    line = lines(stream)[0]
    moment = datetime.fromisoformat(str(line.pop("timestamp")))
    assert abs(moment - datetime.now(UTC)) < timedelta(minutes=1)
    assert line == {
        "event": "item_failed",
        "item": "2024-01-01",
        "level": "warning",
        "logger": "loom",
        "package": "mira",
        "stage": "daily",
    }


def test_the_log_of_libraries_has_the_same_format() -> None:
    stream = io.StringIO()
    configure(LogSettings(), stream)

    logging.getLogger("uvicorn.error").info("Started server process [%d]", 7)

    line = lines(stream)[0]
    assert (line["event"], line["level"], line["logger"]) == ("Started server process [7]", "info", "uvicorn.error")


def test_requests_are_not_logged() -> None:
    stream = io.StringIO()
    configure(LogSettings(level="debug"), stream)

    logging.getLogger("uvicorn.access").info("GET /?token=x")
    logging.getLogger("watchfiles.main").debug("1 change detected: /home/mira/diary.json")

    assert stream.getvalue() == ""


def test_what_is_below_the_level_is_not_logged() -> None:
    stream = io.StringIO()
    log = configure(LogSettings(level="warning"), stream)

    log.info("quiet")
    logging.getLogger("uvicorn.error").info("quiet")
    log.error("loud")

    assert [line["event"] for line in lines(stream)] == ["loud"]


def test_configuring_again_does_not_write_lines_twice() -> None:
    first, second = io.StringIO(), io.StringIO()

    configure(LogSettings(), first)
    configure(LogSettings(), second).info("once")

    assert (len(lines(first)), len(lines(second))) == (0, 1)


def test_other_loggers_of_structlog_write_to_the_same_place() -> None:
    stream = io.StringIO()
    configure(LogSettings(), stream)

    structlog.get_logger("engine").info("asked", tokens=12)

    assert lines(stream)[0]["tokens"] == 12


@pytest.mark.parametrize(
    "key", ["token", "LOOM_TOKEN", "api_key", "apiKey", "geminiApiKey", "x-api-key", "Authorization", "set-cookie"]
)
@pytest.mark.parametrize("value", ["text", b"bytes", 12, ["list"], {"inner": "table"}])
def test_values_under_the_names_of_secrets_are_redacted(key: str, value: object) -> None:
    stream = io.StringIO()

    configure(LogSettings(), stream).info("asked", **{key: value}, request={"headers": [{key: value}]})

    line = lines(stream)[0]
    assert (line[key], line["request"]) == (REDACTED, {"headers": [{key: REDACTED}]})


@pytest.mark.parametrize("log_format", ["console", "json"])
def test_a_secret_is_found_wherever_it_hides(log_format: str) -> None:
    stream = Terminal()
    log = configure(LogSettings.model_validate({"format": log_format}), stream)

    class Answer:
        def __repr__(self) -> str:
            return f"<Answer {CANARY}>"

    log.info(f"401 for {CANARY}", answer=Answer(), headers=[(b"x", f"Bearer {CANARY}".encode())], why={CANARY: 1})
    logging.getLogger("library").warning("sent %s", CANARY, extra={"key": CANARY})
    try:
        raise ValueError(f"the provider says: wrong key {CANARY}")
    except ValueError:
        log.exception("asking_failed")
        logging.getLogger("library").exception("asking failed")

    assert CANARY.removeprefix("sk-") not in stream.getvalue()
    assert stream.getvalue().count("ValueError: the provider says") == 2


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("key sk-proj-abcdefgh12345678 was refused", f"key sk-{REDACTED} was refused"),
        ("Authorization: Bearer abcdefgh.ijk", f"Authorization: Bearer {REDACTED}"),
        ("http://127.0.0.1:8377/login?token=abc&x=1", f"http://127.0.0.1:8377/login?token={REDACTED}&x=1"),
        ("https://mira:pass@proxy.example/", f"https://{REDACTED}@proxy.example/"),
        ("AIzaSyA-1234567890abcdefghijklmno", f"AIza{REDACTED}"),
        ("task-12345678 on disk-abcdefgh", "task-12345678 on disk-abcdefgh"),
        ("http://127.0.0.1:8377/packages/mira", "http://127.0.0.1:8377/packages/mira"),
        ("2024-01-01T12:00:00Z item_key=abc", "2024-01-01T12:00:00Z item_key=abc"),
    ],
)
def test_only_what_looks_like_a_secret_is_scrubbed(text: str, shown: str) -> None:
    assert scrub(text) == shown


def test_counts_of_tokens_are_no_secret() -> None:
    stream = io.StringIO()

    configure(LogSettings(), stream).info("asked", input_tokens=12, token_count=3, token=None)

    assert {"input_tokens": 12, "token_count": 3, "token": None}.items() <= lines(stream)[0].items()


def test_what_people_wrote_is_replaced_by_its_length() -> None:
    stream = io.StringIO()

    configure(LogSettings(), stream).info("item_done", item="c1", content="I love you", message={"text": "me too"})

    line = lines(stream)[0]
    assert (line["item"], line["content"], line["message"]) == ("c1", "[10 characters]", {"text": "[6 characters]"})


def test_a_file_name_cannot_steer_a_terminal() -> None:
    stream = Terminal()
    log = configure(LogSettings(), stream, colors=False)

    log.info("file \x1b[2J dropped", name="\x1b]0;owned\x07.json", other="\x9b31m")

    assert not set(stream.getvalue()) & {"\x1b", "\x07", "\x9b"}


def test_local_variables_are_not_shown_with_an_error() -> None:
    stream = Terminal()
    log = configure(LogSettings(), stream, colors=False)

    def work(said: str) -> None:
        raise RuntimeError(f"broken after {len(said)} characters")

    try:
        work("I love " + "you")
    except RuntimeError:
        log.exception("stage_failed")

    assert "broken after 10 characters" in stream.getvalue()
    assert "I love you" not in stream.getvalue()
