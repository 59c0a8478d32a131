"""Every form in which the conversations are written, and the proof that its parser finds them in it again."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from bench.platforms import assistants, companions, gemini, own_hosts
from bench.platforms.files import Encode, as_lines, as_list, as_object, as_page, as_table, as_zip, within
from bench.platforms.told import Told, as_greeted, as_one, as_they_are, in_pieces, newest_first, tell
from packages_store.model import Conversation
from stages.parsers.choose import inspect, read
from stages.parsers.contract import Broken, Empty, ReadContext

_BATCH = {"provider": "gemini", "format": "gemini-merged-batch-draft"}
_LOOM = {"format": "loom-standard", "version": 1, "originPlatform": "Some App"}
_MARK = "\ufeff"

# What does not survive each form: the language of code, marks of Markdown, white space.
_PYTHON = "```python"
_NO_WORDS = {code: None for code in range(128) if not chr(code).isalnum()}


@dataclass(frozen=True, slots=True)
class Form:
    """A variant of a platform: `what` it is, for people; how a conversation becomes records, and these a file.

    `shape` makes of what is told the conversations that are put into the file.
    """

    platform: str
    variant: str
    what: str
    records: Callable[[Told], Iterable[object]]
    encode: Encode
    shape: Callable[[Sequence[Told]], Sequence[Told]] = as_they_are


@dataclass(frozen=True, slots=True)
class Document:
    """A file. `floor` is the JSON of the same text, see `bench.platforms.files`; `what` it is, is for people."""

    what: str
    path: Path
    floor: Path


FORMS = (
    Form("character-ai", "turns", "turns of the site", companions.character_ai, as_list),
    Form("character-ai", "tavern", "one chat, CAI Tools", companions.cai_tools, as_lines, as_one),
    Form("claude", "array", "official", assistants.claude, as_list),
    Form("claude", "code", "Claude Code", assistants.claude_code, as_lines),
    Form(
        "copilot",
        "activity-history",
        "CSV",
        assistants.copilot,
        as_table("Conversation", "Time", "Author", "Message", mark=_MARK),
        newest_first,
    ),
    Form("deepseek", "export", "official", assistants.deepseek, as_list),
    Form("gemini", "ai-studio", "AI Studio, ZIP", gemini.ai_studio, as_zip),
    Form("gemini", "takeout", "Takeout, JSON", gemini.activity, as_list, newest_first),
    Form("gemini", "takeout-page", "Takeout, HTML", gemini.cards, as_page, newest_first),
    Form("gemini", "threads", "merged threads", gemini.threads, within("conversations", beside=_BATCH)),
    Form("grok", "", "official", assistants.grok, within("conversations")),
    Form("janitor-ai", "", "one chat", companions.janitor_ai, as_object, as_one),
    Form("kindroid", "interface", "one chat", companions.kindroid, as_list, as_one),
    Form("kindroid", "kinlog", "one chat, KinLog", companions.kinlog, as_object, as_greeted),
    Form("le-chat", "", "official, ZIP", assistants.le_chat, as_zip),
    Form("letta", "messages", "one message list", companions.letta, as_list, as_one),
    Form("letta", "agent-file-v2", "agent file", companions.letta_agent, as_object, as_one),
    Form("librechat", "", "recursive, ZIP", own_hosts.librechat, as_zip, in_pieces),
    Form("lm-studio", "", "files, ZIP", own_hosts.lm_studio, as_zip),
    Form("loom-standard", "", "JSON", own_hosts.loom_standard, within("conversations", beside=_LOOM)),
    Form("open-webui", "chats", "all chats", own_hosts.open_webui, as_list),
    Form("perplexity", "official", "official", assistants.perplexity, within("conversations")),
    Form(
        "replika",
        "",
        "one chat, CSV",
        companions.replika,
        as_table("Timestamp", "From", "Text", "Reaction", "ID"),
        as_one,
    ),
    Form("sillytavern", "chat", "one chat, JSONL", companions.sillytavern, as_lines, as_one),
    Form("typingmind", "", "all chats", own_hosts.typingmind, within("data", "chats")),
)
"""At least the main form of every platform but ChatGPT, whose export they are all made of."""


def documents(export: Path) -> Iterator[Document]:
    """What is told in an export of ChatGPT that `bench.generate` wrote, in every form; the files lie beside it.

    Raises RuntimeError when a parser does not find in a file what was put in.
    """
    told = tell(export)
    check("chatgpt", "array", told, export)
    yield Document("chatgpt, official", export, export)
    for form in FORMS:
        yield write(form, told, export.parent)


def write(form: Form, told: Sequence[Told], folder: Path) -> Document:
    """Write what is told in one form. Raises RuntimeError as `documents` does."""
    path = folder / f"{form.platform}-{form.variant}"
    put_in = form.shape(told)
    floor = form.encode(path, [record for one in put_in for record in form.records(one)])
    check(form.platform, form.variant, put_in, path)
    return Document(f"{form.platform}, {form.what}", path, floor)


def check(platform: str, variant: str, put_in: Sequence[Told], path: Path) -> None:
    """Raises RuntimeError when anything but these conversations is read of a file, or by anybody else."""
    inspection = inspect(path, path.name)
    claimed = {(found.parser, found.variant) for found in inspection.found}
    if claimed != {(platform, variant)} or inspection.ignored:
        raise RuntimeError(f"{path.name} is claimed by {sorted(claimed)}, and not read: {inspection.ignored[:3]}")
    context = ReadContext(ZoneInfo("UTC"))
    records = [
        record
        for found in inspection.found
        for record in read(path, found.member, found.parser, found.variant, context)
    ]
    lost = [record for record in records if isinstance(record, (Broken, Empty))]
    conversations = [record for record in records if isinstance(record, Conversation)]
    seen = sorted(_seal((message.role, message.content) for message in one.messages) for one in conversations)
    wanted = sorted(_seal((turn.role, turn.text) for turn in one.turns) for one in put_in)
    if seen != wanted or lost:
        raise RuntimeError(
            f"of {len(wanted)} conversations in {path.name}, {len(seen)} were found, of which"
            f" {len(set(seen) & set(wanted))} hold what was put in; {lost[:3]}"
        )


def _seal(messages: Iterable[tuple[str, str]]) -> str:
    """A digest of who said what: equal when all words are."""
    digest = hashlib.blake2b(digest_size=16)
    for role, text in messages:
        digest.update(f"{role}:{text.replace(_PYTHON, '').translate(_NO_WORDS)}\0".encode())
    return digest.hexdigest()
