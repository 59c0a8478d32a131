"""The daemon's log: one line for each event, for people on a terminal and as JSON elsewhere, without secrets.

Lines carry ids, counts and reasons. What people wrote to each other is no part of a log: values under the names of such
texts are replaced by their length, keys and tokens by a mark, whoever logged them.
"""

import logging
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO, cast

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from daemon.log_files import Lines, LogFile, is_journal
from daemon.settings import LogSettings

REDACTED = "[redacted]"

# `token` but not `tokens` or `token_count`: how many tokens a request took is worth knowing.
_SECRET_KEY = re.compile(
    r"(token|secret|password|passphrase|authorization|cookie|credentials?|(api|secret|access|private)[_-]?key)$",
    re.IGNORECASE,
)
_SECRET_TEXT = (
    re.compile(r"((?<![A-Za-z0-9])(?:sk|gsk|xai)[-_])[A-Za-z0-9_-]{8,}"),
    re.compile(r"((?<![A-Za-z0-9])AIza)[A-Za-z0-9_-]{20,}"),
    re.compile(r"(\b(?:bearer|basic)\s+)[A-Za-z0-9._~+/=-]{8,}", re.IGNORECASE),
    re.compile(r"([?&#;][\w.-]*(?:token|key|secret|password)=)[^\s&#\"']+", re.IGNORECASE),
    re.compile(r"(//)[^\s/@:\"']*:[^\s/@\"']+(?=@)"),
)
"""How keys, tokens and passwords look; the first group tells a reader what was there and stays."""
_PRIVATE_KEYS = frozenset({"text", "content", "body", "prompt", "response", "excerpt", "quote", "title"})
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_QUIET_BELOW_WARNING = ("watchfiles", "httpx2", "httpcore2", "multipart", "asyncio")
"""Libraries that say at `info` or `debug` what we say better, or with file names and addresses that are nobody's."""


def configure(
    settings: LogSettings,
    stream: TextIO,
    *,
    colors: bool = True,
    folder: Path | None = None,
    environ: Mapping[str, str] = os.environ,
) -> structlog.stdlib.BoundLogger:
    """Send structlog's and the standard library's log to `stream`, and return a logger for the daemon.

    With a `folder`, the file that the settings name gets it instead; its name is relative to that folder.
    `structlog.get_logger()` gives the same elsewhere. Called again, it replaces what it set up. uvicorn must be started
    with `log_config=None`. `colors` counts only for the console format on a terminal.
    """
    handler = _handler(settings, stream, folder, environ)
    on_terminal = isinstance(handler, Lines) and stream.isatty()
    handler.setFormatter(_formatter(_renderer(settings, on_terminal=on_terminal, colors=colors)))
    root = logging.getLogger()
    for old in [one for one in root.handlers if isinstance(one, Lines | LogFile)]:
        root.removeHandler(old)
        if isinstance(old, LogFile):
            old.close()
    root.addHandler(handler)
    root.setLevel(settings.level.upper())
    _quieten()
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_shared(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    return cast(structlog.stdlib.BoundLogger, structlog.get_logger("loom"))


def _handler(settings: LogSettings, stream: TextIO, folder: Path | None, environ: Mapping[str, str]) -> Lines | LogFile:
    if folder is not None and settings.file:
        return LogFile(folder / settings.file, settings.file_bytes, settings.file_days, settings.files)
    return Lines(stream, is_journal=is_journal(stream, environ))


def redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """A processor: the event without secrets, without texts of people, and without bytes that steer a terminal."""
    return cast(EventDict, _clean(event))


def scrub(text: str) -> str:
    """`text` without what looks like a key, a token or a password in an address."""
    for pattern in _SECRET_TEXT:
        text = pattern.sub(rf"\1{REDACTED}", text)
    return text


def _formatter(renderer: Processor) -> structlog.stdlib.ProcessorFormatter:
    def scrubbed(logger: WrappedLogger, method: str, event: EventDict) -> str:
        # Once more on the finished line: objects become text only in the renderer.
        return scrub(str(renderer(logger, method, event)))

    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_shared(),
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            redact,
            scrubbed,
        ],
    )


def _shared() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]


def _renderer(settings: LogSettings, *, on_terminal: bool, colors: bool) -> Processor:
    if settings.format == "json" or (settings.format == "auto" and not on_terminal):
        return structlog.processors.JSONRenderer(ensure_ascii=False)
    # Plain tracebacks: the pretty ones show local variables, which hold what people wrote.
    return structlog.dev.ConsoleRenderer(
        colors=colors and on_terminal, exception_formatter=structlog.dev.plain_traceback
    )


def _quieten() -> None:
    for name in _QUIET_BELOW_WARNING:
        logging.getLogger(name).setLevel(logging.WARNING)
    # One line for every request says nothing that events do not say, and holds addresses with tokens.
    access = logging.getLogger("uvicorn.access")
    access.handlers.clear()
    access.propagate = False
    for name in ("uvicorn", "uvicorn.error"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True


def _clean(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: _clean_entry(str(key), inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean(inner) for inner in value]
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    return _CONTROL.sub("\ufffd", scrub(value)) if isinstance(value, str) else value


def _clean_entry(key: str, value: object) -> object:
    if value is not None and _SECRET_KEY.search(key):
        return REDACTED
    if isinstance(value, str | bytes) and key.lower() in _PRIVATE_KEYS:
        return f"[{len(value)} characters]"
    return _clean(value)
