"""Tokens are counted by bytes, as the first answers told, and a conversation that is half done is cut as before."""

from pathlib import Path

import pytest

from daemon.llm.counting import USUAL, TokenCounts, bytes_per_token
from packages_store.files import Disk
from packages_store.model import ItemEnd, StageName, WorkItem
from tests.builders import OWNER, package_in
from tests.packages_store.test_journal import ANSWER


def measured(home: Path, ratio: float, model: str = "muse") -> TokenCounts:
    """Counts that have heard enough answers of a model."""
    counts = TokenCounts(home, Disk())
    for _ in range(24):
        counts.sample(model, 30_000, round(30_000 / ratio))
    return counts


def test_a_ratio_is_measured_once_and_then_kept(tmp_path: Path) -> None:
    assert TokenCounts(tmp_path, Disk()).find("muse") is None
    assert measured(tmp_path, 3.2).find("muse") == pytest.approx(3.2, abs=0.01)
    assert measured(tmp_path, 5.0).find("muse") == pytest.approx(3.2, abs=0.01)


@pytest.mark.parametrize(("told", "believed"), [(0.1, 2.0), (90.0, 6.0)])
def test_what_a_provider_counts_is_believed_within_bounds(tmp_path: Path, told: float, believed: float) -> None:
    assert measured(tmp_path, told).find("muse") == believed


def test_short_requests_and_few_ones_tell_nothing(tmp_path: Path) -> None:
    counts = TokenCounts(tmp_path, Disk())
    for _ in range(23):
        counts.sample("muse", 30_000, 10_000)
        counts.sample("muse", 100, 90)

    assert counts.find("muse") is None


def test_the_densest_chats_decide(tmp_path: Path) -> None:
    counts = TokenCounts(tmp_path, Disk())
    for number in range(24):
        counts.sample("muse", 30_000, 15_000 if number < 3 else 7_500)

    assert counts.find("muse") == 2.0


def test_while_an_item_is_half_done_conversations_are_cut_as_before(tmp_path: Path) -> None:
    package = package_in(tmp_path)
    before = bytes_per_token(package, "muse", TokenCounts(tmp_path, Disk()))
    progress = package.progress
    generation = progress.begin(StageName.SIGNIFICANT, OWNER)
    progress.plan(StageName.SIGNIFICANT, [WorkItem("chat-1", "", "f")])
    (claim,) = progress.claim(StageName.SIGNIFICANT, generation, [WorkItem("chat-1", "", "f")])
    package.journal.record(ANSWER)

    half_done = bytes_per_token(package, "muse", measured(tmp_path, 3.0))
    progress.accept(claim, ItemEnd.DONE)
    done = bytes_per_token(package, "muse", measured(tmp_path, 3.0))

    assert (before, half_done) == (USUAL, USUAL)
    assert done == pytest.approx(3.0, abs=0.01)
