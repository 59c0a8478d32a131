"""What Google Takeout hands out beside the activity of Gemini Apps, and what of that activity holds nothing.

Most people choose the product "Gemini" first, which holds Gems and scheduled actions, and no chats.
"""

import io
import re

from stages.parsers.contract import NotAChat, Peek
from stages.parsers.gemini.pages import cards_of
from stages.parsers.reading.refusals import page_holds, records_have
from stages.parsers.reading.values import as_list, as_map

_ADVICE = "In Google Takeout choose My Activity > Gemini Apps, in JSON or HTML."
_OFF = (
    "Google exports only what is kept at myactivity.google.com/product/gemini: what was said while Gemini Apps Activity"
    " was off cannot be had."
)
_NOTHING_BUT_TAGS = re.compile(r"\s*(?:<[^<>]*>\s*)+")

# Members that only one product of Takeout has: Chrome, Maps (three forms), Photos, Keep.
_OF_OTHER_PRODUCTS = frozenset(
    {
        "Browser History",
        "locations",
        "semanticSegments",
        "timelineObjects",
        "photoTakenTime",
        "userEditedTimestampUsec",
    }
)


def _is_activity(peek: Peek) -> bool:
    return peek.wrapping == "array" and records_have("header", "title", "time")(peek)


def _has_cards(peek: Peek) -> bool:
    return peek.kind == "text" and next(cards_of(io.StringIO(peek.head)), None) is not None


def _is_activity_without_cards(peek: Peek) -> bool:
    return page_holds("mdl-grid", "</html>")(peek)


def _is_empty_list(peek: Peek) -> bool:
    return peek.wrapping == "array" and not peek.records and not peek.flaw


def _is_page_without_text(peek: Peek) -> bool:
    return peek.kind == "text" and _NOTHING_BUT_TAGS.fullmatch(peek.head) is not None


def _is_of_another_product(peek: Peek) -> bool:
    return any(not _OF_OTHER_PRODUCTS.isdisjoint(as_map(record)) for record in peek.records)


def _is_talk_of_people(peek: Peek) -> bool:
    messages = (as_map(one) for record in peek.records for one in (record, *as_list(as_map(record).get("messages"))))
    return any("creator" in message and "created_date" in message for message in messages)


TAKEOUT_SIBLINGS = (
    NotAChat(_is_activity, "it is Google activity, but none of it is Gemini's.", _ADVICE),
    NotAChat(_has_cards, "it is Google activity as a web page, but none of it is Gemini's.", _ADVICE),
    NotAChat(_is_activity_without_cards, "it is a page of Google activity on which there is no activity.", _OFF),
    NotAChat(
        _is_empty_list,
        "it is JSON without any record: an empty list, as an export has where nothing was kept.",
        "If it is Google's: Gemini Apps Activity was off, and what was said meanwhile cannot be had.",
    ),
    NotAChat(page_holds("extracted-f"), "it is the table of contents of a Google Takeout.", _ADVICE),
    NotAChat(
        page_holds("name:</b>", "instructions:</b>"),
        "it lists Gems with their instructions: the product Gemini of Google Takeout holds no chats.",
        _ADVICE,
    ),
    NotAChat(
        page_holds("name:", "schedule:"),
        "it lists scheduled actions: the product Gemini of Google Takeout holds no chats.",
        _ADVICE,
    ),
    NotAChat(
        _is_page_without_text,
        "it is a page without any text, as Google Takeout has it for Gems and scheduled actions where there are none.",
        _ADVICE,
    ),
    NotAChat(_is_of_another_product, "it is from Google Takeout, and of another product than My Activity.", _ADVICE),
    NotAChat(_is_talk_of_people, "it is a talk of people in Google Chat.", _ADVICE),
    NotAChat(
        page_holds("gemini", "gem"),
        "it is a page about Gemini (such as Gems or scheduled actions) without conversations.",
        _ADVICE,
    ),
)
"""The first that fits is told."""
