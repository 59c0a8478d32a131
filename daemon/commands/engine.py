"""`loom engine`: the language model that is asked, its key, and whether it works."""

import sys
from collections.abc import Sequence
from getpass import getpass
from typing import Any

from pydantic import ValidationError

from daemon.commands.exits import Exit
from daemon.commands.output import answer, note, plain, say
from daemon.commands.service import Json, Service
from daemon.settings import EngineOptions, SettingsError, what_may_be


async def show(service: Service, *, as_json: bool) -> Exit:
    """`loom engine show`: how it is set up."""
    view = await service.engine("show", {})
    return _told(view, as_json=as_json)


async def test(service: Service, *, as_json: bool) -> Exit:
    """`loom engine test`: ask it something small."""
    told = await service.engine("test", {})
    if as_json:
        answer(told)
    else:
        say(plain(told["sentence"]))
        for quirk in told["quirks"]:
            say(f"  {plain(quirk)}")
    return Exit.OK if told["works"] else Exit.FAILURE


async def configure(service: Service, assignments: Sequence[str], *, as_json: bool) -> Exit:
    """`loom engine set name=value…`: change options; an empty value takes one away. Raises SettingsError."""
    view = await service.engine("set", _options(assignments))
    return _told(view, as_json=as_json)


async def key(service: Service, *, forget: bool, as_json: bool) -> Exit:
    """`loom engine key`: enter the key, which is read from standard input and stands in no command line."""
    if forget:
        return _told(await service.engine("forget", {}), as_json=as_json)
    view = await service.engine("show", {})
    if not view["origin"]:
        note("loom: no language model is set up; choose one first with `loom engine set`.")
        return Exit.USAGE
    entered = getpass(f"Key for {view['origin']}: ") if sys.stdin.isatty() else sys.stdin.readline()
    return _told(await service.engine("key", {"key": entered.strip()}), as_json=as_json)


def _options(assignments: Sequence[str]) -> Json:
    """The options that are to change, checked. Raises SettingsError for what is none."""
    given: dict[str, Any] = {}
    for assignment in assignments:
        name, equals, value = assignment.partition("=")
        field = EngineOptions.model_fields.get(name)
        if field is None or not equals:
            known = ", ".join(EngineOptions.model_fields)
            raise SettingsError((f"{plain(assignment)} is no option of the form name=value; there are {known}.",))
        given[name] = value if value or isinstance(field.default, str) else field.default
    try:
        options = EngineOptions(**given)
    except ValidationError as error:
        raise SettingsError(tuple(_wrong(str(each["loc"][0]), each["input"]) for each in error.errors())) from error
    return options.model_dump(mode="json", include=options.model_fields_set)


def _wrong(name: str, value: object) -> str:
    return f"{name} is {plain(str(value))!r}: it must be {what_may_be(f'engine.{name}')}."


def _told(view: Json, *, as_json: bool) -> Exit:
    if as_json:
        answer(view)
        return Exit.OK
    if not view["is_set"]:
        say("No language model is set up: memories are made offline. To set one up:")
        say("    loom engine set preset=NAME model=NAME")
        say(f"presets: {', '.join(preset['name'] for preset in view['presets'])}")
        return Exit.OK
    say(f"{plain(view['model']) or 'no model'} at {plain(view['origin'] or view['base_url'])}")
    say(f"key: {_key(view)}")
    for name, value in view["options"].items():
        if value != EngineOptions.model_fields[name].default and name not in ("model", "base_url"):
            say(f"{name}: {plain(value)}{' (set elsewhere)' if name in view['fixed'] else ''}")
    for line in (*view["quirks"], *([view["problem"]] if view["problem"] else ())):
        say(plain(line))
    return Exit.OK


def _key(view: Json) -> str:
    if view["has_key"]:
        return "from the environment" if view["key_from"] == "environment" else "entered"
    return "missing" if view["needs_key"] else "none"
