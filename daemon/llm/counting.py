"""How many tokens a text has, without the tokenizer of the model: by its bytes, as the first answers told.

A ratio is measured once for each model and then kept, in `<home>/engine/tokens.json`: conversations are cut by it, and
one that is cut otherwise asks other questions.
"""

from pathlib import Path
from threading import Lock

from pydantic import TypeAdapter, ValidationError

from daemon.llm.quirks import FOLDER
from packages_store.files import Disk
from packages_store.package import Package

USUAL = 4.0
"""Bytes in a token, until it is measured."""
_LEAST, _MOST = 2.0, 6.0
"""Whatever a provider counts, it is not believed beyond these."""
_SAMPLES = 24
_DENSEST = 0.1
"""The ratio is the one that this share of the samples falls short of: some chats are denser than others."""
_SHORTEST = 2000
"""Bytes of a request below which what providers add to it counts for too much."""

_FILE = TypeAdapter(dict[str, float])


class TokenCounts:
    """The ratios of all models of a home. May be used from any thread; `find` touches the disk."""

    def __init__(self, home: Path, disk: Disk) -> None:
        self._path = home / FOLDER / "tokens.json"
        self._disk = disk
        self._lock = Lock()
        self._samples: dict[str, list[float]] = {}

    def sample(self, model: str, sent: int, tokens: int) -> None:
        """A request of `sent` bytes had so many tokens."""
        if sent >= _SHORTEST and tokens > 0:
            with self._lock:
                samples = self._samples.setdefault(model, [])
                if len(samples) < _SAMPLES:
                    samples.append(sent / tokens)

    def find(self, model: str) -> float | None:
        """Bytes in a token of this model; None while too few samples were taken to tell."""
        with self._lock:
            known = self._read()
            samples = sorted(self._samples.get(model, ()))
            if model not in known and len(samples) == _SAMPLES:
                ratio = samples[int(len(samples) * _DENSEST)]
                known[model] = round(min(max(ratio, _LEAST), _MOST), 2)
                self._disk.make_dir(self._path.parent)
                self._disk.replace(self._path, _FILE.dump_json(known, indent=1))
            return known.get(model)

    def _read(self) -> dict[str, float]:
        try:
            return _FILE.validate_json(self._path.read_bytes())
        except (FileNotFoundError, ValidationError):
            return {}


def bytes_per_token(package: Package, model: str, counts: TokenCounts, *, keeps: bool = True) -> float:
    """The ratio by which the conversations of a package are cut now. Called in a worker thread when a stage begins.

    While there are answers for items that are not done, it stays what it was: otherwise their conversations would be
    cut at other places, and what was answered would be asked again. `keeps` is False for whoever only looks.
    """
    fact = f"bytes per token of {model}"
    before = package.fact(fact)
    if before is not None and package.journal.has_unused():
        return float(before)
    ratio = counts.find(model) or USUAL
    if keeps and before != str(ratio):
        package.set_fact(fact, str(ratio))
    return ratio
