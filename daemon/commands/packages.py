"""Commands about whole packages: delete and restore."""

import sys

from daemon.commands.exits import Exit
from daemon.commands.output import answer, note, plain, say, table
from daemon.commands.service import Service
from packages_store.errors import StoreError


async def delete(service: Service, name: str, *, yes: bool, as_json: bool) -> Exit:
    """`loom delete NAME`: into the trash. On a terminal the name is asked for; elsewhere `--yes` says it is meant."""
    if not yes and not _is_meant(name):
        raise StoreError(f"{name} was not deleted.", "Type its name when asked, or use --yes.")
    trashed = await service.delete(name)
    if as_json:
        answer(trashed)
    else:
        say(f"{plain(name)} is in the trash; `loom restore {trashed['id']}` takes it out again.")
    return Exit.OK


def _is_meant(name: str) -> bool:
    if not sys.stdin.isatty():
        return False
    note(f"Everything of {plain(name)} goes into the trash. Type its name to delete it:")
    return sys.stdin.readline().strip() == name


async def restore(service: Service, entry: str | None, *, as_json: bool) -> Exit:
    """`loom restore ID`: out of the trash. Without an id, what is in it."""
    if entry is not None:
        detail = await service.restore(entry)
        if as_json:
            answer(detail)
        else:
            say(f"{plain(detail['name'])} is back.")
        return Exit.OK
    trash = await service.trash()
    if as_json:
        answer(trash)
    elif trash:
        table([("ID", "PACKAGE", "DELETED"), *((each["id"], each["name"], each["deleted_at"]) for each in trash)])
    else:
        say("The trash is empty.")
    return Exit.OK
