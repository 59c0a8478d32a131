"""The service without a daemon: this process takes the home, repairs it, and does the work itself."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path

import anyio
from pydantic import BaseModel

from daemon.app import Daemon, open_daemon
from daemon.commands.exits import Exit, NoDaemon
from daemon.commands.service import Act, EngineAct, Json, Service
from daemon.configuring import CHANGEABLE, change_settings
from daemon.doctor import examine
from daemon.doubt_views import view
from daemon.events import DaemonReady
from daemon.reviewing import CHANGED, Asked, Change, commit_only, decide, page_of
from daemon.service.health import health
from daemon.settings import EngineOptions, Settings
from daemon.views import upload_view
from daemon.watcher import DropFile
from packages_store import by_hand
from packages_store.comparing import compare
from packages_store.lineage import impact, lineage
from packages_store.model import StageName
from stages.contract import off_loop

_LOOK_SECONDS = 0.3
"""How often progress is told while a package works."""


async def in_this_process(settings: Settings, use: Callable[[Service], Awaitable[Exit]], *, works: bool) -> Exit:
    """Hold the home while `use` runs; `works` says that packages are worked on meanwhile.

    Everything is repaired first, for questions too: a status on disk is true only after that. Raises HomeBusy.
    """
    async with open_daemon(settings) as daemon:
        await daemon.repair_all()
        if not works:
            return await use(LocalService(daemon))
        async with anyio.create_task_group() as tasks:
            with daemon.events.listen() as events:
                tasks.start_soon(_work, daemon)
                async for _number, event in events:
                    if isinstance(event, DaemonReady):
                        break
            result = await use(LocalService(daemon))
            await daemon.stop()
            tasks.cancel_scope.cancel()
        return result


async def _work(daemon: Daemon) -> None:
    await daemon.work(watch=False)


class LocalService:
    """Answers from a daemon in this process."""

    goes_on = False

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon

    async def packages(self) -> list[Json]:
        return _json_list(await self._daemon.packages())

    async def package(self, name: str) -> Json:
        return _json(await self._daemon.package(name))

    async def repairs(self) -> list[Json]:
        return _json_list(await self._daemon.repairs())

    async def health(self) -> Json:
        return _json(await health(self._daemon))

    async def resume_all(self) -> Json:
        return {"left_safe_mode": False, "packages": await self._daemon.resume_all()}

    async def findings(self) -> list[Json]:
        return _json_list(await examine(self._daemon))

    async def stop_after(self, name: str, until: str | None) -> None:
        await self._daemon.set_until(name, None if until is None else StageName(until))

    async def hand_in(self, name: str, path: Path, file_name: str) -> Json:
        return _json(upload_view(await self._daemon.hand_in(name, path, file_name)))

    async def conversations(self, name: str, asked: Json) -> Json:
        wanted = Asked.model_validate(asked)
        return asdict(await self._daemon.read(name, lambda package: page_of(package, wanted)))

    async def change_conversations(self, name: str, change: Json) -> Json:
        wanted = Change.model_validate(change)
        return asdict(await self._daemon.change(name, CHANGED, lambda package: decide(package, wanted)))

    async def search(self, name: str, text: str, limit: int) -> Json:
        return asdict(await self._daemon.read(name, lambda package: package.review.search.find(text, 0, limit)))

    async def compare(self, name: str, path: Path, file_name: str) -> Json:
        return asdict(await self._daemon.change(name, CHANGED, lambda package: compare(package, path, file_name)))

    async def commit_only(self, name: str) -> Json:
        await self._daemon.change(name, CHANGED, commit_only)
        return await self.package(name)

    async def act(self, verb: Act, name: str, stage: str | None, item: str | None) -> Json:
        stage_name = None if stage is None else StageName(stage)
        match verb:
            case "resume":
                return _json(await self._daemon.resume(name, stage_name))
            case "abort":
                return _json(await self._daemon.abort(name))
            case "retry":
                return _json(await self._daemon.retry(name, stage_name, item))
            case "skip":
                return _json(await self._daemon.skip(name, stage_name, item))
            case "skip-stage":
                return _json(await self._daemon.skip_stage(name, StageName(stage or "")))

    async def settle(self, name: str, tell: Callable[[Json], None]) -> Json:
        while True:
            with anyio.move_on_after(_LOOK_SECONDS):
                return _json(await self._daemon.settled(name))
            tell(_json(await self._daemon.package_line(name)))

    @asynccontextmanager
    async def export(self, name: str) -> AsyncIterator[AsyncIterator[bytes]]:
        pieces = self._daemon.export(name)
        first = await off_loop(next, pieces, b"")

        async def all_pieces() -> AsyncIterator[bytes]:
            piece = first
            while piece:
                yield piece
                piece = await off_loop(next, pieces, b"")

        yield all_pieces()

    async def drop_folder(self) -> Json:
        # Nobody watches it now: one look says what lies in it.
        watcher = self._daemon.watcher
        await watcher.look()
        files = [_dropped(file) for file in watcher.files()]
        state = {"path": str(self._daemon.paths.inbox), "state": watcher.state.state, "reason": watcher.state.reason}
        return {**state, "counts": watcher.counts(), "files": files}

    async def delete(self, name: str) -> Json:
        # Nobody has looked into the drop folder yet, and what lies there would bring the package back.
        await self._daemon.watcher.look()
        return asdict(await self._daemon.delete(name))

    async def trash(self) -> list[Json]:
        return [asdict(entry) for entry in await self._daemon.trashed()]

    async def restore(self, entry: str) -> Json:
        return _json(await self._daemon.restore(entry))

    async def scan(self) -> list[Json]:
        files = await self._daemon.watcher.scan_once()
        for name in sorted({file.package for file in files if file.upload is not None and file.package is not None}):
            await self._daemon.settled(name)
        outcomes = await self._outcomes({file.package for file in files if file.package is not None and file.upload})
        ends = {file.path: outcomes[file.upload.id] for file in files if file.upload is not None}
        rows = [(_dropped(file), ends.get(file.path)) for file in files]
        return [row if end is None else {**row, "outcome": end[0], "reason": end[1]} for row, end in rows]

    async def explain(self, path: Path) -> Json:
        return {"path": str(path), "explanation": await self._daemon.watcher.explain(path)}

    async def _outcomes(self, names: set[str]) -> dict[str, tuple[str, str | None]]:
        details = [await self._daemon.package(name) for name in sorted(names)]
        return {upload.id: (upload.outcome, upload.reason) for detail in details for upload in detail.uploads}

    async def login_link(self) -> str:
        raise NoDaemon("No daemon is running, so there is no page to open.")

    async def plan(self, name: str, *, explain: bool) -> Json:
        daemon = self._daemon
        look = partial(daemon.spending.plan, explain=explain)
        return _json(await daemon.read(name, lambda package: look(daemon.look_at(package))))

    async def doubts(self, name: str) -> list[Json]:
        return _json_list(
            [view(doubt) for doubt in await self._daemon.read(name, lambda package: package.doubts.all())]
        )

    async def decide_doubt(self, name: str, doubt: str, *, keep: bool) -> Json:
        act = by_hand.keep_doubt if keep else by_hand.drop_doubt
        return _json(view(await self._daemon.change(name, "doubts", lambda package: act(package, doubt))))

    async def lineage(self, name: str, of: str) -> Json:
        return asdict(await self._daemon.read(name, lambda package: lineage(package, of)))

    async def impact(self, name: str, of: str) -> Json:
        return asdict(await self._daemon.read(name, lambda package: impact(package, of)))

    async def settings(self, name: str, changes: Json) -> Json:
        changed: list[str] = []
        if changes:
            changed = await self._daemon.change(name, "settings", lambda package: change_settings(package, changes))
        config = await self._daemon.read(name, lambda package: package.config)
        return {"settings": config.model_dump(mode="json", include=set(CHANGEABLE)), "changed": changed}

    async def costs(self, name: str) -> Json:
        options, costs = self._daemon.engine.options, self._daemon.spending.costs
        return _json(await self._daemon.read(name, lambda package: costs(package, options)))

    async def set_budget(self, name: str, changes: Json) -> Json:
        options, act = self._daemon.engine.options, self._daemon.spending.set_budget
        return _json(await self._daemon.change(name, "budget", lambda package: act(package, options, changes)))

    async def engine(self, act: EngineAct, values: Json) -> Json:
        engine = self._daemon.engine
        match act:
            case "show":
                return _json(await engine.describe())
            case "test":
                return _json(await engine.test())
            case "set":
                return _json(await engine.configure(EngineOptions(**values)))
            case "key":
                return _json(await engine.set_key(values["key"]))
            case "forget":
                return _json(await engine.forget_key())


def _dropped(file: DropFile) -> Json:
    return {"file": file.path, "package": file.package, "outcome": file.state.value, "reason": file.reason}


def _json(view: BaseModel) -> Json:
    return view.model_dump(mode="json")


def _json_list(views: Sequence[BaseModel]) -> list[Json]:
    return [_json(view) for view in views]
