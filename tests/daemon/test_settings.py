"""Settings: what wins, where it came from, and that nothing written wrong is passed over."""

import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from daemon.settings import (
    LogSettings,
    Settings,
    SettingsError,
    default_home,
    flat,
    is_loopback,
    keys,
    load_settings,
    machine_zone,
    origins,
    variable,
)
from packages_store.errors import LoomError


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """The environment of a person who set nothing."""
    return {"HOME": str(tmp_path), "TZ": "Europe/Berlin", "PATH": "/bin"}


@pytest.fixture
def file(tmp_path: Path, environ: dict[str, str]) -> Path:
    """The settings file, in the home that `environ` then names."""
    environ["LOOM_HOME"] = str(tmp_path / "home")
    path = tmp_path / "home" / "config.toml"
    path.parent.mkdir()
    return path


def problem(flags: dict[str, object], environ: dict[str, str]) -> str:
    with pytest.raises(SettingsError) as caught:
        load_settings(flags, environ)
    return str(caught.value)


def test_a_person_who_sets_nothing_gets_the_defaults(tmp_path: Path, environ: dict[str, str]) -> None:
    settings = load_settings({}, environ)

    assert settings == Settings(home=tmp_path / ".local/share/entity-loom", time_zone="Europe/Berlin")
    assert (settings.host, settings.port, settings.allowed_hosts) == ("127.0.0.1", 8377, ())
    assert settings.max_upload_bytes == 64 * 1024**3
    assert settings.inbox.after_import == "leave"


def test_a_flag_wins_over_the_environment_over_the_file_over_the_default(environ: dict[str, str], file: Path) -> None:
    file.write_text("port = 1\nslots = 2\npoison_after = 5\n[inbox]\nrescan_seconds = 7\nsettle_seconds = 8\n")
    environ |= {"LOOM_PORT": "11", "LOOM_SLOTS": "12", "LOOM_INBOX__RESCAN_SECONDS": "17"}

    settings = load_settings({"port": 21, "slots": None, "log.format": "json"}, environ)

    assert (settings.port, settings.slots, settings.poison_after, settings.grace_seconds) == (21, 12, 5, 20.0)
    assert (settings.inbox.rescan_seconds, settings.inbox.settle_seconds) == (17.0, 8.0)
    assert (settings.log.format, settings.log.level) == ("json", "info")


def test_every_value_can_say_where_it_came_from(environ: dict[str, str], file: Path) -> None:
    file.write_text("poison_after = 5\n[inbox]\nsettle_seconds = 8\n")
    environ |= {"LOOM_PORT": "11", "LOOM_LOG__LEVEL": "DEBUG"}

    found = origins({"slots": 3}, environ)

    assert tuple(found) == keys()
    assert {key: where for key, where in found.items() if where != "default"} == {
        "home": "environment LOOM_HOME",
        "slots": "flag",
        "port": "environment LOOM_PORT",
        "log.level": "environment LOOM_LOG__LEVEL",
        "poison_after": f"file {file}:poison_after",
        "inbox.settle_seconds": f"file {file}:inbox.settle_seconds",
    }


def test_every_value_can_be_shown(environ: dict[str, str]) -> None:
    settings = load_settings({"log.level": "error"}, environ)

    shown = flat(settings)

    assert set(shown) == set(keys())
    assert (shown["home"], shown["log.level"]) == (str(settings.home), "error")


@pytest.mark.parametrize("key", keys())
def test_every_key_has_a_variable_that_is_known(environ: dict[str, str], key: str) -> None:
    samples = {"home": "/h", "allowed_hosts": "a.example", "time_zone": "UTC", "pause_before_commit": "yes"}
    words = {"host": "localhost", "default_package": "x", "inbox.after_import": "archive", "log.format": "json"}
    engine = {"preset": "ollama", "base_url": "http://[::1]/v1", "context_tokens": "8000", "proxy": "http://p.example"}
    others = {"log.level": "error", "log.file_bytes": "5000"}
    others |= {f"engine.{name}": text for name, text in engine.items()}
    value = (samples | words | others).get(key, "1")

    assert origins({}, {**environ, variable(key): value})[key] == f"environment {variable(key)}"


