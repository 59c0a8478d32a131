"""The measurements, each as the lines that it adds to the table. Medians, where something is measured several times."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from shutil import rmtree
from statistics import median

from bench.children import Child, measure
from bench.generate import Workload, write_export
from bench.readiness import make_templates, repair_floor, start_with
from bench.stale import KINDS
from bench.table import Figure

_MOST_TIMES_THE_FLOOR = 5
_MOST_MEGABYTES = 250
_MOST_TIMES_THE_TEXT = 8
_MOST_LAG_MS = 50
_MOST_GROWTH_PERCENT = 20
_MOST_SECONDS_TO_READY = 3
_MANY = 10_000
_SMALL_MESSAGES, _SMALL_BYTES = 6, 9_000
"""Of one of the small conversations that items are counted with."""


@dataclass(frozen=True, slots=True)
class Bench:
    """Where files go, how often each import is repeated, and whether the targets count for the sizes that are used."""

    folder: Path
    repeat: int
    counts: bool

    def target(self, most: float) -> float | None:
        """`most`, unless sizes are too small for it to mean anything."""
        return most if self.counts else None


def ingest(bench: Bench, name: str, workload: Workload) -> Iterator[Figure]:
    """A whole import against its floor. They take turns, so that both meet the same moods of the machine."""
    export = bench.folder / f"{name}.json"
    write_export(export, workload)
    floors, parsers, imports = [], [], []
    for _ in range(bench.repeat):
        floors.append(_floor(bench, "walk", export))
        imports.append(run_import(bench, export, "commit"))
    parsers.append(_floor(bench, "parser", export))
    export.unlink()
    seen = {child.told["rows"]["digest"] for child in (*floors, *parsers, *imports)}
    if len(seen) != 1:
        raise RuntimeError(f"floor and import do not end up with the same rows: {seen}")
    # The targets are set for (b): in a small import, what does not grow with it weighs more.
    yield from _figures(replace(bench, counts=bench.counts and name != "a"), f"({name})", floors, imports)
    parser = _cpu(parsers) / _cpu(floors)
    yield Figure(
        f"({name}) floor with the project's parser", parser, "× floor", remark="CPU; shows what the parser costs"
    )


def _floor(bench: Bench, kind: str, export: Path) -> Child:
    target = bench.folder / "floor.db"
    child = measure("bench.floor", kind, export, target, result=bench.folder / "result.json")
    target.unlink()
    return child


def run_import(bench: Bench, export: Path, until: str) -> Child:
    """What `bench.ingest` tells of importing `export` into a new home."""
    home = bench.folder / "home"
    child = measure("bench.ingest", export, home, until, result=bench.folder / "result.json")
    rmtree(home)
    return child


def _figures(bench: Bench, name: str, floors: Sequence[Child], imports: Sequence[Child]) -> Iterator[Figure]:
    rows = imports[0].told["rows"]
    floor = _cpu(floors)
    size = (
        f"{rows['conversations']:,} conversations, {rows['messages']:,} messages, {rows['text'] / 1e6:.1f} MB of text"
    )
    yield Figure(f"{name} floor", floor, "s CPU", remark=f"{size}; shortest walk, one transaction")
    yield Figure(
        f"{name} ingest",
        _cpu(imports) / floor,
        "× floor",
        bench.target(_MOST_TIMES_THE_FLOOR),
        f"CPU {_cpu(imports):.2f} s, whole process {median(child.whole_cpu for child in imports):.2f} s",
    )
    split = imports[0].told["stages"]
    for stage in split:
        spent = [child.told["stages"][stage] for child in imports]
        cpu, written = (median(one[what] for one in spent) for what in ("cpu", "written"))
        yield Figure(
            f"{name} … {stage}", cpu / floor, "× floor", remark=f"{cpu:.2f} s CPU, {written / 1e6:.0f} MB written"
        )
    yield _wall(name, floors, imports)
    index = median(child.told["index"]["cpu"] for child in imports)
    yield Figure(f"{name} search index, afterwards", index / floor, "× floor", remark=f"{index:.2f} s CPU")
    peak = median(child.told["peak_rss_with_index"] for child in imports) / 1e6
    yield Figure(f"{name} peak RSS", peak, "MB", bench.target(_MOST_MEGABYTES), "with the index; VmHWM")
    yield from _written(bench, name, imports)
    lag = {share: 1000 * median(child.told["lag"][share] for child in imports) for share in ("p50", "p99", "max")}
    remark = f"worst of each run; p50 {lag['p50']:.1f}, p99 {lag['p99']:.1f} ms"
    yield Figure(f"{name} event loop late by", lag["max"], "ms", bench.target(_MOST_LAG_MS), remark)


def _wall(name: str, floors: Sequence[Child], imports: Sequence[Child]) -> Figure:
    floor = median(child.told["spent"]["wall"] for child in floors)
    took = median(child.told["total"]["wall"] for child in imports)
    return Figure(
        f"{name} ingest, wall clock", took / floor, "× floor", remark=f"{took:.2f} s; the floor {floor:.2f} s"
    )


def _written(bench: Bench, name: str, imports: Sequence[Child]) -> Iterator[Figure]:
    text = imports[0].told["rows"]["text"]
    written = median(child.told["total"]["written"] for child in imports)
    asked = median(child.told["total"]["asked"] for child in imports)
    yield Figure(
        f"{name} bytes written",
        written / text,
        "× text",
        bench.target(_MOST_TIMES_THE_TEXT),
        f"{written / 1e6:.0f} MB; handed to write: {asked / 1e6:.0f} MB",
    )


def _cpu(children: Sequence[Child]) -> float:
    return float(median((child.told.get("spent") or child.told["total"])["cpu"] for child in children))


def items(bench: Bench, numbers: Sequence[int]) -> Iterator[Figure]:
    """What one finished item of `significant` costs the disk, at several numbers of them."""
    found: dict[int, float] = {}
    for number in numbers:
        # A few hundred conversations differ by chance in what they hold: several exports, for one of ten thousand.
        spent = [_items(bench, number, seed) for seed in range(1 if number >= _MANY else bench.repeat)]
        found[number], wall, cpu = (median(one[what] for one in spent) / number for what in ("written", "wall", "cpu"))
        remark = f"{1000 * wall:.2f} ms and {1000 * cpu:.2f} ms CPU each"
        yield Figure(f"written per finished item of {number:,}", found[number], "bytes", remark=remark)
    growth = 100 * (max(found.values()) / min(found.values()) - 1)
    yield Figure("… differs between them by", growth, "%", bench.target(_MOST_GROWTH_PERCENT))


def _items(bench: Bench, number: int, seed: int) -> dict[str, float]:
    export = bench.folder / f"{number}.json"
    write_export(export, Workload(number, _SMALL_MESSAGES * number, _SMALL_BYTES * number), seed)
    child = run_import(bench, export, "significant")
    export.unlink()
    assert child.told["items"] == number, f"{child.told['items']} of {number} items were done"
    spent: dict[str, float] = child.told["stages"]["significant"]
    return spent


def readiness(bench: Bench, number: int) -> Iterator[Figure]:
    """From the start of the process to /readyz, with many packages that all say `running`."""
    templates = make_templates(bench.folder)
    empty = start_with(templates, "ours", 0, bench.folder)
    yield Figure("start to /readyz, no package", empty.seconds, "s")
    least = repair_floor(templates, number, bench.folder)
    remark = "one thread: open, one UPDATE, one durable checkpoint.json, close; no start of a process"
    yield Figure(f"least that {number:,} repairs cost", least.wall, "s", remark=f"{least.cpu:.2f} s CPU; {remark}")
    for kind, of in KINDS.items():
        ready = start_with(templates, kind, number, bench.folder)
        target = bench.target(_MOST_SECONDS_TO_READY) if kind == "ours" else None
        remark = f"{ready.repaired:,} repaired, peak RSS {ready.peak_rss / 1e6:.0f} MB"
        yield Figure(f"start to /readyz, {number:,} stale packages {of}", ready.seconds, "s", target, remark)
        yield Figure("… of which still say `running`", ready.stale + number - ready.repaired, "", 0)
