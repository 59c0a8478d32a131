"""config.json: who the package is about and how it is to be made. Never a key.

The names of the fields are Entity Loom's (upstream.md); fields we do not know are kept as they are.
"""

from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, field_validator
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
