"""Files of every kind, made of records, and what is decoded to measure what decoding a file costs at least.

Each function writes the records to `path` and returns the JSON of the same text: the file itself where it is JSON, or a
ZIP of such files; else a file beside it, in which the records (the rows of a table, the cards of a page) are a list.
"""

import csv
import json
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

Encode = Callable[[Path, Sequence[object]], Path]

_PACKED_AT = (2026, 9, 21, 12, 0, 0)
_STYLES = ".mdl-grid{display:flex}.outer-cell{margin:8px}.header-cell,.content-cell{padding:8px}" * 1_600
"""About as much as Google puts before the first card."""


def _json(value: object) -> str:
    """As the programs in which most exporters are written encode it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def as_list(path: Path, records: Sequence[object]) -> Path:
    """A JSON list of the records."""
    path.write_text(_json(records))
    return path


def as_lines(path: Path, records: Sequence[object]) -> Path:
    """JSONL."""
    path.write_text("\n".join(map(_json, records)))
    return path


def as_object(path: Path, records: Sequence[object]) -> Path:
    """The one record."""
    (record,) = records
    path.write_text(_json(record))
    return path


def as_zip(path: Path, records: Sequence[object]) -> Path:
    """A ZIP with one JSON file for each record."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for number, record in enumerate(records):
            member = zipfile.ZipInfo(f"export/{number:05}.json", _PACKED_AT)
            member.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(member, _json(record))
    return path


def within(*names: str, beside: Mapping[str, object] | None = None) -> Encode:
    """An object that holds the list of records under the last of `names`, which is in the one before, and so on.

    `beside` stands before it in the outermost.
    """

    def encode(path: Path, records: Sequence[object]) -> Path:
        value: object = records
        for name in reversed(names[1:]):
            value = {name: value}
        path.write_text(_json({**(beside or {}), names[0]: value}))
        return path

    return encode


def as_table(*columns: str, mark: str = "") -> Encode:
    """A CSV with the records below a header, with line ends as the standard wants them; `mark` comes first."""

    def encode(path: Path, records: Sequence[object]) -> Path:
        with path.open("w", newline="") as file:
            file.write(mark)
            csv.writer(file).writerows([columns, *_rows(records)])
        return as_list(path.with_suffix(".floor"), records)

    return encode


def _rows(records: Iterable[object]) -> Iterable[Sequence[object]]:
    for record in records:
        assert isinstance(record, tuple), record
        yield record


def as_page(path: Path, records: Sequence[object]) -> Path:
    """A page of Google's activity, of which the records are the cards."""
    head = f'<html><head><title>My Activity History</title><style type="text/css">{_STYLES}</style></head>'
    cards = "".join(map(str, records))
    path.write_text(f'{head}<body><div class="mdl-grid">{cards}</div></body></html>')
    return as_list(path.with_suffix(".floor"), records)
