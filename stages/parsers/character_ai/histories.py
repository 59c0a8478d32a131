"""All chats with a character, as the site gave them in 2022 and 2023 and the dumper and CAI Tools saved them.

`{"info": {"character": {"name"}}, "histories": {"histories": [{"external_id", "created", "last_interaction", "msgs":
[{"id", "text", "created", "is_alternative", "image_rel_path", "src": {"is_human", "name"}}]}]}}`, of which everything
but the text and its side can be missing.
"""

from collections.abc import Iterator, Mapping, Sequence

from stages.parsers.character_ai.shown import PLATFORM, id_by_opening, id_in, key_of, shown
from stages.parsers.contract import Broken, Empty, Record, Skipped, SourceFile
from stages.parsers.reading.drafts import Draft, conversation_of
from stages.parsers.reading.json_stream import Records
from stages.parsers.reading.values import Tally, as_list, as_map, as_text, milliseconds
from stages.parsers.sillytavern.lines import Said


def histories_in(record: object) -> list[Mapping[str, object]]:
    """The chats in a dump: a list, or an object that holds the list under the same name again."""
    histories = as_map(record).get("histories")
    listed = as_list(histories) or as_list(as_map(histories).get("histories"))
    return [as_map(one) for one in listed if isinstance(as_map(one).get("msgs"), list)]


def read_histories(file: SourceFile) -> Iterator[Record]:
    """Every chat of every dump in the file."""
    tally = Tally()
    with file.open() as stream:
        records = Records(stream)
        for item in records:
            if isinstance(item, Broken):
                yield item
                continue
            found = histories_in(item.value)
            if not found:
                yield Skipped("no history of a character")
                continue
            character = as_map(as_map(as_map(item.value).get("info")).get("character"))
            position = records.position
            for number, history in enumerate(found):
                name = as_text(character.get("name"))
                yield _chat(history, name, f"{position}, history {number + 1}", file, tally)
    yield from tally.notes()


def _chat(history: Mapping[str, object], name: str, position: str, file: SourceFile, tally: Tally) -> Record:
    messages = [as_map(one) for one in as_list(history.get("msgs"))]
    chosen = [one for one in messages if one.get("is_alternative") is not True]
    tally.count("alternative answer[|s] that [was|were] not chosen [was|were] left out", len(messages) - len(chosen))
    # CAI Tools writes the time of the chat into each of its messages.
    inferred = len(chosen) > 1 and len({milliseconds(one.get("created")) for one in chosen}) == 1
    pairs = [(one, seen) for one in chosen if (seen := _shown(one, tally)) is not None]
    if not pairs:
        return Empty(position)
    name = name or _name_in(chosen)
    return conversation_of(
        tally.clean(id_in(history, "external_id")) or id_by_opening(name, [seen for _one, seen in pairs]),
        PLATFORM,
        tally.clean(name),
        [
            Draft(
                tally.clean(id_in(one, "id")) or key_of(seen),
                seen.role,
                seen.text,
                milliseconds(one.get("created")),
                inferred=inferred,
            )
            for one, seen in pairs
        ],
        created=milliseconds(history.get("created")),
        updated=milliseconds(history.get("last_interaction")),
        otherwise=file.modified_at,
    )


def _shown(message: Mapping[str, object], tally: Tally) -> Said | None:
    by_user = bool(as_map(message.get("src")).get("is_human"))
    return shown(by_user, message.get("text"), message.get("image_rel_path"), tally)


def _name_in(messages: Sequence[Mapping[str, object]]) -> str:
    sources = (as_map(message.get("src")) for message in messages)
    return next((as_text(source.get("name")) for source in sources if not source.get("is_human")), "")
