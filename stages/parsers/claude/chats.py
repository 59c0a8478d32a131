"""Conversations of claude.ai: `{uuid, name, chat_messages: [...]}`, of the official export and of tools that save them.

What differs between them is what the messages hold (`content.py`) and whether they say which one they follow
(`thread.py`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from packages_store.model import Edition, Role
from stages.parsers.claude.artifacts import Artifacts
from stages.parsers.claude.content import Blocks, Files, answer_of, blocks_of, joined, read_blocks, words_of
from stages.parsers.claude.thread import thread, without_doubles
from stages.parsers.contract import Empty, Record
from stages.parsers.reading.drafts import Draft, conversation_of
from stages.parsers.reading.each import Reading
from stages.parsers.reading.json_stream import Item
from stages.parsers.reading.trees import LEFT_OUT
from stages.parsers.reading.values import Tally, as_list, as_map, as_text, digest, is_blank, milliseconds

PLATFORM = "claude"
COMMUNITY = "psycheros_export"
"""What the community's thread exporter adds to a conversation."""

_ROLES: Mapping[object, Role] = {"human": "user", "user": "user", "assistant": "assistant"}
_OF_OTHERS = ("mapping", "chat_session")
_IDS_OF_OTHERS = ("message_id", "fragments")
_TWICE = "message[ was|s were] in a conversation more than once and [is|are] kept once"
_OF_NOBODY = "message[ was|s were] neither the person's nor Claude's and [was|were] left out"


def is_chat(record: object) -> bool:
    """Whether one of its messages tells who said something. DeepSeek's API uses the same name for its list."""
    told = as_map(record)
    if any(name in told for name in _OF_OTHERS):
        return False
    return any(map(_is_message, as_list(told.get("chat_messages"))))


def is_empty_chat(record: object) -> bool:
    """Whether it is a conversation with nothing in it, which tells no more than its name."""
    told = as_map(record)
    return told.get("chat_messages") == [] and ("uuid" in told or "name" in told)


def is_saved_by_community(record: object) -> bool:
    """Whether the community's thread exporter says that it saved this conversation of Claude's."""
    told = as_map(record)
    return isinstance(told.get(COMMUNITY), dict) and (is_chat(told) or is_empty_chat(told))


def _is_message(message: object) -> bool:
    told = as_map(message)
    says = "text" in told or "content" in told
    return says and _role_of(told) is not None and not any(name in told for name in _IDS_OF_OTHERS)


def _role_of(message: Mapping[str, object]) -> Role | None:
    author = message.get("author")
    for told in (message.get("sender"), message.get("role"), author, as_map(author).get("role")):
        if isinstance(told, str) and told in _ROLES:
            return _ROLES[told]
    return None


def chat_record(item: Item, told: Mapping[str, object], reading: Reading) -> Record:
    """The conversation that `told`, which has a list of messages, is; or that it is empty."""
    tally = reading.tally
    messages = _messages(told, tally)
    turns = _turns(messages, told, tally)
    if not turns:
        return Empty(reading.records.position)
    title = as_text(told.get("name")) or as_text(told.get("title"))
    has_ids = all(as_text(message.get("uuid")) for message in messages)
    return conversation_of(
        tally.clean(_id_of(item, told, turns[0])),
        PLATFORM,
        tally.clean(title),
        turns,
        created=milliseconds(told.get("created_at")),
        updated=milliseconds(told.get("updated_at")),
        otherwise=reading.file.modified_at,
        edition=Edition.EXPORT if has_ids and COMMUNITY not in told else Edition.COPY,
    )


def _id_of(item: Item, told: Mapping[str, object], first: Draft) -> str:
    """As told, else by the key in the file, else by what a later export of the same conversation would still hold."""
    for name in ("uuid", "conversation_id", "id"):
        if found := as_text(told.get(name)):
            return found
    if item.key:
        return item.key
    begun = as_text(told.get("created_at")) or as_text(told.get("name"))
    return f"claude-{digest(begun, first.key, first.content)[:16]}"


def _messages(told: Mapping[str, object], tally: Tally) -> list[Mapping[str, object]]:
    listed = as_list(told.get("chat_messages"))
    objects = [one for one in listed if isinstance(one, dict)]
    messages = without_doubles(objects)
    tally.count(_OF_NOBODY, len(listed) - len(objects))
    tally.count(_TWICE, len(objects) - len(messages))
    return messages


def _turns(messages: Sequence[Mapping[str, object]], told: Mapping[str, object], tally: Tally) -> list[Draft]:
    places = thread(messages, told.get("current_leaf_message_uuid"))
    turns = _Turns(tally, as_text(told.get("model")))
    for place in places:
        turns.add(messages[place])
    turns.end()
    if len(places) < len(messages):
        followed = set(places)
        left = sum(1 for place, one in enumerate(messages) if place not in followed and _is_message(one))
        tally.count(LEFT_OUT, left)
    return turns.drafts


@dataclass(slots=True)
class _Turns:
    """Gathers the turns of one thread, message by message."""

    tally: Tally
    model: str
    drafts: list[Draft] = field(default_factory=list)
    _artifacts: Artifacts = field(default_factory=Artifacts)
    _thoughts: list[str] = field(default_factory=list)
    _made: list[str] = field(default_factory=list)

    def add(self, message: Mapping[str, object]) -> None:
        """Take the next message of the thread."""
        role = _role_of(message)
        if role is None:
            self.tally.count(_OF_NOBODY)
            return
        files = Files(message)
        blocks = read_blocks(blocks_of(message.get("content")), files, self._artifacts, self.tally)
        words = words_of(message, blocks)
        if role == "assistant":
            self._answer(message, words, blocks, files)
            return
        said = files.added_to(joined([*words, *blocks.attached]), self.tally)
        if not is_blank(said):
            self.end()
            self._append(message, role, said)

    def end(self) -> None:
        """Nothing more is answered: what was thought and made without a word is in no message."""
        self.tally.count("artifact[|s] came without a word of an answer and [was|were] left out", len(self._made))
        self._thoughts, self._made = [], []

    def _answer(self, message: Mapping[str, object], words: Sequence[str], blocks: Blocks, files: Files) -> None:
        said, thoughts = answer_of(words)
        self._thoughts += [*(blocks.thoughts or _thoughts_beside(message)), *thoughts]
        said = files.added_to(joined([said, *blocks.attached]), self.tally)
        if is_blank(said):  # thoughts and artifacts belong to the words that follow, if any do
            self._made += blocks.made
            return
        reasoning, model = joined(self._thoughts), as_text(message.get("model")) or self.model
        self._append(message, "assistant", joined([*self._made, said, *blocks.made]), reasoning, model)
        self._thoughts, self._made = [], []

    def _append(
        self, message: Mapping[str, object], role: Role, said: str, reasoning: str = "", model: str = ""
    ) -> None:
        clean = self.tally.clean
        text, at = clean(said), milliseconds(message.get("created_at"))
        key = clean(as_text(message.get("uuid"))) or digest(role, text)[:16]
        self.drafts.append(Draft(key, role, text, at, clean(reasoning) or None, clean(model) or None))


def _thoughts_beside(message: Mapping[str, object]) -> list[str]:
    """What tools that rewrite a conversation keep of thoughts: one text, or a list of texts or blocks."""
    told = [message.get("thinking"), *as_list(message.get("thinking_blocks"))]
    return list(dict.fromkeys(as_text(one) or as_text(as_map(one).get("thinking")) for one in told))
