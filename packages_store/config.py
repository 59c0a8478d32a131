"""config.json: who the package is about and how it is to be made. Never a key.

The names of the fields are Entity Loom's (upstream.md); fields we do not know are kept as they are.
"""

from typing import Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from pydantic.alias_generators import to_camel


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
    engine: Literal["offline"] = "offline"
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
