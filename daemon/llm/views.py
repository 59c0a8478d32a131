"""What people are told of the language model. No key is in it."""

from pydantic import BaseModel

from daemon.settings import EngineOptions


class PresetView(BaseModel):
    """A well-known endpoint."""

    name: str
    title: str
    base_url: str
    needs_key: bool


class EngineView(BaseModel):
    """How the language model is set up."""

    is_set: bool
    """Whether there is one; otherwise everything is done offline."""
    problem: str | None
    """Why it cannot be asked, for people; None when nothing is known to be wrong."""
    base_url: str
    origin: str | None
    model: str
    has_key: bool
    key_from: str | None
    """`environment` or `entered`."""
    needs_key: bool
    options: EngineOptions
    fixed: list[str]
    """The options that a flag, the environment or config.toml says, and that cannot be changed here."""
    quirks: list[str]
    """What was learned about asking there, one sentence each."""
    in_flight: int
    most_in_flight_now: int
    """How many requests the endpoint is thought to take at once."""
    presets: list[PresetView]


class TestView(BaseModel):
    """How a test of the language model went."""

    works: bool
    sentence: str
    origin: str
    model: str
    seconds: float | None = None
    tokens_per_second: float | None = None
    quirks: tuple[str, ...] = ()
