"""What helps somebody else to see what is wrong (`loom support-bundle`): figures and states, no texts, names or keys.

Nothing is taken over that is not known to be harmless: numbers, switches, states out of our own lists, and what the
examination says of the machine, with the home and the person's name taken out. Packages are numbered.
"""

import io
import json
import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from daemon.settings import Settings, flat
from packages_store.model import Interruption, StageName, StageStatus
from packages_store.times import parse_iso

_MACHINE = frozenset({"lock", "versions", "disk", "inotify", "file system", "clock", "linger", "storage"})
"""Subjects of the examination whose words are about the machine only."""
_EVENT = re.compile(r"[a-z][a-z ,'-]{0,60}")
_LOG_NUMBERS = (int, float, bool)
_WORDS = frozenset(StageName) | frozenset(StageStatus) | frozenset(Interruption)
_CHOICES = frozenset({"auto", "console", "json", "debug", "info", "warning", "error", "leave", "archive"})
_STAGE_FIGURES = ("processed", "failed", "left", "interrupted_count", "completed")
_REPAIR_FIGURES = ("processed", "failed", "interrupted_items", "times")
_PACKAGE_STATES = frozenset({"running", "waiting", "done", "unusable"})

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What there is to tell; JSON as the API gives it. `log` are the last lines of a log in JSON."""

    settings: Settings
    packages: Sequence[Json]
    findings: Sequence[Json]
    repairs: Sequence[Json]
    log: Sequence[str] = ()


def bundle(evidence: Evidence, private: Sequence[str]) -> bytes:
    """A ZIP. `private` are texts to take out of what the examination says, such as the home and the user's name."""
    numbers = {str(package["name"]): f"package-{number}" for number, package in enumerate(evidence.packages, 1)}
    parts: dict[str, Any] = {
        "settings.json": _settings(evidence.settings),
        "packages.json": [_package(package, numbers) for package in evidence.packages],
        "findings.json": [_finding(finding, private) for finding in evidence.findings],
        "repairs.json": [_repair(repair, numbers) for repair in evidence.repairs],
        "log.json": [line for text in evidence.log if (line := _log_line(text))],
    }
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, value in parts.items():
            archive.writestr(zipfile.ZipInfo(name), json.dumps(value, indent=1))
    return made.getvalue()


def _settings(settings: Settings) -> dict[str, Any]:
    """Numbers and switches as they are; of texts, whether they are set."""
    return {key: _setting(value) for key, value in flat(settings).items()}


def _setting(value: object) -> object:
    if value is None or isinstance(value, _LOG_NUMBERS) or str(value) in _CHOICES:
        return value
    return "[set]" if value else "[not set]"


def _package(package: Json, numbers: Mapping[str, str]) -> dict[str, Any]:
    return {
        "package": numbers[str(package["name"])],
        "state": package["state"] if package["state"] in _PACKAGE_STATES else "other",
        "waits": package["waits_for"] is not None,
        "stages": [
            {
                "name": _word(stage["name"]),
                "status": _word(stage["status"]),
                "interruption": _word(stage["interruption"]),
            }
            | {name: stage[name] for name in _STAGE_FIGURES}
            for stage in package["stages"]
        ],
    }


def _finding(finding: Json, private: Sequence[str]) -> dict[str, str]:
    subject = str(finding["subject"])
    if subject not in _MACHINE:
        return {"severity": str(finding["severity"]), "subject": subject.partition(" ")[0]}
    found = str(finding["found"])
    for text in sorted(filter(None, private), key=len, reverse=True):
        found = found.replace(text, "[private]")
    return {"severity": str(finding["severity"]), "subject": subject, "found": found}


def _repair(repair: Json, numbers: Mapping[str, str]) -> dict[str, Any]:
    return {
        "package": numbers.get(str(repair["package"]), "other"),
        "at": _moment(repair["at"]),
        "subject": _word(repair["subject"]),
    } | {name: repair[name] for name in _REPAIR_FIGURES}


def _log_line(text: str) -> dict[str, Any] | None:
    """Of a line: when, how bad, which of our sentences, and the numbers in it."""
    try:
        line = json.loads(text)
    except ValueError:
        return None
    if not isinstance(line, dict):
        return None
    event = str(line.get("event", ""))
    # Our own sentences are few, short and in lower case; what a library says may hold anything.
    known = line.get("logger") in (None, "loom") and _EVENT.fullmatch(event)
    kept = {name: value for name, value in line.items() if isinstance(value, _LOG_NUMBERS)}
    words = {name: value for name, value in line.items() if isinstance(value, str) and value in _WORDS}
    head = {
        "at": _moment(line.get("timestamp")),
        "level": level if (level := str(line.get("level"))) in _CHOICES else "",
    }
    return head | {"event": event if known else "other"} | kept | words


def _word(value: object) -> str | None:
    return None if value is None else str(value) if value in _WORDS else "other"


def _moment(value: object) -> str | None:
    try:
        return parse_iso(str(value)).isoformat()
    except ValueError:
        return None
