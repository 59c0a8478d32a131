"""The figures: what a scraper reads is what the ledgers say, without a name."""

from contextlib import closing
from decimal import Decimal
from pathlib import Path

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families

from daemon.app import Daemon, Parts
from packages_store.journal import NewAnswer, Usage
from packages_store.model import StageName, UploadOutcome
from packages_store.package import Package
from tests.builders import OWNER, shelf_in
from tests.clocks import FakeClock
from tests.daemon.web.door import Door, door, repairing_door
from tests.daemons import working_daemon
from tests.exports import chatgpt_export
from tests.fakes import FakeExtractor

SECRET = "Mirabilis"
LABELS = {"stage", "outcome", "kind", "code", "reason", "state", "version", "python"}

Sample = tuple[str, tuple[tuple[str, str], ...]]


async def scraped(opened: Door) -> dict[Sample, float]:
    """Everything that /metrics tells: (name, labels) -> value."""
    async with opened.program() as program:
        answer = await program.get("/metrics")
    assert answer.status_code == 200
    assert SECRET not in answer.text
    families = text_string_to_metric_families(answer.text)
    return {(sample.name, tuple(sorted(sample.labels.items()))): sample.value for f in families for sample in f.samples}


def of(samples: dict[Sample, float], name: str) -> dict[tuple[str, ...], float]:
    """The samples of one name: values of its labels, in order of the labels' names -> value."""
    return {
        tuple(text for _label, text in labels): value for (found, labels), value in samples.items() if found == name
    }


async def imported(daemon: Daemon, folder: Path) -> None:
    """Hand in an export in which one conversation fails."""
    export = folder / f"{SECRET}.json"
    export.write_bytes(chatgpt_export(4).replace(b"Chat 0.", SECRET.encode()))
    await daemon.hand_in(SECRET, export, export.name)
    await daemon.settled(SECRET)


def answer(package: Package) -> None:
    package.journal.record(
        NewAnswer(
            "f1", StageName.DAILY, SECRET, "daily-1", "muse-1", SECRET, "stop", Usage(10, 5, 3, 2), Decimal("0.25")
        )
    )


async def test_the_figures_agree_with_the_ledger_after_failures_and_a_repair(tmp_path: Path) -> None:
    home = tmp_path / "home"
    failing = Parts(extractor=FakeExtractor(fail={"00000000-0001"}))
    async with working_daemon(home, failing) as daemon:
        await imported(daemon, tmp_path)
    with closing(shelf_in(home)) as shelf:
        shelf.get(SECRET).progress.begin(StageName.GRAPH, OWNER)

    async with door(home, failing) as opened:
        daemon = opened.daemon
        await daemon.settled(SECRET)
        await daemon.read(SECRET, answer)
        daemon.metrics.count_retry("429")
        samples = await scraped(opened)
        counts = {
            stage: await daemon.read(SECRET, lambda package, stage=stage: package.progress.counts(stage))  # type: ignore[misc]
            for stage in StageName
        }
        repairs = await daemon.repairs()

    items = of(samples, "loom_items_total")
    for stage, count in counts.items():
        done = sum(items.get((outcome, stage), 0) for outcome in ("done", "done_empty", "skipped"))
        failed = sum(items.get((outcome, stage), 0) for outcome in ("failed", "failed_final", "poisoned"))
        assert (done, failed, items.get(("left", stage), 0)) == (count.processed, count.failed, count.left)
    assert items["failed", "significant"] == 1
    assert of(samples, "loom_repairs_total") == {("interrupted_stage",): len(repairs)} == {("interrupted_stage",): 1}
    assert of(samples, "loom_llm_tokens_total") == {("input",): 10, ("output",): 5, ("cached",): 3, ("reasoning",): 2}
    assert of(samples, "loom_llm_cost_usd_total") == {(): 0.25}
    assert of(samples, "loom_llm_retries_total") == {("429",): 1}
    assert of(samples, "loom_stage_seconds_count")[("upload",)] >= 1
    assert of(samples, "loom_oldest_waiting_seconds") == {(): 0}
    assert [value for _labels, value in of(samples, "loom_build_info").items()] == [1]


async def test_labels_are_few_whatever_is_imported(tmp_path: Path) -> None:
    async with door(tmp_path / "home") as opened:
        await imported(opened.daemon, tmp_path)
        samples = await scraped(opened)

    assert {label for _name, labels in samples for label, _text in labels} <= LABELS
    assert len(samples) < 100


async def test_how_long_the_oldest_file_waits_is_told(tmp_path: Path) -> None:
    clock = FakeClock()
    async with door(tmp_path / "home", Parts(clock=clock)) as opened:
        await imported(opened.daemon, tmp_path)
        sql = "UPDATE uploads SET outcome = ?"
        await opened.daemon.read(SECRET, lambda package: package.ledger.execute(sql, (UploadOutcome.RECEIVED.value,)))
        clock.now = clock.now.replace(hour=clock.now.hour + 1)

        samples = await scraped(opened)

    assert of(samples, "loom_oldest_waiting_seconds") == {(): 3600}


async def test_a_ledger_that_has_not_changed_is_not_read_again(tmp_path: Path) -> None:
    async with door(tmp_path / "home") as opened:
        await imported(opened.daemon, tmp_path)
        first = await scraped(opened)
        await opened.daemon.read(SECRET, lambda package: package.close())

        again = await scraped(opened)

        assert again == first


@pytest.mark.parametrize(("is_open", "status"), [(False, 401), (True, 200)])
async def test_without_the_token_the_figures_are_told_only_when_the_setting_allows_it(
    tmp_path: Path, is_open: bool, status: int
) -> None:
    async with door(tmp_path / "home", metrics_open=is_open) as opened, opened.client() as stranger:
        answers: list[httpx2.Response] = [await stranger.get("/metrics"), await stranger.get("/api/packages")]

    assert [answer.status_code for answer in answers] == [status, 401]


async def test_during_the_repair_there_are_no_figures(tmp_path: Path) -> None:
    async with repairing_door(tmp_path / "home") as opened, opened.program() as program:
        assert (await program.get("/metrics")).status_code == 503
