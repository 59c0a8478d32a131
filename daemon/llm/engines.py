"""The language model that a daemon asks: which one, with which key, and how it is set up while the daemon runs.

What a flag, the environment or config.toml says stays as it is. The rest is chosen by people while the daemon runs,
and kept in `<home>/engine.json`; keys are kept apart from it (secrets.py).
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import anyio
import structlog
from pydantic import ValidationError

from daemon.llm.bound import Model, NoLlm, PackageLlm, Purse, Unlimited
from daemon.llm.client import Endpoint
from daemon.llm.counting import TokenCounts, bytes_per_token
from daemon.llm.engine import Engine, EngineSettings, World
from daemon.llm.errors import LlmError
from daemon.llm.live import LiveEngine
from daemon.llm.outbound import Origin, origin_of
from daemon.llm.presets import PRESETS, Preset, preset, preset_for
from daemon.llm.quirks import QuirkBook, told
from daemon.llm.rates import RateSettings
from daemon.llm.retrying import Patience, Retried, not_counted
from daemon.llm.secrets import BoundKey, KeyInvalid, Keyring, Secret, key_from_environment
from daemon.llm.views import EngineView, PresetView, TestView
from daemon.settings import EngineOptions
from packages_store.errors import LoomError
from packages_store.files import Disk
from packages_store.package import Package
from packages_store.paths import HomePaths
from stages.contract import Llm, off_loop

FILE_NAME = "engine.json"
_SPARE = 2
"""Beside those under way, one n-th as many questions wait, so that the next is there when an answer comes."""

PurseOf = Callable[[Package, EngineOptions, Model], Purse]
"""Opens the purse of a package for a model; called in a worker thread whenever a stage begins."""


class NotSetUp(LoomError):
    advice = "Choose one with `loom engine set`, and enter its key with `loom engine key`."


class SetElsewhere(LoomError):
    """Somebody wants to change at run time what a flag, the environment or config.toml says."""

    advice = "Change it there and restart the daemon; `loom config show --origin` says where."


class Engines:
    """The one language model of a daemon, or none. Methods with `async` belong to the event loop."""

    def __init__(
        self,
        settings: EngineOptions,
        paths: HomePaths,
        disk: Disk,
        environ: Mapping[str, str],
        purse_of: PurseOf,
        retried: Retried = not_counted,
    ) -> None:
        """Reads a small file or two. What is wrong with the settings is told when somebody asks."""
        self._given = settings
        self._path = paths.root / FILE_NAME
        self._disk = disk
        self._purse_of = purse_of
        self._world = World(retried=retried)
        self._book = QuirkBook(paths.root, disk)
        self._counts = TokenCounts(paths.root, disk)
        self._changing = anyio.Lock()
        self._problem: LoomError | None = None
        self._key_problem: KeyInvalid | None = None
        self._live: LiveEngine | None = None
        self.options = self._merged(_kept(self._path, disk))
        self._keys = Keyring(paths.secrets, disk, self._key_given(environ))
        self._make()

    # --- asking --------------------------------------------------------------------------------------------------

    @property
    def is_set(self) -> bool:
        """Whether there is a language model; it may not work."""
        return self.options.is_set

    def llm_for(self, package: Package) -> Llm:
        """The language model for one run of a stage of a package. Called in a worker thread.

        When it cannot be asked, the stage ends with what a person has to do about it.
        """
        live = self._live
        if live is None:
            return NoLlm(self._problem or NotSetUp("No language model is set up."))
        ratio = bytes_per_token(package, live.model.name, self._counts)
        return PackageLlm(package, live.model, live, self._purse_of(package, self.options, live.model), ratio)

    def scales_for(self, package: Package) -> PackageLlm | None:
        """The language model for looking at what would be asked: it notes nothing, and pays for nothing.

        None when it cannot be asked. Called in a worker thread.
        """
        live = self._live
        if live is None:
            return None
        ratio = bytes_per_token(package, live.model.name, self._counts, keeps=False)
        return PackageLlm(package, live.model, live, Unlimited(), ratio)

    async def test(self) -> TestView:
        """Ask something small, and say how it went."""
        if self._live is None:
            problem = self._problem or NotSetUp("No language model is set up.")
            return TestView(works=False, sentence=str(problem), origin="", model=self.options.model)
        return TestView(**asdict(await self._live.test()))

    def doubt(self) -> None:
        """A person begins something again, and may have changed the key or the endpoint: see `Engine.doubt`."""
        if self._live is not None:
            self._live.engine.doubt()

    async def drain(self, seconds: float) -> None:
        """Send nothing more, and wait for the answers that are under way, for so many seconds at most."""
        if self._live is not None:
            with anyio.move_on_after(seconds):
                await self._live.engine.gate.close()

    async def close(self) -> None:
        """Close all connections, when nobody asks any more."""
        if self._live is not None:
            await self._live.retire()

    # --- setting up ----------------------------------------------------------------------------------------------

    async def describe(self) -> EngineView:
        """How it is set up."""
        return await off_loop(self._described)

    def _described(self) -> EngineView:
        origin = self._origin()
        key = self._keys.key_for(origin) if origin else None
        live = self._live
        return EngineView(
            is_set=self.is_set,
            problem=str(self._problem) if self._problem else None,
            base_url=self._base_url(),
            origin=str(origin) if origin else None,
            model=self.options.model,
            has_key=key is not None,
            key_from=None if key is None else "environment" if self._keys.is_given(key) else "entered",
            needs_key=self._preset().needs_key if origin else False,
            options=self.options,
            fixed=sorted(self._given.model_fields_set),
            quirks=list(told(live.engine.quirks)) if live else [],
            in_flight=live.engine.gate.rates.in_flight if live else 0,
            most_in_flight_now=live.engine.gate.rates.limit if live else 0,
            presets=[PresetView.model_validate(one, from_attributes=True) for one in PRESETS],
        )

    async def configure(self, changes: EngineOptions) -> EngineView:
        """Change the options that are set in `changes`, and keep them. Raises SetElsewhere or WrongAddress."""
        given = changes.model_dump(include=changes.model_fields_set)
        fixed = sorted(
            name for name in given.keys() & self._given.model_fields_set if given[name] != getattr(self._given, name)
        )
        if fixed:
            raise SetElsewhere(f"{', '.join(fixed)} cannot be changed here: a flag, the environment or a file says it.")
        async with self._changing:
            await off_loop(self._configure, given)
            await self._exchange()
        return await self.describe()

    async def set_key(self, key: str) -> EngineView:
        """Keep a key for the endpoint that is set up. Raises NotSetUp or KeyInvalid."""
        origin = self._known_origin()
        async with self._changing:
            await off_loop(self._keys.keep, BoundKey(Secret(key), origin))
            await self._exchange()
        return await self.describe()

    async def forget_key(self) -> EngineView:
        """Delete the key for the endpoint that is set up. Raises NotSetUp."""
        origin = self._known_origin()
        async with self._changing:
            await off_loop(self._keys.forget, origin)
            await self._exchange()
        return await self.describe()

    def _known_origin(self) -> Origin:
        origin = self._origin()
        if origin is None:
            raise NotSetUp("No language model is set up, to which a key could belong.")
        return origin

    def _configure(self, given: Mapping[str, Any]) -> None:
        kept = {**_kept(self._path, self._disk), **given}
        options = self._merged(kept)
        if options.base_url:
            origin_of(options.base_url)
        self._disk.replace(self._path, json.dumps(kept, indent=1).encode())
        self.options = options

    async def _exchange(self) -> None:
        """Put another engine in the place of the present one."""
        before = self._live
        await off_loop(self._make)
        if before is not None:
            await before.retire()

    # --- making --------------------------------------------------------------------------------------------------

    def _merged(self, kept: Mapping[str, Any]) -> EngineOptions:
        """What was chosen at run time, under what is given."""
        given = self._given.model_dump(include=self._given.model_fields_set)
        return EngineOptions(**{**kept, **given})

    def _key_given(self, environ: Mapping[str, str]) -> BoundKey | None:
        try:
            origin = self._origin()
            return key_from_environment(environ, origin) if origin else None
        except KeyInvalid as problem:
            self._key_problem = problem
            return None

    def _base_url(self) -> str:
        chosen = preset(self.options.preset)
        return self.options.base_url or (chosen.base_url if chosen else "")

    def _origin(self) -> Origin | None:
        try:
            return origin_of(self._base_url()) if self._base_url() else None
        except LlmError:
            return None

    def _preset(self) -> Preset:
        return preset(self.options.preset) or preset_for(self._base_url())

    def _make(self) -> None:
        """Make the engine that the options describe, or say why there is none."""
        self._live = None
        if not self.is_set:
            return
        try:
            self._live = self._made()
            self._problem = None
        except LoomError as problem:
            self._problem = problem
            structlog.get_logger().warning("language model cannot be asked", reason=str(problem))

    def _made(self) -> LiveEngine:
        options, chosen = self.options, self._preset()
        origin = origin_of(self._base_url())
        key = self._keys.key_for(origin)
        if not options.model:
            raise NotSetUp("No model is chosen.", "Choose one with `loom engine set model=NAME`.")
        if key is None and self._key_problem is not None:
            raise self._key_problem
        if key is None and chosen.needs_key:
            raise NotSetUp(f"{chosen.title} wants a key.", "Enter it with `loom engine key`.")
        most = options.most_in_flight or chosen.in_flight
        endpoint = Endpoint(
            base_url=self._base_url(),
            model=options.model,
            key=key,
            connect_seconds=options.connect_seconds,
            total_seconds=options.timeout_seconds,
            proxy=options.proxy or None,
        )
        settings = EngineSettings(
            endpoint=endpoint,
            rates=RateSettings(most, options.requests_per_minute),
            patience=Patience(seconds=options.patience_seconds),
            quirks=chosen.quirks,
        )
        model = Model(
            name=options.model,
            origin=str(origin),
            temperature=options.temperature,
            context_tokens=options.context_tokens,
            concurrency=most + -(-most // _SPARE),
        )
        return LiveEngine(Engine(settings, self._book, self._world), model, self._counts)


def _kept(path: Path, disk: Disk) -> dict[str, Any]:
    """What was chosen at run time, as far as it is allowed; a file that says nothing we understand is set aside."""
    try:
        kept = json.loads(path.read_bytes())
        EngineOptions.model_validate(kept)
    except FileNotFoundError:
        return {}
    except (ValueError, ValidationError, RecursionError):
        aside = disk.set_aside(path, "unreadable")
        structlog.get_logger().warning("engine.json cannot be read", kept_as=aside.name)
        return {}
    return dict(kept)
