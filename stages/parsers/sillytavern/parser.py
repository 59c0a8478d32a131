"""SillyTavern and its dialects: TavernAI, Chub, Marinara, and what exporters write for them.

A log of one chat, a JSON object a line. The order of the lines is the order of the chat: dates are rewritten when an
answer is continued or another one is chosen, and never decide.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import tzinfo

from packages_store.model import Conversation, Edition
from stages.parsers.contract import (
    Bid,
    Empty,
    NotAChat,
    Note,
    Peek,
    ReadContext,
    Record,
    SourceFile,
    Variant,
)
from stages.parsers.reading.drafts import conversation_of
from stages.parsers.reading.values import NOTHING, Tally, as_map, as_text, digest, one_line
from stages.parsers.sillytavern.chat import Log, name_of_chat
from stages.parsers.sillytavern.lines import Line, is_header, is_message, is_of_marinara, is_sure_header, opening_of
from stages.parsers.sillytavern.tools import is_of_cai_tools, is_of_chatgpt_exporter

_LAYOUTS = (
    Variant(
        "chat",
        "a chat, a branch or a backup of SillyTavern or TavernAI, or a chat that SillyTavern imported",
        "every message of the user and of the characters in the order of the file, also those hidden from the model,"
        " with the text that was chosen or edited last, reasoning, model, pictures and files as placeholders; where"
        " several characters answer, their name before the text; narrator, comments, tool calls, notices of the program"
        " and answers that were not chosen are counted and left out",
    ),
    Variant(
        "headerless",
        "a group chat without a header (before late 2025), or a JanitorAI chat that its downloader wrote for"
        " SillyTavern",
        "the same; a greeting that such a downloader writes twice is kept once",
    ),
    Variant("chub", "a chat of Chub", "the same"),
    Variant("marinara", "a chat of Marinara", "the same; what sets the scene counts as a narrator's"),
    Variant(
        "chatgpt",
        "a ChatGPT chat that ChatGPT Exporter saved for TavernAI",
        "the same; it counts as from ChatGPT",
    ),
)
_ADVICE = "In SillyTavern choose Manage chat files > Export as JSONL."
_LINE_OF_TEXT = re.compile(r"^([^\n:]{1,60}): \S", re.MULTILINE)


def _is_group(peek: Peek) -> bool:
    told = peek.envelope if peek.wrapping == "wrapped" else as_map(next(iter(peek.records), None))
    return "chat_id" in told and "activation_strategy" in told


def _is_card(peek: Peek) -> bool:
    told = as_map(next(iter(peek.records), None))
    return as_text(told.get("spec")).startswith("chara_card") or ("first_mes" in told and "mes_example" in told)


def _is_text_export(peek: Peek) -> bool:
    """Whether every paragraph that begins with a name is by one of few who come again and again."""
    if peek.kind != "text":
        return False
    times = Counter(_LINE_OF_TEXT.findall(peek.head))
    return 2 <= len(times) <= 8 and min(times.values()) > 1 and peek.head.count("\n\n") >= sum(times.values()) - 1


class SillyTavern:
    """Reads Tavern logs. The variant says which program wrote the file, for people: every one is read alike."""

    platform = "sillytavern"
    title = "SillyTavern"
    variants = _LAYOUTS
    not_chats = (
        NotAChat(
            _is_group,
            "it tells who is in a SillyTavern group, and holds no messages.",
            "The messages are in the folder `group chats`.",
        ),
        NotAChat(_is_card, "it is a character card, and holds no messages.", _ADVICE),
        NotAChat(
            _is_text_export,
            "it looks like a chat that was exported as text, which tells neither times nor who is the user.",
            _ADVICE,
        ),
    )

    def bid(self, peek: Peek) -> Bid | None:
        """Sure of messages as only Tavern logs have them; of a header alone when it names a chat."""
        if peek.kind != "json" or peek.wrapping not in ("lines", "single", "array"):
            return None
        header = next((as_map(record) for record in peek.records if is_header(record)), NOTHING)
        messages = [as_map(record) for record in peek.records if is_message(record)]
        if is_of_cai_tools(header, messages) or not (messages or is_sure_header(header)):
            return None
        return Bid(_layout(header, messages), Bid.SHAPE)

    def read(self, file: SourceFile, variant: str, context: ReadContext) -> Iterator[Record]:
        """See `Parser.read`. The file is one conversation, which is held in memory.

        Its id is the one that SillyTavern gave it. A branch that was made before version 1.19 inherited that of its
        parent, and is told from it by the parent's name; two such branches of one parent are one conversation, with the
        messages of both. Without an id of its own, a chat is known by its first message; a branch then also by the name
        of its file, the only thing that tells it from another branch.
        """
        del variant
        log = Log(Tally())
        yield from log.read(file)
        if log.said:
            yield _conversation(log, file, context.zone)
        elif log.lines:
            yield Empty("the whole file")
        if log.branch_of:
            yield Note(f"it is a branch of {one_line(log.tally.clean(log.branch_of))!r}, whose beginning it repeats")
        yield from log.tally.notes()


def _conversation(log: Log, file: SourceFile, zone: tzinfo) -> Conversation:
    is_rewritten = log.drop_doubled_greeting()
    by_chatgpt = is_of_chatgpt_exporter(log.header)
    platform = "chatgpt" if by_chatgpt else SillyTavern.platform
    drafts = log.drafts(zone)
    created = log.created(zone)
    return conversation_of(
        log.tally.clean(_id_of(log, platform, file.name)),
        platform,
        log.title_of(file.name),
        drafts,
        # What was imported into SillyTavern is older than its file there.
        created=min([created, *(draft.at for draft in drafts if draft.at is not None)]) if created else None,
        updated=None,
        otherwise=file.modified_at,
        edition=Edition.COPY if is_rewritten or by_chatgpt else Edition.EXPORT,
        instructions=_instructions(log),
    )


def _layout(header: Line, messages: Sequence[Line]) -> str:
    if is_of_marinara(header) or any(map(is_of_marinara, messages)):
        return "marinara"
    if any(isinstance(message.get("mes"), dict) for message in messages):
        return "chub"
    if is_of_chatgpt_exporter(header):
        return "chatgpt"
    return "chat" if header else "headerless"


def _id_of(log: Log, platform: str, file_name: str) -> str:
    """See `SillyTavern.read`."""
    integrity = as_text(log.metadata.get("integrity")).strip()
    if integrity:
        return f"{integrity}-{digest(log.branch_of)[:8]}" if log.branch_of else integrity
    branch = (log.branch_of, name_of_chat(file_name)) if log.branch_of else ()
    first = log.said[0]
    # Without a date, a greeting is the same in all chats with a character.
    own = (first.sent, first.text) if first.sent else (opening_of(log.said),)
    return f"{platform}-{digest(*branch, *own)[:16]}"


def _instructions(log: Log) -> list[str]:
    """The author's note and the scenario that were set for this chat."""
    told = (log.metadata.get("note_prompt"), log.metadata.get("scenario"), log.header.get("notes"))
    return [log.tally.clean(as_text(text)) for text in told]
