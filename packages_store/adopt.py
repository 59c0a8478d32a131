"""Taking over a package that has no ledger: from Entity Loom, from the incident, or one whose ledger was damaged.

Two steps. `adopt_progress` is quick and happens during repair: a ledger that says what checkpoint.json said. Then
`adopt_contents`, before the first work on the package, reads in what lies beside it: conversations, memories, graph,
uploaded files. Both can be repeated; neither changes a memory file.
"""

import json
from contextlib import closing
from pathlib import Path

from packages_store.checkpoint import STAGE_KEYS, CheckpointV2, StageView, read_checkpoint
from packages_store.config import PackageConfig
from packages_store.errors import FileDamaged
from packages_store.files import sha256_of
from packages_store.model import Interruption, Repair, StageName, StageStatus
from packages_store.package import Package

_CONTENTS = "contents"
_BATCH = 200

_STATUS = {
    "pending": StageStatus.PENDING,
    "running": StageStatus.RUNNING,
    "completed": StageStatus.COMPLETED,
    "error": StageStatus.ERROR,
    "aborted": StageStatus.ABORTED,
}


def adopt_progress(package: Package, config: PackageConfig) -> list[Repair]:
    """Create the ledger of a package that has none, from its checkpoint.json of version 1 or 2.

    A checkpoint.json that cannot be read is set aside; then the package's contents decide what is done.
    A `running` is taken over as it stands: to make it true again is the repair's work.
    """
    damaged = None
    try:
        view = read_checkpoint(package.paths.checkpoint)
    except FileNotFoundError:
        view = None
    except FileDamaged as error:
        damaged = error
        view = None
    aside = package.disk.set_aside(package.paths.checkpoint, package.stamp).name if damaged else None
    with package.ledger.transaction():
        package.progress.create()
        package.set_fact("created_at", (view.started_at if view else "") or package.now())
        package.set_fact("config", json.dumps(config.model_dump(by_alias=True), ensure_ascii=False, indent=2))
        paths = package.paths
        contents = (paths.chats, paths.memories, paths.graph, paths.uploads, paths.raw)
        has_contents = any(path.exists() for path in contents)
        package.set_fact(_CONTENTS, "to adopt" if has_contents else "adopted")
        if view is not None:
            _adopt_stages(package, view)
        elif has_contents:
            _infer_stages(package)
    return [_restored_from_contents(package, damaged, aside or "")] if damaged else []


def _adopt_stages(package: Package, view: CheckpointV2) -> None:
    convert = view.stages.get("convert", StageView())
    for name in StageName:
        stage = view.stages.get(name)
        if stage is None and name not in STAGE_KEYS:
            # Upload and commit are part of `convert` in Entity Loom.
            stage = StageView(status="completed" if convert.completed else "pending", completed=convert.completed)
        if stage is not None:
            status, interruption = _status_of(stage)
            package.progress.adopt(name, status, interruption, stage.processed_items, stage.failed_items)


def _status_of(stage: StageView) -> tuple[StageStatus, Interruption | None]:
    status = _STATUS[stage.status]
    extra = stage.extra or {}
    if status == StageStatus.COMPLETED and not stage.completed:
        status = StageStatus.RUNNING
    if status == StageStatus.ERROR and extra.get("loomStatus") == StageStatus.COMPLETED_WITH_FAILURES:
        status = StageStatus.COMPLETED_WITH_FAILURES
    if status == StageStatus.COMPLETED and stage.failed_items:
        status = StageStatus.COMPLETED_WITH_FAILURES
    if status != StageStatus.ABORTED:
        return status, None
    by = extra.get("interruption")
    return status, Interruption(by) if by in set(Interruption) else Interruption.USER


def _infer_stages(package: Package) -> None:
    """Without a readable checkpoint: what has a file is done, the rest is looked at again."""
    if package.paths.chats.exists():
        for name in (StageName.UPLOAD, StageName.CONVERT, StageName.COMMIT):
            package.progress.adopt(name, StageStatus.COMPLETED, None, (), ())
    found = {"significant": set[str](), "daily": set[str]()}
    for memory in package.memories.read_files():
        found[memory.kind].update(memory.conversation_ids if memory.kind == "significant" else (memory.date,))
    package.progress.adopt(StageName.SIGNIFICANT, StageStatus.PENDING, None, sorted(found["significant"]), ())
    package.progress.adopt(StageName.DAILY, StageStatus.PENDING, None, sorted(found["daily"]), ())


def _restored_from_contents(package: Package, damaged: FileDamaged, aside: str) -> Repair:
    return Repair(
        at=package.now(),
        subject=damaged.path,
        found=damaged.why,
        done=f"The file was kept as {aside}; progress was rebuilt from chats.db and the memory files.",
        advice="Look through the stages; nothing that has a memory file is done again.",
    )


def adopt_contents(package: Package) -> bool:
    """Read conversations, memories, graph and uploaded files of an adopted package into its ledger.

    False when that has been done, or there is nothing to adopt.
    """
    if package.fact(_CONTENTS) != "to adopt":
        return False
    converted = package.progress.stage(StageName.COMMIT).status.ended
    _adopt_conversations(package, trusted=converted)
    package.memories.adopt()
    known = {(Path(path).parent.name, Path(path).name) for path in package.progress.foreign_processed(StageName.GRAPH)}
    package.memories.mark_graphed([m.id for m in package.memories.all() if (m.kind, m.file_name) in known])
    if package.paths.graph.exists():
        package.graph.adopt_existing()
    if not converted or package.paths.uploads.is_dir():
        _adopt_uploads(package)
    package.set_fact(_CONTENTS, "adopted")
    return True


def _adopt_conversations(package: Package, *, trusted: bool) -> None:
    if not package.paths.chats.exists():
        return
    batch = []
    for conversation in package.chats.iterate():
        batch.append(conversation)
        if len(batch) == _BATCH:
            package.staging.add("adopted", batch)
            batch = []
    package.staging.add("adopted", batch)
    if trusted:
        # What Entity Loom committed entirely is not written again; what it left half-way is (upstream.md, fault 3).
        package.progress.adopt_done(StageName.COMMIT, sorted(package.chats.conversation_ids()))


def _adopt_uploads(package: Package) -> None:
    """Register uploaded files, so that what was lost between upload and commit comes in (upstream.md, fault 18)."""
    for path in sorted(package.paths.uploads.glob("*")):
        if path.is_file() and len(path.name) == 64 and sha256_of(path) == path.name:
            _register(package, path, f"upload {path.name[:12]}")
    for path in sorted(package.paths.raw.glob("*")):
        if path.is_file() and path.name not in {"uploads.json", "_loom_conversations.json"}:
            _register(package, path, path.name)


def _register(package: Package, path: Path, name: str) -> None:
    with closing(path.open("rb")) as source:
        copied = package.disk.copy_in(source, package.paths.uploads)
    if not any(upload.sha256 == copied.sha256 for upload in package.uploads.all()):
        package.uploads.register(copied, name, "adopted")
