"""What a person may set: flag > environment (`LOOM_*`) > TOML file > default, and where each value came from.

The file is `<home>/config.toml`, or the one that LOOM_CONFIG names. Nothing that is written wrong is passed over in
silence: a key, a variable or a value that we do not know is refused with its origin and the nearest one that we do.
"""

import difflib
import os
import pwd
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    InitSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from packages_store.errors import InvalidName, LoomError
from packages_store.paths import HomePaths, package_name

PREFIX = "LOOM_"
OTHER_VARIABLES = ("LOOM_CONFIG", "LOOM_TOKEN", "LOOM_LLM_KEY", "LOOM_LLM_KEY_FILE")
"""Variables with our prefix that are no settings: the file to read, the token with which the command line calls, and
the key of the language model (daemon/llm/secrets.py)."""

_CONFIG_FILE = "config.toml"
_HOST_NAME = re.compile(r"(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,62})(\.[a-z0-9_]([a-z0-9_-]{0,62}))*")

Seconds = Annotated[float, Field(allow_inf_nan=False)]


class SettingsError(LoomError):
    """Settings that cannot be used. `problems` holds one sentence for each; the message is all, one per line."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


class InboxSettings(_Section):
    """The drop folder."""

    rescan_seconds: Seconds = Field(default=30.0, ge=0.05, le=3600)
    """How often the folder is looked through even when nothing was reported: reports get lost on some file systems."""
    settle_seconds: Seconds = Field(default=5.0, ge=0, le=3600)
    """How long the size and the time of a file must stay the same before it is taken."""
    unfinished_seconds: Seconds = Field(default=60.0, ge=0, le=86_400)
    """How long a file that looks cut short may stay quiet before it is taken as it is."""
    after_import: Literal["leave", "archive"] = "leave"
    """What becomes of a dropped file once its content is safe in the package."""


class LogSettings(_Section):
    """What is logged, and how."""

    format: Literal["auto", "console", "json"] = "auto"
    """`auto` is `console` on a terminal and `json` elsewhere."""
    level: Literal["debug", "info", "warning", "error"] = "info"
    file: str = ""
    """A file to log to instead of standard error; relative to the home."""
    file_bytes: int = Field(default=10 << 20, ge=1000)
    """A file that is larger is put aside, and a new one begun; so is one that is older than `file_days`."""
    file_days: Seconds = Field(default=7.0, gt=0, le=3650)
    files: int = Field(default=5, ge=1, le=1000)
    """How many files there are at most: together they take `files` times `file_bytes`."""

    @field_validator("level", mode="before")
    @classmethod
    def _in_lower_case(cls, level: object) -> object:
        return level.lower() if isinstance(level, str) else level


class EngineOptions(_Section):
    """Which language model is asked, how, and for how much money. Without a base URL and a preset there is none.

    What is set here cannot be changed while the daemon runs; the rest can (daemon/llm/engines.py). The key is no
    setting: it is entered with `loom engine key`, or stands in LOOM_LLM_KEY or the file named by LOOM_LLM_KEY_FILE.
    """

    preset: Literal["", "openrouter", "openai", "anthropic", "google", "ollama", "llamacpp", "vllm", "lmstudio"] = ""
    """A well-known endpoint; `base_url` may put another address in its place."""
    base_url: str = Field(default="", max_length=2000, pattern=r"^(https?://[^\s/@?#]+(/[^\s?#]*)?)?$")
    """What stands before `/chat/completions`."""
    model: str = Field(default="", max_length=300)
    context_tokens: int = Field(default=90_000, ge=2_000, le=10_000_000)
    """Tokens that a question and its answer may have together."""
    temperature: float | None = Field(default=0.2, ge=0, le=2)
    most_in_flight: int | None = Field(default=None, ge=1, le=1000)
    """Requests under way at once at most; not set, what fits the preset. How many really are adapts."""
    requests_per_minute: float | None = Field(default=None, gt=0)
    connect_seconds: Seconds = Field(default=10.0, gt=0, le=600)
    timeout_seconds: Seconds = Field(default=300.0, gt=0, le=7200)
    """How long one answer may take."""
    patience_seconds: Seconds = Field(default=120.0, ge=0, le=86_400)
    """How long nobody may answer before the stage ends, to be tried again later."""
    proxy: str = Field(default="", max_length=2000, pattern=r"^(https?://[^\s/@?#]+/?)?$")
    """An HTTP proxy; the environment's proxies are not used."""
    price_in: float | None = Field(default=None, ge=0)
    """US dollars for a million tokens sent; with `price_out` it goes before every price that is listed."""
    price_out: float | None = Field(default=None, ge=0)
    """US dollars for a million tokens answered."""
    price_date: str = Field(default="", max_length=40)
    """When these prices were looked up, such as 2026-11-23; shown with what they come to."""
    budget_per_package: float | None = Field(default=None, ge=0)
    """US dollars after which a package waits for a person; not set, there is no limit."""
    budget_per_day: float | None = Field(default=None, ge=0)
    """US dollars a day, of all packages together."""

    @property
    def is_set(self) -> bool:
        """Whether there is a language model to be asked."""
        return bool(self.base_url or self.preset)


