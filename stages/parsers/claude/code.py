"""Sessions of Claude Code: a log, one line for every piece of an answer, prompt, tool result and note of the program.

Lines are `{type, uuid, sessionId, timestamp, message: {role, content, id, model}}`, in a file for each session; Claude
Code on the web has them in `{"loglines": [...]}`, without ids. Most lines are no conversation: what tools returned,
what subagents did, what the program wrote in the person's name. The conversation is what is left, in the order of the
log.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from packages_store.model import Conversation, Edition, Role
from stages.parsers.claude.chats import PLATFORM
from stages.parsers.claude.content import joined
from stages.parsers.contract import Broken, Empty, Peek, Record, Skipped, SourceFile
from stages.parsers.reading.drafts import Draft, conversation_of
from stages.parsers.reading.json_stream import Records
from stages.parsers.reading.values import Tally, as_list, as_map, as_text, digest, is_blank, milliseconds, one_line

_LINKS = ("sessionId", "uuid", "parentUuid")

_OF_SUBAGENTS = "lines of subagents"
_OF_TOOLS = "calls and results of tools"
_OF_PROGRAM = "lines that Claude Code wrote for itself"
_OF_COMMANDS = "commands and what they put out"
_TWICE = "lines that were in the log twice"

_OWN_LINES = frozenset(
    {"ai-title", "custom-title", "file-history-snapshot", "last-prompt", "permission-mode", "queue-operation"}
)
_COMMANDS = (
    "<command-name>",
    "<command-message>",
    "<command-args>",
    "<local-command-",
    "<bash-",
    "Caveat:",
)
_NOTES = ("<system-reminder>", "<task-notification>", "<ide_", "[Request interrupted by user")
_REMINDER = "<system-reminder>", "</system-reminder>"
_SYNTHETIC = "<synthetic>"  # the model of what the program said in Claude's name


def is_log(peek: Peek) -> bool:
    """Whether one of the first lines is a piece of a conversation, with the ids that this program gives."""
    if peek.wrapping == "wrapped":
        return False
    return any(_is_piece(record) and any(name in as_map(record) for name in _LINKS) for record in peek.records)


def is_web_log(peek: Peek) -> bool:
    """Whether one of the first lines within an object is a piece of a conversation; it needs no ids."""
    return peek.wrapping == "wrapped" and any(map(_is_piece, peek.records))


def could_be_log(peek: Peek) -> bool:
    """Whether a line of a session is one that only this program writes: a log can begin with a hundred of them."""
    lines = [as_map(record) for record in peek.records]
    return any(as_text(line.get("sessionId")) and as_text(line.get("type")) in _OWN_LINES for line in lines)


def has_titles_only(peek: Peek) -> bool:
    """Whether every line is the title of a session whose lines are in another file."""
    lines = [as_map(record) for record in peek.records]
    return bool(lines) and all(line.get("type") == "summary" and "leafUuid" in line for line in lines)


def _is_piece(record: object) -> bool:
    told = as_map(record)
    message = as_map(told.get("message"))
    type_ = told.get("type")
    return type_ in ("user", "assistant") and message.get("role", type_) == type_ and "content" in message


def read_log(file: SourceFile) -> Iterator[Record]:
    """Every session of the log, in the order in which they begin, after what could not be read.

    Holds the text of the log's conversations: a session can go on until the last line.
    """
    log = _Log(Tally())
    with file.open() as stream:
        records = Records(stream)
        for item in records:
            if isinstance(item, Broken):
                yield item
            elif isinstance(item.value, dict):
                log.add(item.value)
            else:
                yield Broken(records.position, "a line of the log is an object, and this is none")
    yield from log.end(file.modified_at)


@dataclass(slots=True)
class _Answer:
    """What one answer of Claude's says, which can take several lines."""

    place: int
    said: list[str] = field(default_factory=list)
    thoughts: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Session:
    """One conversation while the log is read. Answers are in `drafts` without their text until all is read."""

    id: str
    drafts: list[Draft] = field(default_factory=list)
    answers: dict[str, _Answer] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)
    """The ids of its lines."""
    title: str = ""
    named: str = ""
    """The title that the person gave it."""


