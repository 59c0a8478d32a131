"""Keys: kept with the origin they were entered for, and shown to nobody."""

import copy
import json
import pickle
import stat
from dataclasses import dataclass
from pathlib import Path

import pytest

from daemon.llm.outbound import Origin, origin_of
from daemon.llm.secrets import BoundKey, KeyInvalid, Keyring, Secret, key_from_environment
from packages_store.files import Disk
from tests.daemon.llm.asking import CANARY

HERE = origin_of("https://api.example.org/v1")
ELSEWHERE = origin_of("https://api.example.net/v1")


@dataclass(frozen=True)
class Holder:
    key: Secret


def test_a_key_does_not_show_itself() -> None:
    key = Secret(CANARY)

    shown = [repr(key), str(key), f"{key}", f"{key!r}", str((key,)), repr(Holder(key)), repr([key]), str({"k": key})]

    assert not any("CANARY" in text for text in shown)
    assert key.reveal() == CANARY


def test_a_key_is_written_nowhere() -> None:
    key = Secret(CANARY)

    with pytest.raises(TypeError):
        pickle.dumps(key)
    with pytest.raises(TypeError):
        json.dumps(key)
    with pytest.raises(TypeError):
        copy.deepcopy(Holder(key))


@pytest.mark.parametrize("text", ["", "  ", "two words", "line\nbreak\tx", "schlüssel", "x" * 10_000])
def test_what_cannot_be_a_key_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(KeyInvalid) as refused:
        Secret(text)

    assert text.strip() == "" or text not in str(refused.value)


def test_a_key_is_kept_for_its_origin_alone_and_privately(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    Keyring(folder, Disk()).keep(BoundKey(Secret(CANARY), HERE))

    again = Keyring(folder, Disk())

    assert again.key_for(HERE) == BoundKey(Secret(CANARY), HERE)
    assert again.key_for(ELSEWHERE) is None
    assert again.key_for(Origin("http", HERE.host, 80)) is None
    assert again.key_for(Origin("https", HERE.host, 8443)) is None
    assert stat.S_IMODE((folder / "engine.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_key_file_that_others_could_read_is_made_private(tmp_path: Path) -> None:
    ring = Keyring(tmp_path, Disk())
    ring.keep(BoundKey(Secret(CANARY), HERE))
    (tmp_path / "engine.json").chmod(0o644)

    assert ring.key_for(HERE) == BoundKey(Secret(CANARY), HERE)

    assert stat.S_IMODE((tmp_path / "engine.json").stat().st_mode) == 0o600


def test_keys_for_several_origins_stand_beside_each_other_until_they_are_forgotten(tmp_path: Path) -> None:
    ring = Keyring(tmp_path, Disk())
    ring.keep(BoundKey(Secret("one"), HERE))
    ring.keep(BoundKey(Secret("two"), ELSEWHERE))

    assert ring.forget(HERE)
    assert not ring.forget(HERE)

    assert ring.key_for(HERE) is None
    assert ring.key_for(ELSEWHERE) == BoundKey(Secret("two"), ELSEWHERE)
    assert ring.origins() == (str(ELSEWHERE),)


def test_a_damaged_key_file_holds_no_keys_and_is_not_quoted(tmp_path: Path) -> None:
    (tmp_path / "engine.json").write_text('{"keys": {"https://api.example.org": 7}, "' + CANARY)

    assert Keyring(tmp_path, Disk()).key_for(HERE) is None


def test_a_key_from_the_environment_belongs_to_the_endpoint_of_the_start(tmp_path: Path) -> None:
    given = key_from_environment({"LOOM_LLM_KEY": CANARY}, HERE)
    ring = Keyring(tmp_path, Disk(), given)

    assert ring.key_for(HERE) == BoundKey(Secret(CANARY), HERE)
    assert ring.key_for(ELSEWHERE) is None
    assert ring.origins() == (str(HERE),)
    assert not (tmp_path / "engine.json").exists()


def test_a_key_from_the_environment_goes_before_one_that_was_entered(tmp_path: Path) -> None:
    ring = Keyring(tmp_path, Disk(), BoundKey(Secret("given"), HERE))
    ring.keep(BoundKey(Secret("entered"), HERE))

    assert ring.key_for(HERE) == BoundKey(Secret("given"), HERE)


def test_a_key_is_read_from_the_file_that_the_environment_names(tmp_path: Path) -> None:
    file = tmp_path / "credential"
    file.write_text(f"{CANARY}\n")

    given = key_from_environment({"LOOM_LLM_KEY_FILE": str(file)}, HERE)

    assert given is not None
    assert given.key == Secret(CANARY)


def test_a_key_file_that_is_missing_or_no_text_is_told_by_the_name_of_the_variable(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe")

    for name in ("missing", "binary"):
        with pytest.raises(KeyInvalid, match="LOOM_LLM_KEY_FILE"):
            key_from_environment({"LOOM_LLM_KEY_FILE": str(tmp_path / name)}, HERE)


def test_an_environment_without_a_key_gives_none() -> None:
    assert key_from_environment({"LOOM_LLM_KEY": ""}, HERE) is None
