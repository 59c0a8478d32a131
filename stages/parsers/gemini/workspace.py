"""Gemini in Google Workspace, from Takeout: `Conversation History/conversation_<N>.txt`, each one conversation as JSON.

`{"title", "creation_time", "last_modification_time", "conversation_turns": [{"user_turn": …}, {"system_turn": …}, …]}`.
`turn_index` counts the turns of both sides; one that comes again was edited, or is an answer that was written again.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from packages_store.model import Role
from stages.parsers.contract import Broken, Empty, Peek, ReadContext, Record, Skipped, SourceFile
from stages.parsers.reading.drafts import Draft, conversation_of
from stages.parsers.reading.each import Reading, read_each
from stages.parsers.reading.json_stream import Item
from stages.parsers.reading.values import Tally, as_list, as_map, as_text, digest, is_blank, milliseconds, one_line

_SIDES: Mapping[str, Role] = {"user_turn": "user", "system_turn": "assistant"}


@dataclass(frozen=True, slots=True)
class _Turn:
    role: Role
    index: int | None
    told: Mapping[str, object]

    @property
    def key(self) -> str:
        return f"{self.index}:{self.role[0]}"


def holds_workspace_chat(peek: Peek) -> bool:
    """Whether one of the first records has turns of either side."""
    return any(
        isinstance(turn, dict) and not _SIDES.keys().isdisjoint(turn)
        for record in peek.records
        for turn in as_list(as_map(record).get("conversation_turns"))
    )


def read_workspace(file: SourceFile, context: ReadContext) -> Iterator[Record]:
    """The conversation of the file."""
    del context
    return read_each(file, _record)


def _record(item: Item, reading: Reading) -> Record:
    told, tally = as_map(item.value), reading.tally
    if not isinstance(told.get("conversation_turns"), list):
        return Skipped("no conversation") if told else Broken(reading.records.position, "a conversation is an object")
    drafts = list(_drafts(_turns_of(told, tally), tally))
    if not drafts:
        return Empty(reading.records.position)
    created = milliseconds(told.get("creation_time"))
    # The file's name has the second of the creation as well: it identifies the conversation.
    name = str(created // 1000) if created else digest(*(draft.content for draft in drafts[:1]))[:16]
    title = tally.clean(as_text(told.get("title"))) or one_line(drafts[0].content)
    return conversation_of(
        f"gemini-ws-{name}",
        "gemini",
        title,
        drafts,
        created=created,
        updated=milliseconds(told.get("last_modification_time")),
        otherwise=reading.file.modified_at,
    )


def _turns_of(told: Mapping[str, object], tally: Tally) -> list[_Turn]:
    """The turns that were not deleted, in their order: of several with one index, the last."""
    kept: list[_Turn] = []
    for turn in filter(None, (_turn(as_map(member), tally) for member in as_list(told.get("conversation_turns")))):
        if turn.told.get("turn_deleted_time"):
            tally.count("turn[|s] had been deleted and [was|were] left out")
        else:
            kept.append(turn)
    last = {turn.key: turn for turn in kept if turn.index is not None}
    turns = [turn for turn in kept if turn.index is None or last[turn.key] is turn]
    tally.count("turn[|s] that [was|were] edited or written again, of which the last is kept", len(kept) - len(turns))
    if all(turn.index is not None for turn in turns):
        turns.sort(key=lambda turn: turn.index or 0)
    return turns


def _turn(member: Mapping[str, object], tally: Tally) -> _Turn | None:
    for name, role in _SIDES.items():
        if told := as_map(member.get(name)):
            index = told.get("turn_index")
            return _Turn(role, index if type(index) is int else None, told)
    tally.count("turn[ was|s were] of neither side and [was|were] left out")
    return None


def _drafts(turns: Sequence[_Turn], tally: Tally) -> Iterator[Draft]:
    for turn in turns:
        text = tally.clean("\n\n".join(filter(None, (*_texts(turn.told), _pictures(turn.told)))))
        thoughts = tally.clean("\n\n".join(filter(None, _thoughts(turn.told)))) or None
        if is_blank(text):
            tally.count("turn[|s] without any text [was|were] left out")
            continue
        key = turn.key if turn.index is not None else f"{turn.role[0]}:{digest(text)[:8]}"
        yield Draft(key, turn.role, text, milliseconds(turn.told.get("turn_last_modified")), thoughts)


def _texts(told: Mapping[str, object]) -> Iterator[str]:
    """What the turn says: a prompt, or an answer in pieces, each of them text and cards."""
    yield as_text(told.get("prompt"))
    for piece in map(as_map, as_list(told.get("text"))):
        yield as_text(piece.get("preamble"))
        yield as_text(piece.get("data"))
        yield from (as_text(as_map(card).get("content")) for card in as_list(piece.get("cards")))


def _pictures(told: Mapping[str, object]) -> str:
    return "\n".join(f"[image: {name}]" for name in map(as_text, as_list(told.get("images"))) if name)


def _thoughts(told: Mapping[str, object]) -> Iterator[str]:
    for thought in map(as_map, as_list(told.get("model_thoughts"))):
        words = (as_text(thought.get("headline")), as_text(thought.get("description")))
        yield ": ".join(filter(None, words))
