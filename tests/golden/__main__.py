"""`make eval`: the scores of the offline engine, of a scripted model, and of a live one when an endpoint is configured.

The live one is what LOOM_ENGINE__BASE_URL, LOOM_ENGINE__MODEL and LOOM_LLM_KEY name; it costs what it costs.
"""

import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import anyio

from tests.golden.reading import Golden, load
from tests.golden.running import run
from tests.golden.scoring import Score, score
from tests.provider.harness import FakeProvider
from tests.provider.script import Script

SCRIPTED = "tests.golden.model:answer"


def settings_of(base_url: str, model: str) -> dict[str, Any]:
    """What a person sets who wants this endpoint asked."""
    return {"engine": {"base_url": base_url, "model": model}}


def engines(base_url: str, environ: Mapping[str, str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Name and settings of each engine to be judged; the scripted model answers at `base_url`."""
    yield "offline", {}
    yield "scripted", settings_of(base_url, "scripted")
    live = environ.get("LOOM_ENGINE__BASE_URL")
    if live:
        yield "live", settings_of(live, environ.get("LOOM_ENGINE__MODEL", ""))


def judge(golden: Golden, settings: Mapping[str, Any]) -> list[Score]:
    """The scores of one engine, on a home of its own."""
    with tempfile.TemporaryDirectory() as folder:
        return score(golden, anyio.run(run, golden, Path(folder) / "home", settings))


def main() -> int:
    """Prints the scores; 1 when the scripted model's plumbing misses a target."""
    golden = load()
    missed = 0
    with FakeProvider() as provider:
        provider.play(Script(content=SCRIPTED))
        for name, settings in engines(provider.base_url, os.environ):
            print(f"\n{name}", flush=True)
            for one in judge(golden, settings):
                is_missed = name == "scripted" and not one.is_met
                print(f"  {one}{'  below its target of ' + format(one.target, '.0%') if is_missed else ''}")
                missed += is_missed
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