@dataclass(slots=True)
class _Log:
    tally: Tally
    sessions: dict[str, _Session] = field(default_factory=dict)
    skipped: Counter[str] = field(default_factory=Counter)
    titles: list[tuple[str, str]] = field(default_factory=list)
    """For each summary, the line that it is about, and the summary."""
    _last: str = ""

    def add(self, line: Mapping[str, object]) -> None:
        """Take the next line. One that tells no session is of the same as the one before it."""
        self._last = as_text(line.get("sessionId")) or self._last
        session = self.sessions.setdefault(self._last, _Session(self._last))
        if self._is_title(session, line):
            return
        uuid = as_text(line.get("uuid"))
        reason = _TWICE if uuid and uuid in session.seen else _reason_against(line)
        session.seen.update({uuid} - {""})
        if reason:
            self.skipped[reason] += 1
        elif line.get("type") == "user":
            self._prompt(session, line)
        else:
            self._piece(session, line)

    def _is_title(self, session: _Session, line: Mapping[str, object]) -> bool:
        kind = line.get("type")
        if kind == "summary":
            self.titles.append((as_text(line.get("leafUuid")), as_text(line.get("summary"))))
        elif kind == "ai-title":
            session.title = as_text(line.get("aiTitle")) or session.title
        elif kind == "custom-title":
            session.named = as_text(line.get("customTitle")) or session.named
        return kind in ("summary", "ai-title", "custom-title")

    def end(self, otherwise: int) -> Iterator[Record]:
        """The conversations, and what was no part of one."""
        self._give_titles()
        for session in self.sessions.values():
            found = self._conversation(session, otherwise)
            if found is not None:
                yield found
            elif session.id:
                yield Empty(f"session {one_line(self.tally.clean(session.id), 80)}")
        for reason, count in self.skipped.items():
            yield Skipped(reason, count)
        yield from self.tally.notes()

    def _prompt(self, session: _Session, line: Mapping[str, object]) -> None:
        texts, attached, has_results = _shown(as_map(line.get("message")).get("content"), self.tally)
        kept = [text for text in map(_without_reminders, texts) if not text.lstrip().startswith(_NOTES)]
        said = "\n".join(filter(None, (joined(kept), *attached)))
        if said.lstrip().startswith(_COMMANDS):
            self.skipped[_OF_COMMANDS] += 1
        elif is_blank(said):
            self.skipped[_OF_TOOLS if has_results else _OF_PROGRAM] += 1
        else:
            session.drafts.append(self._draft(line, "user", said, as_text(line.get("uuid"))))

    def _piece(self, session: _Session, line: Mapping[str, object]) -> None:
        message = as_map(line.get("message"))
        blocks = _blocks(message.get("content"))
        texts, attached, _ = _shown(blocks, self.tally)
        said = [*texts, *attached]
        thoughts = [as_text(one.get("thinking")) for one in map(as_map, blocks) if one.get("type") == "thinking"]
        if is_blank("".join((*said, *thoughts))):
            self.skipped[_OF_TOOLS] += 1
            return
        id_ = as_text(message.get("id"))
        key = id_ or as_text(line.get("uuid"))
        answer = session.answers.get(key) if key else None
        if answer is None:
            answer = _Answer(len(session.drafts))
            session.drafts.append(self._draft(line, "assistant", joined(said), key))
            session.answers[key or f"#{answer.place}"] = answer
        answer.said.extend(said)
        answer.thoughts.extend(thoughts)

    def _draft(self, line: Mapping[str, object], role: Role, said: str, key: str) -> Draft:
        clean, at = self.tally.clean, milliseconds(line.get("timestamp"))
        told = as_text(as_map(line.get("message")).get("model")) if role == "assistant" else ""
        key = clean(key) or digest(role, clean(said), as_text(line.get("timestamp")))[:16]
        return Draft(key, role, clean(said), at, model=clean(told) or None)

    def _give_titles(self) -> None:
        """To each session its last summary: one that names a line of it, else, if it is alone, the last of all."""
        ends = {uuid: session for session in self.sessions.values() for uuid in session.seen}
        for leaf, title in self.titles:
            if leaf in ends:
                ends[leaf].title = title
        with_turns = [session for session in self.sessions.values() if session.drafts]
        if len(with_turns) == 1 and not with_turns[0].title and self.titles:
            with_turns[0].title = self.titles[-1][1]

    def _conversation(self, session: _Session, otherwise: int) -> Conversation | None:
        drafts = list(_with_answers(session, self.tally))
        if not drafts:
            return None
        id_ = session.id or f"claude-code-{digest(drafts[0].key, drafts[0].content)[:16]}"
        return conversation_of(
            self.tally.clean(id_),
            PLATFORM,
            self.tally.clean(session.named or session.title),
            drafts,
            created=None,
            updated=None,
            otherwise=otherwise,
            edition=Edition.EXPORT if session.id else Edition.COPY,
        )


def _reason_against(line: Mapping[str, object]) -> str:
    """Why a line is no part of the conversation between the person and Claude, '' when it can be one."""
    if line.get("isSidechain") is True:
        return _OF_SUBAGENTS
    marks = ("isMeta", "isCompactSummary", "isVisibleInTranscriptOnly", "isApiErrorMessage")
    if any(line.get(mark) is True for mark in marks) or line.get("type") not in ("user", "assistant"):
        return _OF_PROGRAM
    return _OF_PROGRAM if as_map(line.get("message")).get("model") == _SYNTHETIC else ""


def _blocks(content: object) -> Sequence[object]:
    return [content] if isinstance(content, str) else as_list(content)


def _shown(content: object, tally: Tally) -> tuple[list[str], list[str], bool]:
    """The texts of a message, placeholders for what is attached to it, and whether it holds results of tools."""
    texts, attached, has_results = [], [], False
    for block in _blocks(content):
        kind = as_text(as_map(block).get("type"))
        if isinstance(block, str):
            texts.append(block)
        elif kind == "text":
            texts.append(as_text(as_map(block).get("text")))
        elif kind in ("image", "document"):
            attached.append("[image]" if kind == "image" else "[file]")
        elif "tool" in kind:
            has_results = True
        elif "thinking" not in kind:
            tally.count(f"content block[|s] had the unknown type {one_line(kind, 40)!r}")
    return texts, attached, has_results


def _without_reminders(text: str) -> str:
    """`text` without what the program reminds Claude of in the person's name."""
    opening, closing = _REMINDER
    pieces, begin = [], 0
    while (at := text.find(opening, begin)) >= 0 and (end := text.find(closing, at)) >= 0:
        pieces.append(text[begin:at])
        begin = end + len(closing)
    return joined([*pieces, text[begin:]]) if pieces else text


def _with_answers(session: _Session, tally: Tally) -> Iterator[Draft]:
    """The turns, each answer with all of its pieces. Thoughts that nothing was said after go to the next answer."""
    answers = {answer.place: answer for answer in session.answers.values()}
    thoughts: list[str] = []
    for place, draft in enumerate(session.drafts):
        answer = answers.get(place)
        if answer is None:
            thoughts = []
            yield draft
            continue
        thoughts += answer.thoughts
        said = tally.clean(joined(list(dict.fromkeys(answer.said))))
        if said:
            yield draft._replace(content=said, reasoning=tally.clean(joined(thoughts)) or None)
            thoughts = []