class Settings(BaseSettings):
    """All settings, frozen. Made in code they are what the code says; `load_settings` asks environment and file."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        validate_default=True,
    )

    home: Path
    """Absolute. Set by flag, environment or default, never in a file: the file is looked for in it."""
    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = ()
    """Names beside the loopback ones under which a browser may call us; in the environment separated by commas."""
    host: str = Field(default="127.0.0.1", min_length=1)
    port: int = Field(default=8377, ge=0, le=65_535)
    """0 takes any free port."""
    default_package: str = "default"
    """The package that gets what is dropped into the root of the drop folder."""
    time_zone: str = "UTC"
    """IANA name for new packages; `load_settings` puts the machine's here."""
    pause_before_commit: bool = False
    """Whether new packages wait for a person after convert."""
    resume_at_start: bool = True
    """Whether interrupted packages go on by themselves when the daemon starts; otherwise they wait for Continue."""
    poison_after: int = Field(default=3, ge=1, le=1000)
    """Interrupted attempts after which an item is set aside."""
    slots: int = Field(default=4, ge=1, le=64)
    """How many packages are worked on at once."""
    slice_seconds: Seconds = Field(default=30.0, ge=0.01, le=3600)
    """How long a package keeps its slot while others wait."""
    max_upload_bytes: int = Field(default=64 << 30, ge=1)
    """The largest file accepted over HTTP: a bound against accidents, far above any export."""
    grace_seconds: Seconds = Field(default=20.0, ge=0, le=600)
    """How long items in flight may take to end when the daemon is stopped."""
    min_free_bytes: int = Field(default=256 << 20, ge=0)
    """Room that is kept free on the disk: with less, nothing is started until there is room again."""
    safe_mode_after: int = Field(default=3, ge=0, le=100)
    """Starts in a row that died within a minute, after which nothing is worked on until somebody says so; 0: never."""
    metrics_open: bool = False
    """Whether `/metrics` answers without the token: it tells how much there is, and no names or texts."""
    inbox: InboxSettings = InboxSettings()
    log: LogSettings = LogSettings()
    engine: EngineOptions = EngineOptions()

    @property
    def paths(self) -> HomePaths:
        return HomePaths(self.home)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        # `Settings(...)` must not ask this process's environment: `load_settings` is handed one.
        return (init_settings,)

    @field_validator("home")
    @classmethod
    def _absolute(cls, home: Path) -> Path:
        return home.absolute()

    @field_validator("allowed_hosts", mode="before")
    @classmethod
    def _split(cls, hosts: object) -> object:
        return [name for name in re.split(r"[,\s]+", hosts) if name] if isinstance(hosts, str) else hosts

    @field_validator("allowed_hosts")
    @classmethod
    def _names(cls, hosts: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(map(_host_name, hosts))

    @field_validator("host")
    @classmethod
    def _reachable_only_on_purpose(cls, host: str, info: ValidationInfo) -> str:
        # A name that resolves to us lets any web page call us (DNS rebinding), so others get in under known names only.
        if not is_loopback(host) and info.data.get("allowed_hosts") == ():
            raise ValueError(
                "others could reach it: set allowed_hosts to the names under which it is called, or use 127.0.0.1"
            )
        return host

    @field_validator("default_package")
    @classmethod
    def _valid_name(cls, name: str) -> str:
        try:
            return package_name(name)
        except InvalidName as error:
            raise ValueError(str(error)) from error

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        if not _is_zone(name):
            raise ValueError("it must be an IANA time zone such as Europe/Berlin")
        return name


def load_settings(flags: Mapping[str, object], environ: Mapping[str, str]) -> Settings:
    """The settings of a process with these `flags` (dotted key -> value; None was not given) and this environment.

    An empty variable counts as not set. Raises SettingsError, with every problem there is.
    """
    return _Sources.gather(flags, environ).settings()


def origins(flags: Mapping[str, object], environ: Mapping[str, str]) -> dict[str, str]:
    """Every dotted key -> `flag`, `environment LOOM_…`, `file <path>:<key>` or `default`. Raises SettingsError."""
    sources = _Sources.gather(flags, environ)
    sources.settings()
    return {key: sources.origin(key) for key in keys()}


def flat(settings: Settings) -> dict[str, object]:
    """Every dotted key -> its value, JSON-ready: no setting is a secret."""
    return dict(_flatten(settings.model_dump(mode="json")))


def keys() -> tuple[str, ...]:
    """Every dotted key, such as `port` and `inbox.rescan_seconds`."""
    return tuple(_fields())


def variable(key: str) -> str:
    """The environment variable of a dotted key: `inbox.rescan_seconds` is `LOOM_INBOX__RESCAN_SECONDS`."""
    return PREFIX + key.replace(".", "__").upper()


def default_home(environ: Mapping[str, str], platform: str = sys.platform) -> Path:
    """The XDG data directory of entity-loom, or what stands for it on macOS. Raises SettingsError without a HOME."""
    if platform == "darwin":
        return _user_home(environ) / "Library" / "Application Support" / "entity-loom"
    data = Path(environ.get("XDG_DATA_HOME", ""))
    # The XDG specification tells us to ignore a relative path.
    return (data if data.is_absolute() else _user_home(environ) / ".local" / "share") / "entity-loom"


def machine_zone(environ: Mapping[str, str], localtime: Path = Path("/etc/localtime")) -> str:
    """The machine's IANA time zone: from TZ, else from where `localtime` links to, else `UTC`."""
    for path in (environ.get("TZ", "").removeprefix(":"), *_links(localtime)):
        name = re.sub(r"^(posix|right)/", "", path.rpartition("zoneinfo/")[2])
        if name and _is_zone(name):
            return name
    return "UTC"


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a server bound to `host`."""
    name = host.lower().removesuffix(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class _Sources:
    """What was set where: dotted key -> value for each place, and the home that follows from it."""

    flags: dict[str, object]
    environ: dict[str, str]
    file: dict[str, object]
    path: Path
    home: Path
    zone: str

    @classmethod
    def gather(cls, flags: Mapping[str, object], environ: Mapping[str, str]) -> Self:
        """Raises SettingsError for a file that cannot be read and for names that nobody knows."""
        given = {key: value for key, value in flags.items() if value is not None}
        ours = {name.upper(): text for name, text in environ.items() if name.upper().startswith(PREFIX) and text}
        home = _home(given.get("home") or ours.get(variable("home")), environ)
        named = ours.get("LOOM_CONFIG")
        path = _expanded(named, environ) if named else home / _CONFIG_FILE
        # The default file may be missing; one that somebody asked for may not.
        table = _read(path, required=named is not None)
        sources = cls(given, ours, dict(_flatten(table)), path, home, machine_zone(environ))
        if problems := tuple(sources._unknown()):
            raise SettingsError(problems)
        return sources

    def settings(self) -> Settings:
        """Raises SettingsError for values that are not allowed."""
        environment = EnvSettingsSource(Settings)
        environment.env_vars = {name.lower(): text for name, text in self.environ.items()}
        layers: tuple[PydanticBaseSettingsSource, ...] = (
            InitSettingsSource(Settings, {"home": self.home}),
            InitSettingsSource(Settings, _nest(self.flags)),
            environment,
            InitSettingsSource(Settings, _nest(self.file)),
            InitSettingsSource(Settings, {"time_zone": self.zone}),
        )
        try:
            return Settings(_build_sources=(layers, {}))
        except ValidationError as error:
            raise SettingsError(tuple(self._problems(error))) from error

    def origin(self, key: str) -> str:
        """Where the value of a dotted key comes from, in words."""
        if key in self.flags:
            return "flag"
        if variable(key) in self.environ:
            return f"environment {variable(key)}"
        return f"file {self.path}:{key}" if key in self.file else "default"

    def _unknown(self) -> Iterator[str]:
        for key in self.flags.keys() - set(keys()):
            yield f"There is no setting {key} (flag).{_nearest(key, keys())}"
        variables = tuple(map(variable, keys()))
        for name in sorted(self.environ.keys() - {*variables, *OTHER_VARIABLES}):
            yield f"There is no setting {name} (environment).{_nearest(name, variables)}"
        for key in self.file:
            if key == "home":
                yield f"The file {self.path} cannot set home: use --home or {variable('home')}."
            elif key not in keys():
                yield f"There is no setting {key} (file {self.path}).{_nearest(key, keys())}"

    def _problems(self, error: ValidationError) -> Iterator[str]:
        for detail in error.errors(include_url=False):
            parts = [str(part) for part in detail["loc"]]
            key = ".".join(parts[:2]) if ".".join(parts[:2]) in keys() else parts[0]
            reason = detail.get("ctx", {}).get("error")
            allowed = f"{reason}" if reason else f"it must be {what_may_be(key)}"
            shown = repr(detail["input"])
            shown = shown if len(shown) <= 80 else f"{shown[:79]}…"
            yield f"{key} ({self.origin(key)}) is {shown}: {allowed.rstrip('.')}."


def _fields() -> dict[str, type[BaseModel]]:
    """Dotted key -> the model that has it as a field."""
    fields: dict[str, type[BaseModel]] = {}
    for name, field in Settings.model_fields.items():
        section = field.annotation
        if isinstance(section, type) and issubclass(section, BaseModel):
            fields |= {f"{name}.{inner}": section for inner in section.model_fields}
        else:
            fields[name] = Settings
    return fields


def what_may_be(key: str) -> str:
    """What a value may be, in words, from the same declaration that checks it."""
    schema = _fields()[key].model_json_schema()["properties"][key.rpartition(".")[2]]
    # A setting that may be left out says so first with the alternatives.
    schema |= next(iter(schema.get("anyOf", ())), {})
    if "enum" in schema:
        return " or ".join(filter(None, schema["enum"]))
    kinds = {"integer": "a whole number", "number": "a number", "boolean": "true or false", "array": "a list of names"}
    kind = kinds.get(schema.get("type", ""), "text")
    if "pattern" in schema:
        return "an address such as https://api.example.com/v1"
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is None:
        return kind
    return f"{kind} of at least {low}" if high is None else f"{kind} from {low} to {high}"


def _nearest(name: str, known: tuple[str, ...]) -> str:
    # A section given as if it were a value is answered with what is in it.
    inner = [other for other in known if other.startswith((f"{name}.", f"{name}__"))]
    found = inner or difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f" Did you mean {' or '.join(found)}?" if found else " `loom config show` lists all of them."


def _flatten(table: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, object]]:
    """Dotted key -> value. An empty table stays a value, unless it is one of our sections, which may be empty."""
    for name, value in table.items():
        key = prefix + name
        if isinstance(value, dict) and (value or any(known.startswith(f"{key}.") for known in keys())):
            yield from _flatten(value, f"{key}.")
        else:
            yield key, value


def _nest(values: Mapping[str, object]) -> dict[str, Any]:
    """The tables of dotted keys, all of them known: at most one level deep."""
    tables: dict[str, Any] = {}
    for key, value in values.items():
        section, _, name = key.rpartition(".")
        target = tables.setdefault(section, {}) if section else tables
        target[name] = value
    return tables


def _read(path: Path, *, required: bool) -> dict[str, Any]:
    try:
        if required and not path.is_file():
            raise SettingsError((f"LOOM_CONFIG names {path}, which is no file.",))
        return TomlConfigSettingsSource(Settings, path).toml_data
    except OSError as error:
        raise SettingsError((f"The file {path} cannot be read: {error.strerror}.",)) from error
    except ValueError as error:
        raise SettingsError((f"The file {path} is not valid TOML: {error}.",)) from error


def _home(given: object, environ: Mapping[str, str]) -> Path:
    return _expanded(str(given), environ) if given else default_home(environ)


def _expanded(text: str, environ: Mapping[str, str]) -> Path:
    """An absolute path; `~/` is the home of the user whom `environ` names."""
    path = Path(text)
    return (_user_home(environ).joinpath(*path.parts[1:]) if path.parts[:1] == ("~",) else path).absolute()


def _user_home(environ: Mapping[str, str]) -> Path:
    if home := environ.get("HOME"):
        return Path(home)
    try:
        return Path(pwd.getpwuid(os.getuid()).pw_dir)
    except KeyError as error:  # a container may run under a user id that nobody has
        problem = "The user has no home directory: say where to keep things with --home or LOOM_HOME."
        raise SettingsError((problem,)) from error


def _links(localtime: Path) -> Iterator[str]:
    # The first link is asked before where it ends: Europe/Oslo may itself be a link to Europe/Berlin.
    with suppress(OSError, RuntimeError):
        yield str(localtime.readlink())
        yield str(localtime.resolve())


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True


def _host_name(text: str) -> str:
    """A name as it stands in a Host header, without port: lower case, no final dot, IPv6 without brackets."""
    name = text.strip().lower().removesuffix(".")
    with suppress(ValueError):
        return str(ip_address(name.removeprefix("[").removesuffix("]")))
    if not _HOST_NAME.fullmatch(name):
        raise ValueError(f"{text!r} is not the plain name of a host, without scheme, port or wildcard")
    return name
