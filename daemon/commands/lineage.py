"""What rests on what: `loom lineage` and `loom impact`."""

from daemon.commands.exits import Exit
from daemon.commands.output import answer, plain, say
from daemon.commands.service import Json, Service


async def show_lineage(service: Service, name: str, subject: str, *, as_json: bool) -> Exit:
    """`loom lineage FILE|ID`: the memories, requests and messages that something rests on."""
    found = await service.lineage(name, subject)
    if as_json:
        answer(found)
        return Exit.OK
    say(plain(found["subject"]))
    _say_made(found)
    for message in found["messages"]:
        say(f"  message {plain(message['id'])}  {message['at']}  {message['role']}: {plain(message['excerpt'])[:100]}")
    for missing in found["missing"]:
        say(f"  message {plain(missing)}  is no longer in the package")
    return Exit.OK


async def show_impact(service: Service, name: str, subject: str, *, as_json: bool) -> Exit:
    """`loom impact CONVERSATION`: everything that rests on a conversation, or on one message."""
    found = await service.impact(name, subject)
    if as_json:
        answer(found)
        return Exit.OK
    say(plain(found["message"] or found["conversation"]))
    _say_made(found)
    for doubt in found["doubts"]:
        say(f"  held back {plain(doubt)}")
    if not found["memories"] and not found["doubts"]:
        say("  Nothing rests on it.")
    return Exit.OK


def _say_made(found: Json) -> None:
    for memory in found["memories"]:
        edited = "  edited" if memory["edited"] else ""
        say(f"  memory {plain(memory['id'])}  {memory['date']}  {plain(memory['file'])}{edited}")
    for request in found["requests"]:
        made_by = f"{plain(request['prompt'])}  {plain(request['model'])}"
        say(f"  request {plain(request['fingerprint'])}  {request['at']}  {made_by}")
    for part in found["graph"]:
        kind = "edge" if part["is_edge"] else plain(part["type"])
        say(f"  {kind} {plain(part['id'])}  {plain(part['label'])}")
