"""Keys: kept outside packages, shown to nobody, and sent only to the origin they were entered for.

`<home>/secrets/engine.json`, 0600: `{"version": 1, "keys": {"https://api.openai.com": "sk-…"}}`. A key from the
environment (LOOM_LLM_KEY, or LOOM_LLM_KEY_FILE with the path of a file that holds it) belongs to the endpoint that is
configured when the daemon starts: whoever changes the endpoint later must enter a key for it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from pydantic import BaseModel, ConfigDict, ValidationError

from daemon.llm.outbound import Origin
from packages_store.errors import LoomError
from packages_store.files import Disk, tighten

KEY_VARIABLE = "LOOM_LLM_KEY"
KEY_FILE_VARIABLE = "LOOM_LLM_KEY_FILE"
FILE_NAME = "engine.json"

_LONGEST = 8192
_HIDDEN = "[key]"


class KeyInvalid(LoomError):
    advice = "Copy it again from the provider's page: one line, letters, digits and signs."


class Secret:
    """A key that does not show itself: not in `repr`, not in f-strings, not in JSON, not in pickles."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        """Raises KeyInvalid for what cannot be a key; what was given is not repeated."""
        value = value.strip()
        if not value or len(value) > _LONGEST or not value.isascii() or not value.isprintable() or " " in value:
            raise KeyInvalid("This cannot be a key.")
        self._value = value

    def reveal(self) -> str:
        """The key itself, for the one header that needs it."""
        return self._value

    def __repr__(self) -> str:
        return f"Secret({_HIDDEN})"

    def __str__(self) -> str:
        return _HIDDEN

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __reduce__(self) -> NoReturn:
        raise TypeError("a key is not written anywhere")


@dataclass(frozen=True, slots=True)
class BoundKey:
    """A key and the only origin that may see it."""

    key: Secret
    origin: Origin


class _File(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True)

    version: int = 1
    keys: dict[str, str] = {}


class Keyring:
    """The keys of a home. Its methods touch the disk: called in a worker thread."""

    def __init__(self, folder: Path, disk: Disk, from_environment: BoundKey | None = None) -> None:
        self._path = folder / FILE_NAME
        self._disk = disk
        self._from_environment = from_environment

    def key_for(self, origin: Origin) -> BoundKey | None:
        """The key for an origin; one from the environment goes before one that was entered."""
        given = self._from_environment
        if given is not None and given.origin == origin:
            return given
        kept = self._read().keys.get(str(origin))
        return BoundKey(Secret(kept), origin) if kept is not None else None

    def is_given(self, bound: BoundKey) -> bool:
        """Whether a key comes from the environment, where it cannot be changed from here."""
        return bound == self._from_environment

    def origins(self) -> tuple[str, ...]:
        """For which origins there are keys."""
        given = (str(self._from_environment.origin),) if self._from_environment else ()
        return tuple(dict.fromkeys((*given, *self._read().keys)))

    def keep(self, bound: BoundKey) -> None:
        """Keep a key for its origin, in place of the one before."""
        self._write({**self._read().keys, str(bound.origin): bound.key.reveal()})

    def forget(self, origin: Origin) -> bool:
        """Delete the key for an origin; False when there was none."""
        keys = dict(self._read().keys)
        if keys.pop(str(origin), None) is None:
            return False
        self._write(keys)
        return True

    def _read(self) -> _File:
        try:
            data = self._path.read_bytes()
        except FileNotFoundError:
            return _File()
        tighten(self._path)
        try:
            return _File.model_validate_json(data)
        except ValidationError:
            # What is not readable holds no usable key; pydantic's message would show what it holds.
            return _File()

    def _write(self, keys: Mapping[str, str]) -> None:
        self._disk.make_dir(self._path.parent)
        self._disk.replace(self._path, json.dumps({"version": 1, "keys": dict(keys)}, indent=1).encode())


def key_from_environment(environ: Mapping[str, str], origin: Origin) -> BoundKey | None:
    """The key in LOOM_LLM_KEY or in the file that LOOM_LLM_KEY_FILE names, for the endpoint at `origin`.

    Raises KeyInvalid when it is none, or the file cannot be read.
    """
    if key := environ.get(KEY_VARIABLE):
        return BoundKey(Secret(key), origin)
    if not (name := environ.get(KEY_FILE_VARIABLE)):
        return None
    try:
        return BoundKey(Secret(Path(name).read_text("ascii")), origin)
    except OSError as error:
        raise KeyInvalid(f"The file that {KEY_FILE_VARIABLE} names cannot be read: {error.strerror}.", "") from error
    except UnicodeDecodeError:
        raise KeyInvalid(f"The file that {KEY_FILE_VARIABLE} names holds no key.") from None
