"""The benchmark runs through and prints what it promises. Its figures are not judged here: machines are noisy."""

import subprocess
import sys
from pathlib import Path

import pytest

from bench.table import Figure, table

pytestmark = pytest.mark.usefixtures("unmeasured")

ROOT = Path(__file__).parents[2]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bench", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=500, check=False)


@pytest.mark.slow
def test_a_quick_run_measures_everything(tmp_path: Path) -> None:
    done = run("--quick", "--dir", str(tmp_path))

    assert done.returncode == 0, done.stderr
    for name in ("(b) ingest", "(b) peak RSS", "(b) bytes written", "per finished item", "to /readyz", "still say"):
        assert name in done.stdout
    for name in ("abort of convert answered", "second `loom serve` refused", "ended by SIGTERM"):
        assert name in done.stdout
    for name in ("read chatgpt, official", "read gemini, Takeout, HTML", "read typingmind", "convert, chatgpt"):
        assert name in done.stdout
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_quick_run_compares_large_with_small(tmp_path: Path) -> None:
    done = run("--quick", "--only", "large", "--dir", str(tmp_path))

    assert done.returncode == 0, done.stderr
    for name in (
        "lost: convert, from",
        "the oldest of 10 conversations",
        "10 files in a ZIP",
        "as .json",
        "as .zip",
        "one conversation of",
    ):
        assert name in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_a_value_above_its_target_is_missed() -> None:
    assert Figure("ingest", 5.1, "× floor", target=5).is_missed
    assert not Figure("ingest", 5.0, "× floor", target=5).is_missed
    assert not Figure("ingest", 99).is_missed


def test_the_table_names_the_machine() -> None:
    text = table([Figure("ingest", 2.5, "× floor", 5, "a remark")])

    assert "| ingest | 2.50 × floor | ≤ 5 × floor | met | a remark |" in text
    assert "SQLite" in text
