"""Sessions of gemini-cli, as it records them under `~/.gemini/tmp/<project>/chats/`.

An older session is one object: `{"sessionId", "projectHash", "startTime", "lastUpdated", "summary"?, "kind"?,
"messages": [{"id", "timestamp", "type", "content", "displayContent"?, "model"?, "thoughts"?, "toolCalls"?}]}`. A newer
one is a log of lines that are only ever appended: the object without messages, a message (one with an id that was there
replaces it where it stands), `{"$set": {...}}` with new values of the object, `{"$rewindTo": id}`, which takes back
that message and all behind it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from packages_store.model import Role
from stages.parsers.contract import Broken, Empty, Peek, ReadContext, Record, Skipped, SourceFile
from stages.parsers.gemini.ai_studio import spoken
from stages.parsers.reading.drafts import Draft, conversation_of
from stages.parsers.reading.json_stream import Records
from stages.parsers.reading.values import Tally, as_list, as_map, as_text, digest, is_blank, milliseconds, one_line

_ROLES: Mapping[str, Role] = {"user": "user", "gemini": "assistant"}
_OF_THE_PROGRAM = frozenset({"info", "warning", "error"})


def holds_sessions(peek: Peek) -> bool:
    """Whether a record tells a session and the project in which it was held."""
    return any(_is_session(as_map(record)) for record in peek.records)


def read_sessions(file: SourceFile, context: ReadContext) -> Iterator[Record]:
    """Every session of the file. Holds one at a time."""
    del context
    tally = Tally()
    with file.open() as stream:
        records = Records(stream)
        session = _Session(tally)
        for item in records:
            told = as_map(item.value) if not isinstance(item, Broken) else {}
            if isinstance(item, Broken):
                yield item
            elif not isinstance(item.value, dict):
                yield Broken(records.position, "a session is made of objects, and this is none")
            elif records.wrapping != "lines" and not _is_session(told):
                yield Skipped("no session of gemini-cli")
            else:
                if session.ends_before(told, of_lines=records.wrapping == "lines"):
                    yield session.record(file)
                    session = _Session(tally)
                session.add(told)
        if session.begun:
            yield session.record(file)
    yield from tally.notes()


def _is_session(told: Mapping[str, object]) -> bool:
    return isinstance(told.get("sessionId"), str) and isinstance(told.get("projectHash"), str)


@dataclass(slots=True)
class _Session:
    """One session while its lines are read."""

    tally: Tally
    begun: bool = False
    _told: dict[str, object] = field(default_factory=dict)
    """What it tells beside the messages; of what is told twice, the later."""
    _messages: dict[str, Mapping[str, object]] = field(default_factory=dict)
    """By id, in their order."""

    def ends_before(self, told: Mapping[str, object], *, of_lines: bool) -> bool:
        """Whether the next record begins another session."""
        if not (self.begun and _is_session(told)):
            return False
        return not of_lines or told["sessionId"] != self._told.get("sessionId", told["sessionId"])

    def add(self, told: Mapping[str, object]) -> None:
        """Take the next line, or the one object that is the session."""
        self.begun = True
        rewound = told.get("$rewindTo")
        if isinstance(rewound, str):
            self._rewind(rewound)
        elif _is_session(told):
            self._set(told)
        elif isinstance(told.get("id"), str):
            self._messages[as_text(told["id"])] = told
        elif isinstance(told.get("$set"), dict):
            self._set(as_map(told["$set"]))
        else:
            self.tally.count("line[|s] of an unknown kind [was|were] left out")

    def record(self, file: SourceFile) -> Record:
        """What the session is, when there is no line left."""
        if self._told.get("kind") == "subagent":
            return Skipped("a session that an agent of the session held with itself")
        drafts = list(self._drafts())
        id_ = self.tally.clean(as_text(self._told.get("sessionId")))
        if not drafts:
            return Empty(f"session {id_}")
        title = as_text(self._told.get("summary")) or next(
            (draft.content for draft in drafts if draft.role == "user"), drafts[0].content
        )
        return conversation_of(
            id_ or "gemini-cli-" + digest(*(draft.content for draft in drafts[:2]))[:16],
            "gemini",
            self.tally.clean(one_line(title)),
            drafts,
            created=milliseconds(self._told.get("startTime")),
            updated=milliseconds(self._told.get("lastUpdated")),
            otherwise=file.modified_at,
        )

    def _rewind(self, id_: str) -> None:
        """As gemini-cli reads it: an id that is not there takes back everything."""
        before = len(self._messages)
        while self._messages and self._messages.popitem()[0] != id_:
            pass
        taken_back = before - len(self._messages)
        self.tally.count("message[|s] [was|were] taken back in the session and [is|are] left out", taken_back)

    def _set(self, told: Mapping[str, object]) -> None:
        self._told |= {name: value for name, value in told.items() if name != "messages"}
        messages = told.get("messages")
        if isinstance(messages, list) and messages:
            numbered = enumerate(map(as_map, messages))
            self._messages = {as_text(one.get("id")) or f"msg-{number}": one for number, one in numbered}

    def _drafts(self) -> Iterator[Draft]:
        thoughts: list[str] = []
        for key, message in self._messages.items():
            role = self._role(message)
            if role is None:
                continue
            text, thought = _said(message)
            if role == "user":
                thoughts.clear()
            else:
                thoughts += [*_thoughts(message), thought]
            if is_blank(text):
                self.tally.count("message[|s] without text, such as calls of tools, [was|were] left out")
                continue
            model = self.tally.clean(as_text(message.get("model"))) if role == "assistant" else ""
            yield Draft(
                self.tally.clean(key),
                role,
                self.tally.clean(text),
                milliseconds(message.get("timestamp")),
                self.tally.clean("\n".join(filter(None, thoughts))) or None,
                model or None,
            )
            thoughts.clear()

    def _role(self, message: Mapping[str, object]) -> Role | None:
        kind = as_text(message.get("type"))
        if kind in _OF_THE_PROGRAM:
            self.tally.count("message[|s] of the program itself (information, warnings, errors) [was|were] left out")
        elif kind not in _ROLES:
            self.tally.count(f"message[|s] had the unknown type {one_line(kind, 40)!r}")
        return _ROLES.get(kind)


def _said(message: Mapping[str, object]) -> tuple[str, str]:
    """What the person saw of a message, and what was thought in it: what was sent can hold whole files as well."""
    shown, sent = (
        spoken(told if isinstance(told, list) else [told])
        for told in (message.get("displayContent"), message.get("content"))
    )
    return sent if is_blank(shown[0]) else shown


def _thoughts(message: Mapping[str, object]) -> Iterator[str]:
    for thought in map(as_map, as_list(message.get("thoughts"))):
        yield ": ".join(filter(None, (as_text(thought.get("subject")), as_text(thought.get("description")))))
