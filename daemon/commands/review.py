"""The review list of the quality gate: `loom review`."""

from daemon.commands.exits import Exit
from daemon.commands.output import answer, plain, say
from daemon.commands.service import Json, Service


async def review(service: Service, name: str, *, keep: str | None, drop: str | None, as_json: bool) -> Exit:
    """`loom review NAME`: what is held back; with `keep` or `drop` the id of the entry that is decided about."""
    chosen = keep or drop
    if chosen is None:
        return _list(name, await service.doubts(name), as_json=as_json)
    decided = await service.decide_doubt(name, chosen, keep=keep is not None)
    if keep is not None and not service.goes_on:
        # The graph is to know of it before this process ends.
        await service.settle(name, lambda _detail: None)
    if as_json:
        answer(decided)
    else:
        say(f"{plain(decided['id'])} is {decided['state']}.")
    return Exit.OK


def _list(name: str, doubts: list[Json], *, as_json: bool) -> Exit:
    if as_json:
        answer(doubts)
    elif not doubts:
        say("Nothing waits to be looked at.")
    for doubt in [] if as_json else doubts:
        title = f"  {plain(doubt['title'])}" if doubt["title"] else ""
        say(f"{plain(doubt['id'])}  {doubt['date']}  {doubt['kind']}{title}")
        for reason in doubt["reasons"]:
            say(f"    {plain(reason)}")
        say(f"    {plain(doubt['text'])[:400]}")
    if doubts and not as_json:
        say(f"Decide with `loom review {plain(name)} --keep ID` or `--drop ID`.")
    return Exit.OK
