"""Runs the golden set through a daemon, from the dropped file to the finished package."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from packages_store.config import PackageConfig
from packages_store.package import Package
from stages.contract import off_loop
from tests.daemons import working_daemon
from tests.golden.reading import ENTITY, PERSON, ZONE, Golden, as_export
from tests.golden.scoring import Made

_NAME = "golden"


class Unfinished(AssertionError):
    """The package was not finished; the message says what it waits for."""


async def run(golden: Golden, home: Path, settings: Mapping[str, Any]) -> Made:
    """What the engine that `settings` name makes of the set. Raises Unfinished."""
    export = await off_loop(_written, golden, home)
    async with working_daemon(home, **settings) as daemon:
        config = daemon.new_config().model_copy(update=_people())
        await daemon.create(_NAME, config)
        await daemon.hand_in(_NAME, export, export.name)
        package = await daemon.settled(_NAME)
        if package.state != "done":
            failures = [f"{one.id}: {one.reason}" for stage in package.stages for one in stage.failures]
            raise Unfinished("\n".join([str(package.waits_for), *failures]))
        return await daemon.read(_NAME, _made)


def _written(golden: Golden, home: Path) -> Path:
    home.mkdir(parents=True, exist_ok=True)
    export = home / "golden.json"
    export.write_bytes(json.dumps(as_export(golden)).encode())
    return export


def _people() -> dict[str, str]:
    people = PackageConfig(entity_name=ENTITY, user_name=PERSON, user_pronouns="she/her", time_zone=ZONE.key)
    return people.model_dump(include={"entity_name", "user_name", "user_pronouns", "time_zone"})


def _made(package: Package) -> Made:
    return Made(package.memories.all("significant"), package.memories.all("daily"), package.graph.nodes())
