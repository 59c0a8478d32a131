"""Turns, as the present site loads them page by page, the newest first: `{"turns": [...], "meta": {"next_token"}}`.

A turn is `{"turn_key": {"chat_id", "turn_id"}, "create_time", "author": {"name", "is_human"}, "candidates":
[{"candidate_id", "raw_content", "tti_image_rel_path"}], "primary_candidate_id"}`; `is_human` stands only at the user's.
"""

from collections.abc import Iterator, Mapping, Sequence

from stages.parsers.character_ai.shown import PLATFORM, id_by_opening, id_in, key_of, shown
from stages.parsers.contract import Broken, Empty, Record, Skipped, SourceFile
from stages.parsers.reading.drafts import Draft, conversation_of
from stages.parsers.reading.json_stream import Records
from stages.parsers.reading.values import NOTHING, Tally, as_list, as_map, as_text, milliseconds
from stages.parsers.sillytavern.lines import Said

Turn = Mapping[str, object]


def turns_in(record: object) -> list[Turn]:
    """The turns of a page, or the one turn that the record is itself."""
    told = as_map(record)
    return [as_map(turn) for turn in (told, *as_list(told.get("turns"))) if _is_turn(turn)]


def read_turns(file: SourceFile) -> Iterator[Record]:
    """Every chat of the file. The pages of one, or its turns without any page, follow each other."""
    tally = Tally()
    chat, turns = "", list[Turn]()
    with file.open() as stream:
        records = Records(stream)
        for item in records:
            if isinstance(item, Broken):
                yield item
                continue
            found = turns_in(item.value)
            if not found:
                is_page = isinstance(as_map(item.value).get("turns"), list)
                yield Empty(records.position) if is_page else Skipped("no turns of a chat")
            for turn in found:
                key = id_in(as_map(turn.get("turn_key")), "chat_id")
                if turns and key != chat:
                    yield _chat(chat, turns, file, tally)
                    turns = []
                chat = key
                turns.append(turn)
    if turns:
        yield _chat(chat, turns, file, tally)
    yield from tally.notes()


def _is_turn(turn: object) -> bool:
    told = as_map(turn)
    return isinstance(told.get("turn_key"), dict) and isinstance(told.get("candidates"), list)


def _chat(chat: str, turns: list[Turn], file: SourceFile, tally: Tally) -> Record:
    first, last = (milliseconds(turn.get("create_time")) for turn in (turns[0], turns[-1]))
    if first is None or last is None or first >= last:
        turns.reverse()
    pairs = [(turn, seen) for turn in turns if (seen := _shown(turn, tally)) is not None]
    if not pairs:
        return Empty(f"chat {tally.clean(chat)}")
    names = [name for name in dict.fromkeys(seen.name for _turn, seen in pairs if seen.role == "assistant") if name]
    return conversation_of(
        tally.clean(chat) or id_by_opening("", [seen for _turn, seen in pairs]),
        PLATFORM,
        ", ".join(names),
        [_draft(turn, seen, len(names) > 1, tally) for turn, seen in pairs],
        created=None,
        updated=None,
        otherwise=file.modified_at,
    )


def _draft(turn: Turn, seen: Said, several: bool, tally: Tally) -> Draft:
    is_named = several and seen.role == "assistant" and seen.name
    return Draft(
        key=tally.clean(id_in(as_map(turn.get("turn_key")), "turn_id")) or key_of(seen),
        role=seen.role,
        content=f"{seen.name}: {seen.text}" if is_named else seen.text,
        at=milliseconds(turn.get("create_time")),
    )


def _shown(turn: Turn, tally: Tally) -> Said | None:
    candidates = [as_map(one) for one in as_list(turn.get("candidates"))]
    if len(candidates) > 1:
        tally.count("alternative answer[|s] that [was|were] not chosen [was|were] left out", len(candidates) - 1)
    candidate = _chosen(candidates, turn.get("primary_candidate_id"))
    author = as_map(turn.get("author"))
    by_user = bool(author.get("is_human"))
    seen = shown(by_user, candidate.get("raw_content"), candidate.get("tti_image_rel_path"), tally)
    return seen and seen._replace(name=tally.clean(as_text(author.get("name"))).strip())


def _chosen(candidates: Sequence[Turn], primary: object) -> Turn:
    """The answer that was chosen, else the last one."""
    named = (one for one in candidates if primary and one.get("candidate_id") == primary)
    return next(named, candidates[-1] if candidates else NOTHING)
