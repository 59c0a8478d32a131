"""Commands of the review: conversations listed and decided about, messages searched, a companion's chats compared."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

from anyio.to_thread import run_sync
from pydantic import ValidationError

from daemon.commands.acting import export
from daemon.commands.exits import Exit
from daemon.commands.output import answer, note, plain, say, table
from daemon.commands.service import Json, Service
from daemon.reviewing import Asked
from packages_store.comparing import snapshot

_MOST_AT_ONCE = 200
"""What one question may ask for."""


def problem_of(choice: Json, order: Json) -> str | None:
    """What of a choice of conversations is not understood, in a sentence; None when all is."""
    try:
        Asked.model_validate(choice | order)
    except ValidationError as error:
        first = error.errors()[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    return None


async def show_conversations(
    service: Service, name: str, choice: Json, order: Json, limit: int, *, as_json: bool
) -> Exit:
    """`loom conversations NAME`: those that fit, as many as asked for."""
    rows: list[Json] = []
    total, cursor = 0, None
    while len(rows) < limit:
        page_size = min(limit - len(rows), _MOST_AT_ONCE)
        asked = {**choice, **order, "limit": page_size, **({"cursor": cursor} if cursor else {})}
        page = await service.conversations(name, asked)
        rows += page["rows"]
        total, cursor = page["total"], page["next"]
        if cursor is None:
            break
    if as_json:
        answer({"conversations": rows, "total": total, "next": cursor})
        return Exit.OK
    if not rows:
        say("No conversation fits." if choice else "There is no conversation yet: `loom import FILE` brings some.")
        return Exit.OK
    head = ("ID", "TITLE", "PLATFORM", "LAST MESSAGE", "MESSAGES", "CHARACTERS", "STATE", "TAGS")
    table([head, *map(_row, rows)])
    if total > len(rows):
        note(f"and {total - len(rows)} more: --limit {total} shows all.")
    return Exit.OK


def _row(row: Json) -> tuple[object, ...]:
    state = "excluded" if row["excluded"] else row["state"]
    marks = f"{state}, edited" if row["edited"] else state
    day = row["last_message_at"][:10]
    tags = ", ".join(row["tags"])
    return row["id"], row["title"] or "", row["platform"], day, row["messages"], row["size"], marks, tags


async def change_conversations(service: Service, name: str, change: Json, *, as_json: bool) -> Exit:
    """`loom conversations NAME --exclude …`: decide about all that fit; the exit code is 4 for ids nobody has."""
    decided = await service.change_conversations(name, change)
    if not service.goes_on:
        await service.settle(name, lambda _line: None)
    if as_json:
        answer(decided)
    else:
        say(f"{decided['changed']} of {decided['chosen']} conversations changed")
    for id_ in decided["unknown"]:
        note(f"loom: {plain(name)} has no conversation {plain(id_)}")
    return Exit.PARTIAL if decided["unknown"] else Exit.OK


async def show_hits(service: Service, name: str, words: Sequence[str], limit: int, *, as_json: bool) -> Exit:
    """`loom search NAME TEXT`: messages that hold every word."""
    found = await service.search(name, " ".join(words), limit)
    if as_json:
        answer(found)
    for hit in [] if as_json else found["hits"]:
        say(f"{plain(hit['title'] or hit['conversation'])}  {hit['created_at'][:10]}  {plain(hit['platform'])}")
        say(f"    {plain(hit['excerpt'])}")
    if found["unindexed"]:
        note(f"loom: {found['unindexed']} messages are not indexed yet, and were not searched")
    if found["older"] is not None:
        note("loom: only the latest messages were looked through, sign by sign; the page goes further back")
    if found["more"]:
        note("and more: --limit shows them.")
    if not found["hits"] and not as_json:
        say("No message holds all of this.")
    return Exit.OK


async def compare(service: Service, name: str, path: Path, *, as_json: bool) -> Exit:
    """`loom compare NAME FILE`: what a companion that has chats of its own would take; its file is only read."""
    with tempfile.TemporaryDirectory(prefix="loom-compare-") as folder:
        still = await run_sync(snapshot, path, Path(folder))
        found = await service.compare(name, still, path.name)
    if as_json:
        answer(found)
        return Exit.OK
    table(
        [
            ("CONVERSATIONS", "", "MESSAGES"),
            ("new to it", found["new"], ""),
            ("it has less of", found["changed"], f"{found['added']} would be added, with those of new ones"),
            ("it has whole", found["existing"], ""),
        ]
    )
    if found["passed_over"]:
        note(
            f"{found['passed_over']} messages it lacks are older than its newest of the same conversation: passed over."
        )
    note(f"`loom conversations {plain(name)} --compared new` lists them.")
    return Exit.OK


async def commit_and_export(service: Service, name: str, target: str, *, force: bool, as_json: bool) -> Exit:
    """`loom export NAME --commit-only`: commit what is included, make no memories, and export."""
    await service.commit_only(name)
    await service.settle(name, lambda _line: None)
    return await export(service, name, target, force=force, as_json=as_json)
