"""Character.AI: what the site's own interfaces give, and what CAI Tools saves of it for other programs.

Four shapes: all chats with a character as in 2022 and 2023 (`histories.py`), the turns that the present site loads
(`turns.py`), and chats rewritten for TavernAI and for text-generation-webui (`rewritten.py`). What the official
download of an account holds is not known.
"""

from collections.abc import Iterator

from stages.parsers.character_ai.histories import histories_in, read_histories
from stages.parsers.character_ai.rewritten import read_pairs, read_tavern
from stages.parsers.character_ai.shown import PLATFORM
from stages.parsers.character_ai.turns import read_turns, turns_in
from stages.parsers.contract import Bid, NotAChat, Peek, ReadContext, Record, SourceFile, Variant
from stages.parsers.reading.refusals import records_have
from stages.parsers.reading.values import NOTHING, as_map
from stages.parsers.sillytavern.lines import is_header, is_message
from stages.parsers.sillytavern.tools import is_of_cai_tools

TAVERN = "tavern"
OOBABOOGA = "oobabooga"
HISTORIES = "histories"
TURNS = "turns"

_LISTS = ("internal", "visible")


def _is_of_webui(peek: Peek) -> bool:
    told = [as_map(record) for record in peek.records]
    return any(all(isinstance(one.get(name), list) for name in _LISTS) for one in told)


def _is_list_of_chats(peek: Peek) -> bool:
    return peek.wrapping == "wrapped" and records_have("chat_id", "character_id", without="turns")(peek)


class CharacterAi:
    """Reads Character.AI's chats. The variant says which of the shapes the file has."""

    platform = PLATFORM
    title = "Character.AI"
    variants = (
        Variant(
            TAVERN,
            "CAI Tools: Tavern chat (`.jsonl`), or the ZIP of all chats with a character",
            "every message; without times, as all dates in it are the moment of the export; messages of one side that"
            " follow each other are one",
        ),
        Variant(
            OOBABOOGA,
            "CAI Tools: Oobabooga chat (`internal`, `visible`, `data` and `data_visible`)",
            "questions and answers, without times and names; the greeting is not in the file, and after two answers in"
            " a row the file itself has the sides reversed",
        ),
        Variant(
            HISTORIES,
            "the history of a character as the dumper or CAI Tools saved it in 2022 and 2023",
            "every message, with the times of the chats; answers that were not chosen are counted and left out",
        ),
        Variant(
            TURNS,
            "turns as the site's own interface gives them, one page or all",
            "every turn with its time and the answer that was chosen, pictures as placeholders; where several"
            " characters answer, their name before the text; other answers are counted and left out",
        ),
    )
    not_chats = (
        NotAChat(
            _is_of_webui,
            "it is a chat of text-generation-webui, or saved for it, which tells neither its platform nor times.",
            "Drop the export of the program in which the chat took place.",
        ),
        NotAChat(
            _is_list_of_chats,
            "it lists chats of Character.AI, and holds no messages.",
            "Drop the turns of the chats, or what CAI Tools downloads as Tavern chats.",
        ),
    )

    def bid(self, peek: Peek) -> Bid | None:
        """Sure of each shape by what only it has; of Tavern chats by their dates, see `is_of_cai_tools`."""
        variant = _shape_of(peek) if peek.kind == "json" else ""
        return Bid(variant, Bid.SHAPE) if variant else None

    def read(self, file: SourceFile, variant: str, context: ReadContext) -> Iterator[Record]:
        """See `Parser.read`. What CAI Tools saves is one conversation, which is held in memory."""
        if variant == TAVERN:
            return read_tavern(file, context)
        if variant == OOBABOOGA:
            return read_pairs(file)
        return read_histories(file) if variant == HISTORIES else read_turns(file)


def _shape_of(peek: Peek) -> str:
    if peek.wrapping == "wrapped":
        # Of the four lists, `data` is the one that is unwrapped.
        return OOBABOOGA if all(isinstance(peek.envelope.get(name), list) for name in _LISTS) else ""
    if any(map(histories_in, peek.records)):
        return HISTORIES
    if any(map(turns_in, peek.records)):
        return TURNS
    header = next((as_map(record) for record in peek.records if is_header(record)), NOTHING)
    messages = [as_map(record) for record in peek.records if is_message(record)]
    return TAVERN if is_of_cai_tools(header, messages) else ""
