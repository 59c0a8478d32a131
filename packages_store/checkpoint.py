"""checkpoint.json: the public view of progress, in the form that Entity Loom 0.4 can open (upstream.md).

Versions 1 and 2 are read; version 2 is written. The file is a view: the truth is the ledger, and the file is written
again from it after every change of a stage's status.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel

from packages_store.errors import FileDamaged
from packages_store.model import StageName, StageStatus
from packages_store.package import Package
from packages_store.progress import StageItems

STAGE_KEYS = ("setup", "convert", "significant", "daily", "graph")
"""The stages Entity Loom knows; `upload` and `commit` stand beside them as extra keys."""

PublicStatus = Literal["pending", "running", "completed", "error", "aborted"]


class _Form(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="allow")


class StageView(_Form):
    """One stage as Entity Loom writes it. `extra` is ours to use."""

    status: PublicStatus = "pending"
    completed: bool = False
    processed_items: list[str] = Field(default_factory=list)
    failed_items: list[str] = Field(default_factory=list)
    extra: dict[str, Any] | None = None


class CheckpointV2(_Form):
    """Version 2: what Entity Loom 0.4 writes, and we too."""

    version: Literal[2] = 2
    current_stage: str = "convert"
    platform: str = ""
    instance_id: str = "entity-loom"
    entity_name: str = ""
    user_name: str = ""
    context_notes: str = ""
    input_path: str = ""
    started_at: str = ""
    stages: dict[str, StageView]


class _Pass(_Form):
    completed: bool = False


class _Pass1(_Pass):
    conversation_hashes: dict[str, str] = Field(default_factory=dict)


class _Pass2(_Pass):
    stored_ids: list[str] = Field(default_factory=list)


class _Pass3a(_Pass):
    processed_dates: list[str] = Field(default_factory=list)
    failed_dates: list[str] = Field(default_factory=list)


class _Pass3b(_Pass):
    processed_conversation_ids: list[str] = Field(default_factory=list)
    failed_conversation_ids: list[str] = Field(default_factory=list)


class _Pass4(_Pass):
    processed_memories: list[str] = Field(default_factory=list)


class CheckpointV1(_Form):
    """Version 1: passes instead of stages, and no status."""

    version: Literal[1]
    platform: str = ""
    instance_id: str = "entity-loom"
    entity_name: str = ""
    user_name: str = ""
    context_notes: str = ""
    input_path: str = ""
    started_at: str = ""
    pass1: _Pass1 = Field(default_factory=_Pass1)
    pass2: _Pass2 = Field(default_factory=_Pass2)
    pass3a: _Pass3a = Field(default_factory=_Pass3a)
    pass3b: _Pass3b = Field(default_factory=_Pass3b)
    pass4: _Pass4 = Field(default_factory=_Pass4)

    def as_version_2(self) -> CheckpointV2:
        """The same progress in stages (the migration rules of upstream.md).

        Version 1 has no status. A pass that was begun and not completed was left in the middle: it is given as
        `running`, which repair then treats like any other stale one.
        """
        stages = {
            "setup": StageView(status="completed", completed=True),
            "convert": _migrated(
                self.pass1.completed and self.pass2.completed,
                self.pass2.stored_ids or list(self.pass1.conversation_hashes),
            ),
            "significant": _migrated(
                self.pass3b.completed, self.pass3b.processed_conversation_ids, self.pass3b.failed_conversation_ids
            ),
            "daily": _migrated(self.pass3a.completed, self.pass3a.processed_dates, self.pass3a.failed_dates),
            "graph": _migrated(self.pass4.completed, self.pass4.processed_memories),
        }
        open_stages = [name for name in STAGE_KEYS if not stages[name].completed]
        return CheckpointV2(
            current_stage=open_stages[0] if open_stages else "graph",
            platform=self.platform,
            instance_id=self.instance_id,
            entity_name=self.entity_name,
            user_name=self.user_name,
            context_notes=self.context_notes,
            input_path=self.input_path,
            started_at=self.started_at,
            stages=stages,
        )


def _migrated(completed: bool, processed: list[str], failed: list[str] | None = None) -> StageView:
    status: PublicStatus = "completed" if completed else "running" if processed or failed else "pending"
    return StageView(status=status, completed=completed, processed_items=processed, failed_items=failed or [])


_ANY_VERSION: TypeAdapter[CheckpointV1 | CheckpointV2] = TypeAdapter(CheckpointV1 | CheckpointV2)


def read_checkpoint(path: Path) -> CheckpointV2:
    """Read checkpoint.json of version 1 or 2. Raises FileDamaged, or FileNotFoundError when there is none."""
    text = path.read_bytes()
    try:
        found = _ANY_VERSION.validate_json(text)
    except ValidationError as error:
        why = "it is empty" if not text.strip() else error.errors()[0]["msg"]
        raise FileDamaged(path.name, why) from error
    return found.as_version_2() if isinstance(found, CheckpointV1) else found


def write_checkpoint(package: Package) -> int:
    """Write checkpoint.json from the ledger, in one step, and return its size in bytes."""
    with package.view_lock:
        data = checkpoint_bytes(package)
        package.disk.replace(package.paths.checkpoint, data)
    return len(data)


def checkpoint_bytes(package: Package) -> bytes:
    """What checkpoint.json should hold now."""
    view = checkpoint_view(package).model_dump(by_alias=True, exclude_none=True)
    # Without indentation: only so is it encoded in C, and there may be many packages.
    return json.dumps(view, ensure_ascii=False, separators=(",", ":")).encode()


def checkpoint_view(package: Package) -> CheckpointV2:
    """The progress of a package as Entity Loom would write it."""
    config = package.last_config() or package.config
    states = {state.name: state for state in package.progress.stages()}
    items = package.progress.overview()
    stages = {"setup": StageView(status="completed", completed=True)}
    for name, state in states.items():
        status = _PUBLIC[state.status]
        stages[name] = StageView(
            status=status,
            completed=status == "completed",
            processed_items=_processed(package, name, items),
            failed_items=items[name].failed,
            extra={
                "loomStatus": state.status,
                "interruption": state.interruption,
                "reason": state.reason,
                "interruptedCount": state.interrupted_count,
            },
        )
    current = next((name for name, state in states.items() if not state.status.ended), StageName.GRAPH)
    return CheckpointV2(
        current_stage=current,
        platform=config.platform,
        instance_id=config.instance_id,
        entity_name=config.entity_name,
        user_name=config.user_name,
        context_notes=config.context_notes,
        input_path=str(package.paths.uploads),
        started_at=package.fact("created_at") or "",
        stages=stages,
    )


_PUBLIC: Mapping[StageStatus, PublicStatus] = {
    StageStatus.PENDING: "pending",
    StageStatus.RUNNING: "running",
    StageStatus.COMPLETED: "completed",
    # Entity Loom calls a stage with failures "completed" and forgets them; "error" keeps its Retry within reach.
    StageStatus.COMPLETED_WITH_FAILURES: "error",
    StageStatus.ERROR: "error",
    StageStatus.ABORTED: "aborted",
    StageStatus.SKIPPED: "completed",
}


def _processed(package: Package, name: StageName, items: Mapping[StageName, StageItems]) -> list[str]:
    """Item ids as Entity Loom names them: memory files by absolute path in `graph`, ids as they are elsewhere."""
    foreign = items[name].foreign
    if name == StageName.CONVERT:
        # There a conversation is converted when it is stored.
        return list(dict.fromkeys((*foreign, *items[StageName.COMMIT].foreign, *items[StageName.COMMIT].processed)))
    if name != StageName.GRAPH:
        return foreign + items[name].processed
    known = {(Path(path).parent.name, Path(path).name) for path in foreign}
    graphed = package.ledger.rows("SELECT kind, file_name FROM memories WHERE graphed IS NOT NULL ORDER BY key")
    ours = [str(package.paths.memories / kind / name) for kind, name in graphed if (kind, name) not in known]
    return foreign + ours
