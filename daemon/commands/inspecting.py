"""`loom inspect FILE`: what an import of a file would bring. Touches no package and asks no daemon."""

from dataclasses import asdict
from pathlib import Path
from zoneinfo import ZoneInfo

from daemon.commands.exits import Exit
from daemon.commands.output import answer, note, plain, say
from daemon.settings import Settings
from packages_store.model import Conversation
from stages.parsers.contract import ReadContext
from stages.parsers.registry import load_parsers
from stages.preview import SourcePreview, opening, preview

_WIDTH = 100
"""Characters of a message that are shown."""
_IGNORED_SHOWN = 20


def inspect_file(settings: Settings, path: Path, *, as_json: bool) -> Exit:
    """Show platform, account and first lines of what lies in a file.

    The exit code is PARTIAL when something in it cannot be read. Raises Unrecognised, SourceBroken and OSError.
    """
    loaded = load_parsers()
    for problem in loaded.problems:
        note(plain(problem))
    found = preview(path, path.name, ReadContext(ZoneInfo(settings.time_zone)), loaded.parsers)
    if as_json:
        answer(
            {
                "file": str(path),
                "sources": [_json(source) for source in found.sources],
                "ignored": [{"file": member, "reason": reason} for member, reason in found.ignored],
                "missing": list(found.missing),
            }
        )
    else:
        say(f"{plain(path.name)}  {_size(path.stat().st_size)}")
        for source in found.sources:
            _show(source)
        _show_ignored(found.ignored)
        for name in found.missing:
            say(f"missing: {plain(name)} should be in it, as its neighbours are")
        say("")
        say("Nothing was imported. `loom import` does that, or put the file into the drop folder.")
    return Exit.PARTIAL if any(source.report.broken for source in found.sources) else Exit.OK


def _json(source: SourcePreview) -> dict[str, object]:
    shown = [
        {
            "id": one.id,
            "title": one.title,
            "created_at": one.created_at,
            "messages": len(one.messages),
            "opening": [{"role": role, "content": text} for role, text in opening(one)],
        }
        for one in source.shown
    ]
    return asdict(source) | {"shown": shown}


def _show(source: SourcePreview) -> None:
    report = source.report
    say("")
    if source.member:
        say(f"{plain(source.member)}  {_size(source.size)}")
    say(f"  {source.title}: {source.variant}")
    say(f"  {_count(report.conversations, 'conversation')}, {_count(report.messages, 'message')}{_span(source)}")
    if source.time_inferred:
        say(f"  the times of {_count(source.time_inferred, 'message')} are inferred")
    _show_account(source)
    for conversation in source.shown:
        _show_conversation(conversation)
    more = report.conversations - len(source.shown)
    if more > 0:
        say(f"  … and {more} more")


def _span(source: SourcePreview) -> str:
    if source.first_message_at is None or source.last_message_at is None:
        return ""
    return f", {source.first_message_at[:10]} to {source.last_message_at[:10]}"


def _show_account(source: SourcePreview) -> None:
    """What else the records were, when they were not all conversations."""
    report = source.report
    if report.records != report.conversations:
        say(f"  of {report.records} records:")
    if report.empty:
        say(f"    {_count(report.empty, 'conversation')} without a visible message")
    for reason, count in report.skipped.items():
        say(f"    {count:,} skipped: {plain(reason)}")
    for sentence in report.broken:
        say(f"    not readable: {plain(sentence)}")
    for sentence in report.notes:
        say(f"  note: {plain(sentence)}")


def _show_conversation(conversation: Conversation) -> None:
    say("")
    title = plain(conversation.title or "(no title)")
    say(f"  {conversation.created_at[:10]}  {title}  ({_count(len(conversation.messages), 'message')})")
    for role, text in opening(conversation):
        say(f"      {'you' if role == 'user' else 'AI':>3}  {_beginning(text)}")


def _count(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def _beginning(text: str) -> str:
    line = plain(" ".join(text.split()))
    return line if len(line) <= _WIDTH else f"{line[: _WIDTH - 1]}…"


def _show_ignored(ignored: tuple[tuple[str, str], ...]) -> None:
    if ignored:
        say("")
        say("not read:")
    for member, reason in ignored[:_IGNORED_SHOWN]:
        say(f"  {plain(member)}: {plain(reason)}")
    if len(ignored) > _IGNORED_SHOWN:
        say(f"  … and {len(ignored) - _IGNORED_SHOWN} more")


def _size(count: int) -> str:
    """Bytes for people, in powers of 1024."""
    value = float(count)
    for unit in ("bytes", "KiB", "MiB"):
        if value < 1024:
            return f"{value:.0f} {unit}" if unit == "bytes" else f"{value:.1f} {unit}"
        value /= 1024
    return f"{value:.1f} GiB"
