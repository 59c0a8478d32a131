"""Reads conversations.txt: what was said, and what an engine should make of it. Its head says how it is written."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Europe/Berlin")
PERSON, ENTITY = "Nora", "Wren"
_ROLES = {"N": "user", "W": "assistant"}
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Event:
    """A moment that must be remembered. `evidence` are numbers of messages, from 1; one of `words` must be told."""

    key: str
    title: str
    prose: str
    evidence: tuple[int, ...]
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Junk:
    """A memory that must not get into the package, and why."""

    why: str
    title: str
    prose: str
    evidence: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Said:
    """One message."""

    role: str
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Talk:
    """One conversation, with what is planted in it; most hold nothing."""

    id: str
    title: str
    said: tuple[Said, ...]
    events: tuple[Event, ...] = ()
    junk: tuple[Junk, ...] = ()
    canaries: tuple[str, ...] = ()

    @property
    def planted(self) -> tuple[Event | Junk, ...]:
        return (*self.events, *self.junk)

    @property
    def is_ordinary(self) -> bool:
        """Nothing in it must be remembered, and nothing tempts to."""
        return not self.planted

    @property
    def day(self) -> str:
        return self.said[0].at.date().isoformat()


@dataclass(frozen=True, slots=True)
class Golden:
    """The whole set. `different` and `same` are pairs of names."""

    talks: tuple[Talk, ...]
    different: tuple[tuple[str, str], ...]
    same: tuple[tuple[str, str], ...]

    @property
    def canaries(self) -> tuple[str, ...]:
        return tuple(word for talk in self.talks for word in talk.canaries)


def load() -> Golden:
    """The set that lies beside this file."""
    lines = Path(__file__).with_name("conversations.txt").read_text("utf-8").splitlines()
    talks: list[Talk] = []
    pairs: dict[str, list[tuple[str, str]]] = {"different": [], "same": []}
    block: list[str] = []
    for is_head, group in groupby(lines, lambda line: line.startswith(("= ", "== "))):
        if is_head:
            block = list(group)
        elif block and block[-1] == "== people":
            for line in filter(None, group):
                kind, _, names = line.partition(" ")
                one, other = (name.strip() for name in names.split("|"))
                pairs[kind].append((one, other))
        elif block:
            talks.append(_talk(block[-1], [line for line in group if line]))
    return Golden(tuple(talks), tuple(pairs["different"]), tuple(pairs["same"]))


def _talk(head: str, lines: list[str]) -> Talk:
    id_, when, title = (part.strip() for part in head.removeprefix("= ").split("|"))
    begins = datetime.strptime(when, "%Y-%m-%d %H:%M").replace(tzinfo=ZONE)
    kinds: dict[str, list[str]] = {"event": [], "junk": [], "canary": [], "N:": [], "W:": []}
    said: list[Said] = []
    for line in lines:
        kind, _, rest = line.partition(" ")
        kinds[kind].append(rest)
        if kind in ("N:", "W:"):
            said.append(Said(_ROLES[kind[0]], rest.replace("\\n", "\n"), begins + len(said) * _MINUTE))
    return Talk(
        id_,
        title,
        tuple(said),
        tuple(map(_event, kinds["event"])),
        tuple(map(_junk, kinds["junk"])),
        tuple(kinds["canary"]),
    )


def _event(line: str) -> Event:
    key, title, prose, evidence, words = (part.strip() for part in line.split("|"))
    return Event(key, title, prose, _numbers(evidence), tuple(words.split(",")))


def _junk(line: str) -> Junk:
    why, title, prose, evidence = (part.strip() for part in line.split("|"))
    return Junk(why, title, prose, _numbers(evidence))


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split(",")))


def as_export(golden: Golden) -> dict[str, object]:
    """The set as a Loom Standard export; message `n` of conversation `c` has the id `c-n`."""
    return {
        "format": "loom-standard",
        "version": 1,
        "originPlatform": "golden",
        "conversations": [
            {
                "id": talk.id,
                "title": talk.title,
                "createdAt": talk.said[0].at.isoformat(),
                "updatedAt": talk.said[-1].at.isoformat(),
                "messages": [
                    {
                        "id": f"{talk.id}-{number}",
                        "role": one.role,
                        "content": one.text,
                        "createdAt": one.at.isoformat(),
                    }
                    for number, one in enumerate(talk.said, start=1)
                ],
            }
            for talk in golden.talks
        ],
    }