def test_the_process_environment_is_not_asked(monkeypatch: pytest.MonkeyPatch, environ: dict[str, str]) -> None:
    monkeypatch.setenv("LOOM_PORT", "1")
    monkeypatch.setenv("LOOM_NONSENSE", "1")

    assert load_settings({}, environ).port == 8377
    assert Settings(home=Path("/h")).port == 8377


def test_names_that_other_programs_use_are_ignored(environ: dict[str, str]) -> None:
    environ |= {"HOST": "0.0.0.0", "PORT": "80", "HOSTNAME": "elsewhere", "LOG": "x", "INBOX": "y"}  # noqa: S104 - it is ignored

    settings = load_settings({}, environ)

    assert (settings.host, settings.port) == ("127.0.0.1", 8377)


def test_an_empty_variable_counts_as_not_set(environ: dict[str, str], file: Path) -> None:
    file.write_text("port = 5")

    assert load_settings({}, {**environ, "LOOM_PORT": "", "LOOM_CONFIG": ""}).port == 5


def test_the_variables_that_are_no_settings_are_allowed(environ: dict[str, str]) -> None:
    load_settings({}, {**environ, "LOOM_TOKEN": "secret"})


@pytest.mark.parametrize(
    ("name", "right"),
    [
        ("LOOM_PROT", "LOOM_PORT"),
        ("LOOM_LOG_LEVEL", "LOOM_LOG__LEVEL"),
        ("LOOM_INBOX__RESCAN", "LOOM_INBOX__RESCAN_SECONDS"),
        ("LOOM_LOG", " or ".join(f"LOOM_LOG__{name.upper()}" for name in LogSettings.model_fields)),
    ],
)
def test_an_unknown_variable_is_refused_with_the_nearest_one(environ: dict[str, str], name: str, right: str) -> None:
    message = problem({}, {**environ, name: "sk-not-to-be-shown"})

    assert message == f"There is no setting {name} (environment). Did you mean {right}?"


@pytest.mark.parametrize(
    ("text", "key", "right"),
    [
        ("prot = 1", "prot", "port"),
        ("Port = 1", "Port", "port"),
        ("[inbox]\nsetle_seconds = 1", "inbox.setle_seconds", "inbox.settle_seconds"),
        ("[port]\nnumber = 1", "port.number", "port"),
        ("log = 'json'", "log", " or ".join(f"log.{name}" for name in LogSettings.model_fields)),
        ("[logs]", "logs", "slots"),
    ],
)
def test_an_unknown_key_in_the_file_is_refused_with_the_nearest_one(
    environ: dict[str, str], file: Path, text: str, key: str, right: str
) -> None:
    file.write_text(text)

    assert problem({}, environ) == f"There is no setting {key} (file {file}). Did you mean {right}?"


def test_a_key_like_nothing_we_know_is_refused_all_the_same(environ: dict[str, str], file: Path) -> None:
    file.write_text("xyzzy = 1")

    assert problem({}, environ).endswith("`loom config show` lists all of them.")


def test_an_unknown_flag_is_refused(environ: dict[str, str]) -> None:
    assert problem({"prot": 1}, environ) == "There is no setting prot (flag). Did you mean port?"


def test_all_unknown_names_are_told_at_once(environ: dict[str, str], file: Path) -> None:
    file.write_text("prot = 1\nsolts = 2")

    with pytest.raises(LoomError) as caught:
        load_settings({}, {**environ, "LOOM_NOISE": "1"})

    assert isinstance(caught.value, SettingsError)
    assert len(caught.value.problems) == 3


def test_several_wrong_values_are_told_at_once(environ: dict[str, str]) -> None:
    message = problem({"port": -1}, {**environ, "LOOM_SLOTS": "many"})

    assert message == (
        "port (flag) is -1: it must be a whole number from 0 to 65535.\n"
        "slots (environment LOOM_SLOTS) is 'many': it must be a whole number from 1 to 64."
    )


