"""LM Studio: the conversation files of the app, `~/.lmstudio/conversations/**/<epoch-ms>.conversation.json`.

One object for each conversation: `{name, createdAt, systemPrompt, messages: [{versions: [...], currentlySelected}]}`.
A version is what was said (`content`: parts), or the steps of an answer (`steps`: blocks of content, and what happened
between them). Messages have neither ids nor times: all of them get the time of the conversation.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from packages_store.model import Role
from stages.parsers.contract import Bid, Empty, Peek, ReadContext, Record, Skipped, SourceFile, Variant
from stages.parsers.reading.drafts import Draft, conversation_of
from stages.parsers.reading.each import Reading, read_each
from stages.parsers.reading.json_stream import Item
from stages.parsers.reading.values import (
    Tally,
    as_list,
    as_map,
    as_text,
    digest,
    is_blank,
    milliseconds,
    one_line,
)

_ROLES: Mapping[object, Role] = {"user": "user", "assistant": "assistant"}
_SHELL = frozenset({"createdAt", "lastUsedModel", "perChatPredictionConfig"})
"""What a conversation has besides its messages, and nobody else's."""
_BESIDE = frozenset(
    {
        "citationBlock",
        "debugInfoBlock",
        "requestConfirmToolCall",
        "status",
        "toolCallRequestBlock",
        "toolCallResultBlock",
        "toolStatus",
    }
)
"""Steps of an answer that are no part of what it says."""

_TOOLS = frozenset({"toolCallRequest", "toolCallResult"})
_PROMPT = "llm.prediction.systemPrompt"
_TIME_IN_NAME = re.compile(r"(\d{13})\d?\.conversation\.json$")


class LmStudio:
    """Reads the conversations of LM Studio."""

    platform = "lm-studio"
    title = "LM Studio"
    variants = (
        Variant(
            "",
            "conversation files of the app (`*.conversation.json`)",
            "the selected version of each message, with reasoning and model; pictures and files as placeholders;"
            " system prompts as instructions; all messages at the time of the conversation",
        ),
    )
    not_chats = ()

    def bid(self, peek: Peek) -> Bid | None:
        """Sure of messages that come in versions; a guess for a conversation that has none yet."""
        if any(map(_has_versions, peek.records)):
            return Bid("", Bid.SHAPE)
        return Bid("", Bid.GUESS) if any(map(_is_shell, peek.records)) else None

    def read(self, file: SourceFile, variant: str, context: ReadContext) -> Iterator[Record]:
        """See `Parser.read`. Versions that are not selected are counted in a note."""
        del variant, context
        return read_each(file, _record)


def _has_versions(record: object) -> bool:
    messages = map(as_map, as_list(as_map(record).get("messages")))
    versions = (as_map(version) for message in messages for version in as_list(message.get("versions")))
    return any("role" in version and ("content" in version or "steps" in version) for version in versions)


def _is_shell(record: object) -> bool:
    told = as_map(record)
    return told.get("messages") == [] and told.keys() >= _SHELL


def _record(item: Item, reading: Reading) -> Record:
    told, tally = as_map(item.value), reading.tally
    messages = [as_map(message) for message in as_list(told.get("messages"))]
    if not any("versions" in message for message in messages) and not _is_shell(told):
        return Skipped("no LM Studio conversation")
    turns = _Turns(tally)
    for message in messages:
        turns.add(message)
    if not turns.drafts:
        return Empty(reading.records.position)
    created = milliseconds(told.get("createdAt"))
    said = (milliseconds(told.get(name)) for name in ("userLastMessagedAt", "assistantLastMessagedAt"))
    return conversation_of(
        _id_of(created, turns.drafts),
        LmStudio.platform,
        tally.clean(as_text(told.get("name"))),
        turns.drafts,
        created=created,
        updated=max((at for at in said if at is not None), default=None),
        otherwise=_time_in(reading.file.name) or reading.file.modified_at,
        instructions=[*map(tally.clean, _prompts(told)), *turns.instructions],
    )


