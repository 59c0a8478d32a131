"""What lies beside the conversations in an export of ChatGPT, and holds no chat.

Some of these files are empty in most exports: `[]` and `{}` do not tell what they are.
"""

from stages.parsers.chatgpt.pages import is_compliance_message
from stages.parsers.contract import NotAChat, Peek
from stages.parsers.reading.refusals import id_begins, page_holds, records_have
from stages.parsers.reading.values import as_map, as_text

_ELSEWHERE = "The messages are in conversations.json, or in conversations-000.json and so on."
_OF_A_VOTE = frozenset({"completion_comparison_rating", "new_message_id"})
_OF_ADS = frozenset({"ads_profile", "ad_hides"})


def _is_account(peek: Peek) -> bool:
    record = _only(peek)
    return "email" in record and ("chatgpt_plus_user" in record or as_text(record.get("id")).startswith("user-"))


def _holds_votes(peek: Peek) -> bool:
    """`[{id, input: {…}, output: {…}}]`, with what the page sent when somebody compared two answers."""
    told = (one for record in peek.records for one in (record, *as_map(record).values()))
    return any(not _OF_A_VOTE.isdisjoint(as_map(one)) for one in told)


def _lists_files(peek: Peek) -> bool:
    record = _only(peek)
    return "logical_files" in record or {"artifacts", "requested_at"} <= record.keys()


def _names_assets(peek: Peek) -> bool:
    """`{"file-abc.dat": "cat.png", …}`"""
    record = _only(peek)
    return bool(record) and all(
        isinstance(name, str) and (key.startswith(("file-", "file_")) or key.endswith(".dat"))
        for key, name in record.items()
    )


def _is_document(peek: Peek) -> bool:
    """`{id, name, type: "document" | "code/…", content}`"""
    record = _only(peek)
    kind = as_text(record.get("type"))
    return isinstance(record.get("content"), str) and (kind == "document" or kind.startswith("code/"))


def _lists_nothing(peek: Peek) -> bool:
    return peek.wrapping == "wrapped" and not peek.records and not peek.flaw


def _only(peek: Peek) -> dict[str, object]:
    """The record that is the file."""
    record = peek.records[0] if peek.wrapping == "single" and peek.records else None
    return record if isinstance(record, dict) else {}


NOT_CHATS = (
    NotAChat(
        records_have("conversation_id", "is_anonymous", without="mapping"),
        "it lists the ChatGPT conversations that were shared by link; it holds no messages.",
        _ELSEWHERE,
    ),
    NotAChat(
        records_have("conversation_id", "rating", without="mapping"),
        "it holds ratings of ChatGPT's answers, no messages.",
        _ELSEWHERE,
    ),
    NotAChat(
        _holds_votes,
        "it holds votes on which of two of ChatGPT's answers was better, no conversation.",
        _ELSEWHERE,
    ),
    NotAChat(id_begins("task_e_"), "it holds Codex tasks, no chats."),
    NotAChat(
        records_have("file_id", "library_file_category"),
        "it lists the files in ChatGPT's library; it holds no messages.",
        _ELSEWHERE,
    ),
    NotAChat(
        records_have("user_id", "settings", "announcements"),
        "it holds the settings of a ChatGPT account, no chats.",
        _ELSEWHERE,
    ),
    NotAChat(_is_account, "it holds the data of a ChatGPT account, no chats.", _ELSEWHERE),
    NotAChat(
        _lists_files,
        "it lists the files of a ChatGPT export; it holds no messages.",
        _ELSEWHERE,
    ),
    NotAChat(
        lambda peek: not _OF_ADS.isdisjoint(_only(peek)),
        "it holds what ChatGPT's advertisements go by, no chats.",
        _ELSEWHERE,
    ),
    NotAChat(
        _names_assets,
        "it tells what the attachments in a ChatGPT export were called; it holds no messages.",
        _ELSEWHERE,
    ),
    NotAChat(_is_document, "it is a document from ChatGPT's canvas, not the chat about it.", _ELSEWHERE),
    NotAChat(
        lambda peek: any(is_compliance_message(as_map(record)) for record in peek.records),
        "it is a page of messages from ChatGPT's Compliance API that does not say of which conversation.",
        "Save the conversations together with their messages.",
    ),
    NotAChat(
        _lists_nothing,
        "it is an empty list, as group_chats.json of a ChatGPT export is where there were no group chats.",
    ),
    NotAChat(
        page_holds("<title>chatgpt data export</title>"),
        "it shows the ChatGPT conversations as a web page.",
        "Drop conversations.json, or conversations-000.json and so on, which came with it.",
    ),
)