@pytest.mark.parametrize(
    ("key", "value", "allowed"),
    [
        ("poison_after", 0, "it must be a whole number from 1 to 1000"),
        ("inbox.rescan_seconds", 0.01, "it must be a number from 0.05 to 3600"),
        ("inbox.settle_seconds", float("nan"), "it must be a number from 0 to 3600"),
        ("inbox.after_import", "delete", "it must be leave or archive"),
        ("log.level", "loud", "it must be debug or info or warning or error"),
        ("pause_before_commit", "perhaps", "it must be true or false"),
        ("max_upload_bytes", 0, "it must be a whole number of at least 1"),
        ("host", "", "it must be text"),
        ("engine.base_url", "ftp://x", "it must be an address such as https://api.example.com/v1"),
        ("time_zone", "Berlin", "it must be an IANA time zone such as Europe/Berlin"),
        ("allowed_hosts", ["https://loom.example"], "'https://loom.example' is not the plain name of a host"),
        ("allowed_hosts", ["*"], "'*' is not the plain name of a host"),
        ("allowed_hosts", ["loom.example:80"], "'loom.example:80' is not the plain name of a host"),
        ("allowed_hosts", [5], "it must be a list of names"),
        ("default_package", "../x", "'../x' cannot be the name of a package"),
    ],
)
def test_a_value_out_of_range_is_told_with_what_is_allowed(
    environ: dict[str, str], key: str, value: object, allowed: str
) -> None:
    message = problem({key: value}, environ)

    assert message.startswith(f"{key} (flag) is ")
    assert allowed in message


def test_a_wrong_value_in_the_file_is_told_with_its_place(environ: dict[str, str], file: Path) -> None:
    file.write_text("[inbox]\nsettle_seconds = -1")

    assert f"inbox.settle_seconds (file {file}:inbox.settle_seconds) is -1:" in problem({}, environ)


def test_a_long_wrong_value_is_shown_in_part(environ: dict[str, str]) -> None:
    assert len(problem({"port": "9" * 5000}, environ)) < 200


def test_a_file_that_is_not_toml_is_told_with_the_place(environ: dict[str, str], file: Path) -> None:
    file.write_text("port = 1\nport = = 2")

    assert re.match(rf"The file {file} is not valid TOML: .*line 2", problem({}, environ))


def test_a_file_that_is_not_text_is_told(environ: dict[str, str], file: Path) -> None:
    file.write_bytes(b"\xff\xfe")

    assert f"The file {file} is not valid TOML" in problem({}, environ)


@pytest.mark.parametrize("name", ["LOOM_HOME", "LOOM_CONFIG"])
def test_a_file_that_cannot_be_read_is_told(environ: dict[str, str], name: str) -> None:
    assert "cannot be read: File name too long." in problem({}, {**environ, name: "/x" + "y" * 5000})


def test_another_file_may_be_named_but_must_be_there(environ: dict[str, str], file: Path, tmp_path: Path) -> None:
    file.write_text("port = 1")
    (tmp_path / "other.toml").write_text("port = 2")

    assert load_settings({}, {**environ, "LOOM_CONFIG": "~/other.toml"}).port == 2
    assert problem({}, {**environ, "LOOM_CONFIG": "/not/there"}) == "LOOM_CONFIG names /not/there, which is no file."


def test_a_file_cannot_move_the_home_it_was_found_in(environ: dict[str, str], file: Path) -> None:
    file.write_text("home = '/elsewhere'")

    assert problem({}, environ) == f"The file {file} cannot set home: use --home or LOOM_HOME."


def test_the_home_is_absolute_and_a_tilde_is_the_home_of_the_user(tmp_path: Path, environ: dict[str, str]) -> None:
    assert load_settings({"home": Path("x")}, environ).home == Path.cwd() / "x"
    assert load_settings({}, {**environ, "LOOM_HOME": "~/y"}).home == tmp_path / "y"
    assert load_settings({}, {**environ, "LOOM_HOME": "~/y"}).paths.inbox == tmp_path / "y" / "inbox"


