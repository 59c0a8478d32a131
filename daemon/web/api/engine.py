"""The HTTP API of the language model: how it is set up, and whether it works. A key goes in and never comes out."""

from collections.abc import Awaitable
from typing import TypeVar

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from daemon.llm.engines import NotSetUp, SetElsewhere
from daemon.llm.errors import WrongAddress
from daemon.llm.secrets import KeyInvalid
from daemon.llm.views import EngineView, TestView
from daemon.settings import EngineOptions
from daemon.web.problems import Problem, Refused
from daemon.web.wired import TheDaemon

router = APIRouter()

T = TypeVar("T")


class NewKey(BaseModel):
    """A key for the endpoint that is set up."""

    model_config = ConfigDict(extra="forbid")

    key: str = Field(max_length=8192)


@router.get("/api/engine")
async def engine(daemon: TheDaemon) -> EngineView:
    return await daemon.engine.describe()


@router.put("/api/engine")
async def configure(daemon: TheDaemon, changes: EngineOptions) -> EngineView:
    """Change the options that are given; the others stay as they are."""
    daemon.require_ready()
    return await _allowed(daemon.engine.configure(changes))


@router.put("/api/engine/key")
async def set_key(daemon: TheDaemon, new: NewKey) -> EngineView:
    daemon.require_ready()
    return await _allowed(daemon.engine.set_key(new.key))


@router.delete("/api/engine/key")
async def forget_key(daemon: TheDaemon) -> EngineView:
    daemon.require_ready()
    return await _allowed(daemon.engine.forget_key())


@router.post("/api/engine/test")
async def test(daemon: TheDaemon) -> TestView:
    """Ask the language model something small. What it costs is not counted."""
    daemon.require_ready()
    return await daemon.engine.test()


async def _allowed(change: Awaitable[T]) -> T:
    """What was changed, or a refusal of what cannot be."""
    try:
        return await change
    except (NotSetUp, SetElsewhere) as error:
        raise Refused(Problem(409, "engine", str(error.args[0]), error.advice)) from error
    except (WrongAddress, KeyInvalid) as error:
        raise Refused(Problem(422, "engine", str(error.args[0]), error.advice)) from error
