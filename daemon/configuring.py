"""Changing the settings of a package, and asking for what depends on them to be made anew."""

from collections.abc import Mapping
from typing import Any

from packages_store.config import PackageConfig
from packages_store.model import StageName, StageStatus
from packages_store.package import Package

CHANGEABLE: tuple[str, ...] = tuple(
    name
    for name in (
        "entity_name",
        "entity_pronouns",
        "user_name",
        "user_pronouns",
        "relationship_context",
        "context_notes",
        "time_zone",
        "day_starts_at",
        "engine",
        "after_crash",
        "pause_before_commit",
    )
    if name in PackageConfig.model_fields
)
"""The settings a person may change once there is a package; the others say how its files are named and read."""

_NO_RESULT_DEPENDS_ON = frozenset({"pause_before_commit", "after_crash"})
_DEPENDENT = (StageName.SIGNIFICANT, StageName.DAILY, StageName.GRAPH)


def change_settings(package: Package, given: Mapping[str, Any]) -> list[str]:
    """Save settings and return the names of those that are different now.

    Of the stages that have ended, those whose results rest on a changed setting look again: they do what comes out
    different, and nothing else. Raises pydantic's ValidationError, and FileDamaged when config.json cannot be read.
    """
    # Nobody else changes the package from the look at what there is to the end of the change.
    with package.ledger.transaction():
        before = package.config
        wanted = {name: value for name, value in given.items() if name in CHANGEABLE}
        after = PackageConfig.model_validate(before.model_dump() | wanted)
        changed = [name for name in wanted if getattr(before, name) != getattr(after, name)]
        if changed:
            package.save_config(after)
        if set(changed) - _NO_RESULT_DEPENDS_ON:
            _look_again(package)
        return changed


def _look_again(package: Package) -> None:
    for name in _DEPENDENT:
        status = package.progress.stage(name).status
        # One that was left out stays out, and one that has not begun sees the new settings anyway.
        if status == StageStatus.RUNNING or (status.ended and status != StageStatus.SKIPPED):
            package.progress.request(name)
