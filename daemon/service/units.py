"""What a service manager is given: a systemd unit, a launchd agent, a task of the Windows Task Scheduler.

The texts lie in templates/; here they are filled in, each value quoted as the format wants it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Literal
from xml.sax.saxutils import escape

Kind = Literal["systemd-user", "systemd-system", "launchd", "windows"]

NAMES: Mapping[Kind, str] = {
    "systemd-user": "entity-loom.service",
    "systemd-system": "entity-loom.service",
    "launchd": "org.entity-loom.loom",
    "windows": "entity-loom",
}
"""How each manager calls the service."""

STATE_FOLDER = Path("/var/lib/entity-loom")
"""Where the system service keeps everything: its StateDirectory."""

_TEMPLATES: Mapping[Kind, str] = {
    "systemd-user": "systemd-user.service",
    "systemd-system": "systemd-system.service",
    "launchd": "launchd.plist",
    "windows": "windows-task.xml",
}
_SPARE_SECONDS = 15
"""How much longer than its grace the daemon may take to stop before it is killed."""
_MEMORY_MAX = "2G"


@dataclass(frozen=True, slots=True)
class Unit:
    """What is to be run. `key_file` holds the key of the language model, None when it is entered otherwise."""

    command: Path
    home: Path
    user: str
    grace_seconds: float
    key_file: Path | None = None


def unit_text(kind: Kind, unit: Unit) -> str:
    """The file for one kind of service manager."""
    template = Template((files("daemon.service") / "templates" / _TEMPLATES[kind]).read_text("utf-8"))
    values = _for_systemd(kind, unit) if kind.startswith("systemd") else _for_xml(unit)
    stop_seconds = str(int(unit.grace_seconds) + _SPARE_SECONDS)
    return template.substitute(values, name=NAMES[kind], stop_seconds=stop_seconds)


def _for_systemd(kind: Kind, unit: Unit) -> dict[str, str]:
    home = f"LOOM_HOME={unit.home}"
    credential = "# The key of the language model: entered with `loom engine key`."
    if unit.key_file is not None:
        load = f"LoadCredential=llm-key:{_percent(str(unit.key_file))}"
        credential = f"{load}\nEnvironment=LOOM_LLM_KEY_FILE=%d/llm-key"
    return {
        "command": _quoted(str(unit.command)),
        "environment": "LOOM_HOME=%S/entity-loom" if kind == "systemd-system" else _quoted(home),
        "credential": credential,
        "memory_max": _MEMORY_MAX,
    }


def _for_xml(unit: Unit) -> dict[str, str]:
    values = {"command": str(unit.command), "home": str(unit.home), "user": unit.user}
    return {name: escape(value, {'"': "&quot;"}) for name, value in values.items()}


def _quoted(text: str) -> str:
    """One word, as systemd.syntax(7) reads it; its C escapes are those of JSON for everything a path may hold."""
    return json.dumps(_percent(text), ensure_ascii=False)


def _percent(text: str) -> str:
    return text.replace("%", "%%")
