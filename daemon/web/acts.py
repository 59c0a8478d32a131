"""What a person can do with a package, as HTTP bodies and form fields name it."""

from typing import Literal, Self, assert_never

from pydantic import BaseModel, ConfigDict, model_validator

from daemon.app import Daemon
from daemon.views import PackageDetail
from packages_store.model import StageName

Act = Literal["start", "resume", "abort", "retry", "skip"]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class StageChoice(_Body):
    """A stage; without one, the stage that comes next."""

    stage: StageName | None = None


class ItemChoice(StageChoice):
    """One failed item, or all of a stage, or all of the package."""

    item: str | None = None


class SkipChoice(ItemChoice):
    """What to leave out: failed items, or a whole stage."""

    whole_stage: bool = False

    @model_validator(mode="after")
    def _names_the_stage(self) -> Self:
        if self.whole_stage and (self.stage is None or self.item is not None):
            raise ValueError("to leave out a whole stage, name the stage and no item")
        return self


async def skip(daemon: Daemon, name: str, choice: SkipChoice) -> PackageDetail:
    """Leave out failed items, or a whole stage."""
    if choice.whole_stage and choice.stage is not None:
        return await daemon.skip_stage(name, choice.stage)
    return await daemon.skip(name, choice.stage, choice.item)


async def perform(daemon: Daemon, name: str, act: Act, fields: dict[str, str]) -> PackageDetail:
    """Do what a form asks for. Raises ValidationError for fields that are not understood."""
    match act:
        case "start" | "resume":
            return await daemon.resume(name, StageChoice.model_validate(fields).stage)
        case "abort":
            _Body.model_validate(fields)
            return await daemon.abort(name)
        case "retry":
            choice = ItemChoice.model_validate(fields)
            return await daemon.retry(name, choice.stage, choice.item)
        case "skip":
            return await skip(daemon, name, SkipChoice.model_validate(fields))
        case _:
            assert_never(act)
