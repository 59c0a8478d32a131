"""What an examination finds (`loom doctor`)."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

Severity = Literal["ok", "warning", "error"]


class Finding(BaseModel):
    """One thing that was looked at: how it is, and what to do about it; nothing when it is `ok`."""

    model_config = ConfigDict(frozen=True)

    severity: Severity
    subject: str
    found: str
    advice: str = ""
