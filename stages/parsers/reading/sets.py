"""Files that belong together, because a platform or a browser cut one export into several: which of them are missing.

Only names are known here, so only names that platforms and archivers give are believed. Two notes of a person that are
numbered are no set.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

MOST_TOLD = 100
"""Missing parts that are named."""

_STAMP = r"\d{8}T\d{6,}Z"
_ZIPPED = r"\.(?:zip|tgz|tar\.gz)"


@dataclass(frozen=True, slots=True)
class _Form:
    """How the parts of a set are called: `number` is a group of `pattern`, `total` is one where the name tells it."""

    pattern: re.Pattern[str]
    first: int


def _form(pattern: str, first: int) -> _Form:
    return _Form(re.compile(pattern, re.IGNORECASE), first)


_FORMS = (
    # ChatGPT's shards, and Claude's archives since autumn 2026 (docs/formats.md).
    _form(r"(?:conversations|projects|users|memories)[-_](?P<number>\d{3,4})\.(?:json|zip)", 0),
    # Google Takeout, and what Drive packs: 20260622T225253Z-001, and with a number of its own before that of the part.
    _form(rf".*{_STAMP}(?:-\d+)?-(?P<number>\d{{3}}){_ZIPPED}", 1),
    # Claude's archives before: data-2026-01-02-03-04-05-batch-0000.
    _form(r"data-.+-batch-(?P<number>\d{4})(?:\.zip)?", 0),
    # OpenAI's Privacy Portal: Conversations__1-chatgpt-0001.
    _form(r".+-chatgpt-(?P<number>\d{4})\.zip", 1),
    # Archivers: name.part1.rar, name.zip.001, name.z01 beside name.zip.
    _form(r".+[._ -]part[._ -]?(?P<number>\d{1,4})\.\w{1,5}", 1),
    _form(r".+\.(?:zip|7z|rar|gz|tar)\.(?P<number>\d{3})", 1),
    _form(r".+\.z(?P<number>\d{2})", 1),
    # People and tools: name-1-of-3, name (2 of 3).
    _form(r".+?[-_. (]+(?P<number>\d{1,4})[-_ ]?of[-_ ]?(?P<total>\d{1,4})\)?(?:\.\w{1,5})*", 1),
)
_COPY = re.compile(r" ?(?:\(\d+\)| - Copy(?: \(\d+\))?)(?=\.\w{1,5}$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Part:
    """A name, and where in it the number stands."""

    folder: str
    name: str
    begin: int
    end: int
    first: int
    total: int | None

    @property
    def number(self) -> int:
        return int(self.name[self.begin : self.end])

    @property
    def set(self) -> tuple[str, str, str]:
        """What the parts of one set have in common."""
        return self.folder, self.name[: self.begin].casefold(), self.name[self.end :].casefold()

    def sibling(self, number: int) -> str:
        """The name of another part."""
        digits = str(number).zfill(self.end - self.begin)
        return self.folder + self.name[: self.begin] + digits + self.name[self.end :]


def missing_parts(names: Collection[str], declared: Collection[str] = ()) -> tuple[str, ...]:
    """The names of files that belong to a set of which `names` hold others, and that are not among them.

    Names can be paths with slashes; parts of a set are in one folder. `declared` are names that a list says should be
    there. Missing are the parts before, and between, those that are there, and those behind them where a name or a list
    tells how many there are. At most `MOST_TOLD` are named.
    """
    sets: dict[tuple[str, str, str], list[_Part]] = defaultdict(list)
    for part in _parts_of(names):
        sets[part.set].append(part)
    missing = [name for parts in sets.values() for name in _missing_of(parts)]
    there = {_without_copy(name).casefold() for name in names}
    missing += [name for name in declared if name.casefold() not in there and name not in missing]
    return tuple(sorted(missing)[:MOST_TOLD])


def set_of(path: str) -> tuple[str, str, str] | None:
    """What the parts of one set have in common, by their names; None for a file that is a part of none."""
    return next((part.set for part in _parts_of([path])), None)


def shards_named_in(value: object, folder: str = "") -> Iterator[str]:
    """The shards that a list which came with an export names, wherever in it: ChatGPT's `export_manifest.json`."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
        elif isinstance(one, str) and len(one) < 100 and _FORMS[0].pattern.fullmatch(one):
            yield folder + one


def _parts_of(names: Iterable[str]) -> Iterator[_Part]:
    for path in names:
        folder, slash, name = path.rpartition("/")
        name = _without_copy(name)
        for form in _FORMS:
            if found := form.pattern.fullmatch(name):
                begin, end = found.span("number")
                total = found.groupdict().get("total")
                yield _Part(folder + slash, name, begin, end, form.first, int(total) if total else None)
                break


def _without_copy(name: str) -> str:
    return _COPY.sub("", name)


def _missing_of(parts: list[_Part]) -> Iterator[str]:
    """The names of the parts that are missing from a set, as many as are told at most."""
    there = {part.number for part in parts}
    first = min(parts[0].first, *there)
    last = max(*there, *(part.total or 0 for part in parts), first)
    told = 0
    for number in range(first, last + 1):
        if number not in there:
            yield parts[0].sibling(number)
            told += 1
        if told == MOST_TOLD:
            return