def test_the_default_home_follows_the_customs_of_the_system() -> None:
    assert default_home({"HOME": "/u", "XDG_DATA_HOME": "/d"}, "linux") == Path("/d/entity-loom")
    assert default_home({"HOME": "/u", "XDG_DATA_HOME": "d"}, "linux") == Path("/u/.local/share/entity-loom")
    assert default_home({"HOME": "/u"}, "darwin") == Path("/u/Library/Application Support/entity-loom")


def test_a_user_without_a_home_is_told_to_name_one(monkeypatch: pytest.MonkeyPatch) -> None:
    assert default_home({}, "linux").is_absolute()
    monkeypatch.setattr("os.getuid", lambda: 2**31 - 7)

    with pytest.raises(SettingsError, match="LOOM_HOME"):
        default_home({}, "linux")


@pytest.mark.parametrize(
    "host",
    ["0.0.0.0", "::", "192.168.1.5", "loom.example", "localhost.evil.example"],  # noqa: S104 - it is refused
)
def test_a_host_that_others_can_reach_needs_allowed_hosts(environ: dict[str, str], host: str) -> None:
    assert "set allowed_hosts" in problem({"host": host}, environ)

    assert load_settings({"host": host, "allowed_hosts": ["loom.example"]}, environ).host == host


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost", "LOCALHOST.", "loom.localhost"])
def test_a_host_that_only_this_machine_can_reach_needs_nothing(environ: dict[str, str], host: str) -> None:
    assert is_loopback(host)
    assert load_settings({"host": host}, environ).host == host


def test_allowed_hosts_are_separated_by_commas_and_written_as_in_a_host_header(environ: dict[str, str]) -> None:
    environ["LOOM_ALLOWED_HOSTS"] = "Loom.Example., nas,[FD00::1]"

    assert load_settings({}, environ).allowed_hosts == ("loom.example", "nas", "fd00::1")


def test_settings_cannot_be_changed() -> None:
    settings = Settings(home=Path("/h"))

    with pytest.raises(ValidationError):
        settings.port = 1  # type: ignore[misc]
    with pytest.raises(ValidationError):
        settings.inbox.rescan_seconds = 1  # type: ignore[misc]


@pytest.mark.parametrize(
    ("name", "zone"),
    [
        ("Europe/Berlin", "Europe/Berlin"),
        (":Asia/Tokyo", "Asia/Tokyo"),
        ("/usr/share/zoneinfo/America/New_York", "America/New_York"),
        ("", "Australia/Sydney"),
        ("CET-1CEST", "Australia/Sydney"),
        ("Europe", "Australia/Sydney"),
        ("../../etc/passwd", "Australia/Sydney"),
    ],
)
def test_the_time_zone_is_that_of_the_environment_or_else_of_the_machine(tmp_path: Path, name: str, zone: str) -> None:
    (tmp_path / "localtime").symlink_to("../usr/share/zoneinfo/posix/Australia/Sydney")

    assert machine_zone({"TZ": name}, tmp_path / "localtime") == zone


def test_a_machine_that_does_not_tell_its_time_zone_has_utc(tmp_path: Path) -> None:
    (tmp_path / "copied").write_bytes(b"TZif2")
    (tmp_path / "loop").symlink_to("loop")

    assert [machine_zone({}, tmp_path / name) for name in ("missing", "copied", "loop")] == ["UTC"] * 3


def test_a_time_zone_is_found_behind_two_links(tmp_path: Path) -> None:
    zone = tmp_path / "zoneinfo" / "Asia" / "Tokyo"
    zone.parent.mkdir(parents=True)
    zone.write_bytes(b"TZif2")
    (tmp_path / "second").symlink_to(zone)
    (tmp_path / "first").symlink_to(tmp_path / "second")

    assert machine_zone({}, tmp_path / "first") == "Asia/Tokyo"
