"""Commands about whole packages: their settings, delete and restore."""

import sys
from collections.abc import Sequence

from pydantic import ValidationError

from daemon.commands.exits import Exit
from daemon.commands.output import answer, note, plain, say, table
from daemon.commands.service import Json, Service
from daemon.configuring import CHANGEABLE
from daemon.settings import SettingsError
from packages_store.config import PackageConfig
from packages_store.errors import StoreError


async def settings(service: Service, name: str, assignments: Sequence[str], *, as_json: bool) -> Exit:
    """`loom settings NAME [name=value…]`: show the settings of a package, or change some. Raises SettingsError."""
    told = await service.settings(name, _changes(assignments))
    if as_json:
        answer(told)
        return Exit.OK
    for setting, value in told["settings"].items():
        say(f"{setting} = {plain(value)}{'  (changed)' if setting in told['changed'] else ''}")
    return Exit.OK


def _changes(assignments: Sequence[str]) -> Json:
    """The settings that are to change, checked. Raises SettingsError for what is none."""
    given: Json = {}
    for assignment in assignments:
        name, equals, value = assignment.partition("=")
        if name not in CHANGEABLE or not equals:
            known = ", ".join(CHANGEABLE)
            raise SettingsError((f"{plain(assignment)} is no setting of the form name=value; there are {known}.",))
        given[name] = value
    try:
        PackageConfig(**given)
    except ValidationError as error:
        raise SettingsError(tuple(f"{each['loc'][0]}: {each['msg']}." for each in error.errors())) from error
    return given


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
