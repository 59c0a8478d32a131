"""Google Takeout, My Activity > Gemini Apps: a log of prompts from which conversations are put together.

It comes as JSON or as a web page, which is what Takeout offers first. Both tell the same, and make the same
conversations with the same ids; what the page does not have are milliseconds. Names of folders and files are in the
language of the account and tell nothing.
"""

import io
from collections.abc import Iterator
from datetime import tzinfo

from packages_store.errors import SourceBroken
from stages.parsers.contract import Broken, Peek, ReadContext, Record, SourceFile
from stages.parsers.gemini.pages import cards_of, is_card_of_gemini, turn_in_card
from stages.parsers.gemini.records import is_activity, is_of_gemini, turn_in_record
from stages.parsers.gemini.turns import Turn, conversations_in
from stages.parsers.reading.json_stream import Records
from stages.parsers.reading.text import Text, count_lost, open_text
from stages.parsers.reading.values import Tally

HELD_AS_IT_IS = 16 << 20
"""Characters of all turns. What comes behind these is held compressed, which takes longer than to read it."""


def holds_activity(peek: Peek) -> bool:
    """Whether one of the first records is Gemini's: by its product or by a link to a chat."""
    return peek.wrapping == "array" and any(is_activity(one) and is_of_gemini(one) for one in peek.records)


def holds_page(peek: Peek) -> bool:
    """Whether one of the first cards of a page is Gemini's: by its header or by a link to a chat."""
    return peek.kind == "text" and any(is_card_of_gemini(card) for card in cards_of(io.StringIO(peek.head)))


def read_activity(file: SourceFile, context: ReadContext) -> Iterator[Record]:
    """What the file holds that is no turn, then its conversations, oldest first.

    Holds the text of all turns, most of it compressed when it is long, but of one answer's HTML at a time.
    """
    tally = Tally()
    with file.open() as stream:
        records = Records(stream)
        found = (item if isinstance(item, Broken) else turn_in_record(item.value, records, tally) for item in records)
        yield from _conversations(found, file, context, tally)


def read_page(file: SourceFile, context: ReadContext) -> Iterator[Record]:
    """As `read_activity`; holds one card at a time."""
    tally = Tally()
    with open_text(file) as page:
        yield from _conversations(_in_cards(page, file.size, context.zone, tally), file, context, tally)


def _in_cards(page: Text, size: int, zone: tzinfo, tally: Tally) -> Iterator[Turn | Record]:
    try:
        for card in cards_of(page):
            if card.is_closed:
                yield turn_in_card(card, zone, tally)
            if not card.is_followed:
                yield Broken(f"card {card.number}", f"the file is cut short at byte {size}")
    except SourceBroken as error:
        yield Broken(error.position, str(error))
    count_lost(page, tally)


def _conversations(
    found: Iterator[Turn | Record], file: SourceFile, context: ReadContext, tally: Tally
) -> Iterator[Record]:
    turns: list[Turn] = []
    loose = 0
    for one in found:
        if isinstance(one, Turn):
            loose += sum(map(len, one.said.answers)) + len(one.said.prompt)
            turns.append(one if loose <= HELD_AS_IT_IS else one.packed())
        else:
            yield one
    yield from conversations_in(turns, context.gap_minutes, file.modified_at, tally)
    yield from tally.notes()
