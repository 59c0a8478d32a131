"""config.json: who the package is about and how it is to be made. Never a key.

The names of the fields are Entity Loom's (upstream.md); fields we do not know are kept as they are.
"""

from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from pydantic.alias_generators import to_camel

AfterCrash = Literal["resume", "ask", "hold"]
Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)] | Literal["none"] | None


class PackageConfig(BaseModel):
    """The settings of one package. Raises pydantic's ValidationError, which names the field."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="allow", frozen=True)

    entity_name: str = "Entity"
    user_name: str = "Human"
    entity_pronouns: str = ""
    user_pronouns: str = ""
    relationship_context: str = ""
    context_notes: str = ""
    platform: str = ""
    instance_id: str = Field(default="entity-loom", pattern=r"^[\w.-]{1,64}$")
    time_zone: str = "UTC"
    """IANA name; decides where one day ends and the next begins."""
    day_starts_at: int = Field(default=0, ge=0, le=23)
    """The hour at which a day begins: what is said after midnight and before it belongs to the day before."""
    engine: Literal["auto", "offline", "llm"] = "auto"
    """`auto` asks the language model that the daemon is set up with, if there is one, and works offline otherwise.
    An address in here (Entity Loom's llmBaseUrl) is never asked."""
    after_crash: AfterCrash = "resume"
    """What a stage does that a crash interrupted (R-32): it goes on by itself, a paid one within the budget that is
    left; `ask`: it waits for Continue, new files are taken all the same; `hold`: the whole package waits for it."""
    budget: Amount = None
    """US dollars that the language model may cost for this package; `none` is no limit, not set: what the daemon's
    settings say."""
    budget_per_day: Amount = None
    """US dollars that all packages together may cost on a day for this one to go on; likewise."""
    ask_before_paid: bool | None = None
    """Wait for a person's Continue before the first paid stage; not set: when no budget is set."""
    pause_before_commit: bool = False
    """Wait for a person's Continue after convert, so that they can review first."""
    gap_minutes: int = Field(default=30, ge=1, le=10_080)
    """Records without a conversation id are grouped by pauses longer than this."""

    @model_validator(mode="before")
    @classmethod
    def _without_keys(cls, settings: Any) -> Any:
        return split_keys(settings)[0] if isinstance(settings, dict) else settings

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError) as error:
            raise ValueError(f"{name!r} is no IANA time zone such as Europe/Berlin") from error
        return name

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)


def split_keys(settings: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The fields of a config.json that may stay in a package, and the API keys that may not (R-66)."""
    keys = {name for name in settings if name.lower().replace("_", "").endswith("apikey")}
    kept = {name: value for name, value in settings.items() if name not in keys}
    return kept, {name: settings[name] for name in settings if name in keys and settings[name]}