def _id_of(created: int | None, drafts: Sequence[Draft]) -> str:
    """The app knows a conversation by its file's name, which is not ours to rely on; it is when it was created."""
    return f"lm-studio-{digest(str(created or ''), drafts[0].role, drafts[0].content)[:16]}"


def _time_in(name: str) -> int | None:
    found = _TIME_IN_NAME.search(name)
    return milliseconds(found[1]) if found else None


def _prompts(told: Mapping[str, object]) -> list[str]:
    fields = map(as_map, as_list(as_map(told.get("perChatPredictionConfig")).get("fields")))
    own = [as_text(entry.get("value")) for entry in fields if entry.get("key") == _PROMPT]
    return [as_text(told.get("systemPrompt")), *own]


def _selected(message: Mapping[str, object], tally: Tally) -> Mapping[str, object]:
    """The version that is shown; the last one when the file does not tell which."""
    versions = as_list(message.get("versions"))
    if not versions:
        return {}
    tally.count("other version[|s] of messages (regenerated or edited) [was|were] left out", len(versions) - 1)
    number = message.get("currentlySelected")
    return as_map(versions[number if isinstance(number, int) and 0 <= number < len(versions) else -1])


@dataclass(slots=True)
class _Turns:
    """Gathers the turns of one conversation, message by message."""

    tally: Tally
    drafts: list[Draft] = field(default_factory=list)
    instructions: list[str] = field(default_factory=list)

    def add(self, message: Mapping[str, object]) -> None:
        version = _selected(message, self.tally)
        told = version.get("role")
        shown, thoughts = self._texts(version)
        if told == "system":
            self.instructions.append(shown)
            return
        role = _ROLES.get(told) if isinstance(told, str) else None
        if role is None:
            self.tally.count("message[|s] that neither the user nor the assistant wrote [was|were] left out")
        elif is_blank(shown):
            self.tally.count("message[|s] without text [was|were] left out")
        else:
            model = self.tally.clean(_model(version)) or None if role == "assistant" else None
            key = digest(role, shown)[:16]
            self.drafts.append(Draft(key, role, shown, None, thoughts or None, model))

    def _texts(self, version: Mapping[str, object]) -> tuple[str, str]:
        """What a version shows, and what was thought before it."""
        shown: list[str] = [self._content(version.get("content"))]
        thoughts: list[str] = []
        for step in map(as_map, as_list(version.get("steps"))):
            kind = as_text(step.get("type"))
            if kind == "contentBlock":
                is_thought = as_map(step.get("style")).get("type") == "thinking"
                (thoughts if is_thought else shown).append(self._content(step.get("content")))
            elif kind not in _BESIDE:
                self._unknown("step", kind)
        return _joined(shown), _joined(thoughts)

    def _content(self, content: object) -> str:
        if isinstance(content, str):
            return self.tally.clean(content)
        parts = (self._part(as_map(part)) for part in as_list(content))
        return self.tally.clean("\n".join(filter(None, parts)))

    def _part(self, part: Mapping[str, object]) -> str:
        kind = as_text(part.get("type"))
        if kind == "file":
            what = "image" if part.get("fileType") == "image" else "file"
            name = one_line(as_text(part.get("name")) or as_text(part.get("fileIdentifier")), 200)
            return f"[{what}: {name}]" if name else f"[{what}]"
        if kind in _TOOLS:
            return ""
        if kind not in ("text", ""):
            self._unknown("content", kind)
        return as_text(part.get("text"))

    def _unknown(self, what: str, kind: str) -> None:
        self.tally.count(f"message[|s] had the unknown {what} type {one_line(self.tally.clean(kind), 40)!r}")


def _joined(texts: Sequence[str]) -> str:
    return "\n\n".join(text for text in texts if not is_blank(text))


def _model(version: Mapping[str, object]) -> str:
    """As the app shows it, else as the first block that tells it."""
    steps = map(as_map, as_list(version.get("steps")))
    infos = [as_map(version.get("genInfo")), *(as_map(step.get("genInfo")) for step in steps)]
    told = (as_text(info.get("identifier")) or as_text(info.get("indexedModelIdentifier")) for info in infos)
    return as_text(as_map(version.get("senderInfo")).get("senderName")) or next(filter(None, told), "")
