"""The measurements of large exports: whether they are read as fast as small ones, and how much memory that takes."""

import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree
from statistics import median

from bench.figures import Bench, run_import
from bench.generate import Workload, write_export
from bench.platforms.forms import FORMS, Document, write
from bench.platforms.told import tell
from bench.table import Figure
from bench.throughput import cpu_of_convert, megabytes, parse

_MOST_FALL_PERCENT = 15
_MOST_MEGABYTES = 300
_MOST_MEGABYTES_FOR_ONE = 600
_TIMES_SMALL = 5
"""How often what is small is measured for once that what is large is."""
_SHARE = 10
"""One of so many files are in the small ZIP."""
_SEED_OF_ENGLISH = 8
"""Under which a conversation that is alone is in English; in other scripts, most of its bytes are escapes."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """What is compared and measured.

    `little` and `much` differ in size alone; `short` are as many conversations as in `much`, of a few messages each;
    `files` are to be a file each; and `alone` is one conversation.
    """

    little: Workload
    much: Workload
    short: Workload
    files: Workload
    alone: Workload


def large(bench: Bench, sizes: Sizes) -> Iterator[Figure]:
    """All of these measurements, which take minutes."""
    yield from _size(bench, sizes.little, sizes.much)
    yield from _order(bench, sizes.short)
    yield from _number_of_files(bench, sizes.files)
    alone = bench.folder / "alone.json"
    write_export(alone, sizes.alone, _SEED_OF_ENGLISH)
    yield _peak(bench, alone, f"one conversation of {megabytes(alone):.0f} MB", _MOST_MEGABYTES_FOR_ONE)
    alone.unlink()


def _size(bench: Bench, little: Workload, much: Workload) -> Iterator[Figure]:
    """A large export against a small one: decoding, reading and the convert stage; and the memory of the large one."""
    small, big = bench.folder / "small.json", bench.folder / "big.json"
    write_export(small, little)
    write_export(big, much)
    costs: dict[str, tuple[list[float], list[float]]] = {kind: ([], []) for kind in ("decode", "read", "convert")}
    peaks: list[float] = []
    for _ in range(bench.repeat):
        *of_small, of_big = parse(bench, [*_often(bench, small), Document("", big, big)], 1)
        for kind in ("decode", "read"):
            costs[kind][0].extend(spent[kind][0] for spent in of_small)
            costs[kind][1].append(of_big[kind][0])
        costs["convert"][0].extend(cpu_of_convert(bench, one.path) for one in _often(bench, small))
        told = run_import(bench, big, "commit").told
        costs["convert"][1].append(told["stages"]["convert"]["cpu"])
        peaks.append(told["peak_rss"] / 1e6)
    before, after = megabytes(small), megabytes(big)
    for kind, (first, second) in costs.items():
        speeds = before / median(first), after / median(second)
        remark = f"from {speeds[0]:.1f} to {speeds[1]:.1f} MB per second of CPU"
        target = bench.target(_MOST_FALL_PERCENT) if kind == "convert" else None
        yield _fall(f"{kind}, from {before:,.0f} to {after:,.0f} MB", speeds, remark, target)
    yield Figure(f"peak RSS of importing {after:,.0f} MB as .json", median(peaks), "MB", bench.target(_MOST_MEGABYTES))
    small.unlink()
    yield _packed(bench, big)


def _often(bench: Bench, small: Path) -> Sequence[Document]:
    return [Document("", small, small)] * (_TIMES_SMALL if bench.counts else 1)


def _fall(what: str, speeds: tuple[float, float], remark: str, target: float | None) -> Figure:
    return Figure(f"throughput lost: {what}", 100 * (1 - speeds[1] / speeds[0]), "%", target, remark)


def _packed(bench: Bench, big: Path) -> Figure:
    """The memory that the same export takes as it is delivered. `big` is gone then."""
    packed = big.with_suffix(".zip")
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(big, "conversations.json")
    big.unlink()
    figure = _peak(bench, packed, f"{megabytes(packed):,.0f} MB as .zip", _MOST_MEGABYTES)
    packed.unlink()
    return figure


def _order(bench: Bench, workload: Workload) -> Iterator[Figure]:
    """Conversations that come the other way round: what was staged before is older then, not newer."""
    exports = bench.folder / "newest-first.json", bench.folder / "oldest-first.json"
    for place, export in enumerate(exports):
        write_export(export, workload, oldest_first=place == 1)
    spent = [[cpu_of_convert(bench, export) for export in exports] for _ in range(bench.repeat)]
    newest, oldest = (median(cpu) for cpu in zip(*spent, strict=True))
    what = f"convert, where the oldest of {workload.conversations:,} conversations come first"
    remark = f"CPU {newest:.2f} s, turned around {oldest:.2f} s"
    yield _fall(what, (1 / newest, 1 / oldest), remark, bench.target(_MOST_FALL_PERCENT))
    for export in exports:
        export.unlink()


def _number_of_files(bench: Bench, workload: Workload) -> Iterator[Figure]:
    """A ZIP with many files against one with few, for a platform that exports each chat as a file."""
    folder = bench.folder / "files"
    folder.mkdir()
    export = folder / "chatgpt.json"
    write_export(export, workload)
    told = tell(export)
    form = next(form for form in FORMS if form.platform == "le-chat")
    numbers = len(told) // _SHARE, len(told)
    documents = []
    for number in numbers:
        (folder / str(number)).mkdir()
        documents.append(write(form, told[:number], folder / str(number)))
    few, many = parse(bench, documents, bench.repeat)
    speeds = numbers[0] / median(few["read"]), numbers[1] / median(many["read"])
    remark = f"from {speeds[0]:,.0f} to {speeds[1]:,.0f} files per second of CPU"
    what = f"read, from {numbers[0]:,} to {numbers[1]:,} files in a ZIP"
    yield _fall(what, speeds, remark, bench.target(_MOST_FALL_PERCENT))
    rmtree(folder)


def _peak(bench: Bench, export: Path, what: str, most: float) -> Figure:
    told = run_import(bench, export, "commit").told
    rows = told["rows"]
    remark = f"{rows['conversations']:,} conversations, {rows['messages']:,} messages"
    return Figure(f"peak RSS of importing {what}", told["peak_rss"] / 1e6, "MB", bench.target(most), remark)
