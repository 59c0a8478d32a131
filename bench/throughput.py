"""The measurements of reading: what each platform costs, and what is added when it is staged."""

import json
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from bench.children import measure
from bench.figures import Bench, run_import
from bench.generate import Workload, write_export
from bench.platforms.forms import Document, documents
from bench.table import Figure

_MOST_TIMES_DECODING = 4


def platforms(bench: Bench, workload: Workload) -> Iterator[Figure]:
    """Reading the same conversations in the form of every platform, against decoding the same bytes."""
    export = bench.folder / "chatgpt.json"
    write_export(export, workload)
    written = list(documents(export))
    for document, spent in zip(written, parse(bench, written, bench.repeat + 2), strict=True):
        size = megabytes(document.path)
        cpu, floor = median(spent["read"]), median(spent["decode"])
        remark = f"{size:.1f} MB, {spent['messages'][0]:,} messages; {size / cpu:.0f} MB/s, decoding {size / floor:.0f}"
        yield Figure(f"read {document.what}", cpu / floor, "× decoding", remark=remark)
    for document in written:
        document.path.unlink()
        document.floor.unlink(missing_ok=True)


def convert(bench: Bench, workload: Workload) -> Iterator[Figure]:
    """The convert stage, which reads and stages, against decoding the same bytes.

    The least of each counts: what else the machine does adds to all of them, and not equally.
    """
    export = bench.folder / "convert.json"
    write_export(export, workload)
    document = Document("", export, export)
    decoded, parsed, converted = [], [], []
    for _ in range(bench.repeat):
        (spent,) = parse(bench, [document], 1)
        decoded += spent["decode"]
        parsed += spent["read"]
        converted.append(cpu_of_convert(bench, export))
    floor, cpu = min(decoded), min(converted)
    size = megabytes(export)
    remark = f"{size:.0f} MB; CPU {cpu:.2f} s, decoding {floor:.2f} s; {size / cpu:.0f} MB/s; without the search index"
    yield Figure("convert, chatgpt", cpu / floor, "× decoding", bench.target(_MOST_TIMES_DECODING), remark)
    yield Figure("… of which reading", min(parsed) / floor, "× decoding", remark="the rest is staging")
    export.unlink()


def parse(bench: Bench, files: Sequence[Document], rounds: int) -> list[dict[str, Any]]:
    """What `bench.parsing` tells of each file: lists of what decoding and reading cost, with one number per round."""
    listed = bench.folder / "files.json"
    listed.write_text(json.dumps([(str(document.path), str(document.floor)) for document in files]))
    child = measure("bench.parsing", listed, rounds, result=bench.folder / "result.json")
    found: list[dict[str, Any]] = child.told["files"]
    return found


def cpu_of_convert(bench: Bench, export: Path) -> float:
    """Seconds of processor of the convert stage, when `export` is imported."""
    return float(run_import(bench, export, "commit").told["stages"]["convert"]["cpu"])


def megabytes(path: Path) -> float:
    """The size of a file; of a ZIP, of what is in it."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            return sum(member.file_size for member in archive.infolist()) / 1e6
    return path.stat().st_size / 1e6
