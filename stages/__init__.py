"""What is done to a package: the six stages, in order. Knows no process and no HTTP."""

from typing import Any

from stages.commit import CommitStage
from stages.contract import Stage
from stages.convert import ConvertStage
from stages.daily import DailyStage
from stages.graph import GraphStage
from stages.significant import SignificantStage
from stages.upload import UploadStage

# Any: each stage has results of its own, and only it looks into them.
STAGES: tuple[Stage[Any], ...] = (
    UploadStage(),
    ConvertStage(),
    CommitStage(),
    SignificantStage(),
    DailyStage(),
    GraphStage(),
)
