"""Converting: what is wrong with one file is told, and never costs the others."""

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

from daemon.app import Daemon
from packages_store.config import PackageConfig
from packages_store.model import StageName
from stages.parsers.contract import Bid, NotAChat, Parsers, Peek, ReadContext, Record, SourceFile, Variant
from stages.parsers.reading.values import as_map
from stages.parsers.registry import PARSERS
from tests.daemons import working_daemon
from tests.exports import chatgpt_export


class Clumsy:
    """Somebody else's parser, which has a fault."""

    platform = "clumsy"
    title = "Clumsy"
    variants = (Variant("", "its export", "nothing"),)
    not_chats: tuple[NotAChat, ...] = ()

    def bid(self, peek: Peek) -> Bid | None:
        return Bid("", Bid.MARKER) if any("clumsy" in as_map(record) for record in peek.records) else None

    def read(self, file: SourceFile, variant: str, context: ReadContext) -> Iterator[Record]:
        raise ZeroDivisionError("division by zero")


def archive(path: Path, **members: bytes) -> Path:
    with zipfile.ZipFile(path, "w") as file:
        for name, data in members.items():
            file.writestr(f"{name}.json", data)
    return path


async def imported(daemon: Daemon, path: Path) -> tuple[str, str]:
    """The outcome of a file, and the reason."""
    await daemon.hand_in("wren", path, path.name)
    await daemon.settled("wren")
    detail = await daemon.package("wren")
    upload = detail.uploads[-1]
    return upload.outcome, upload.reason or ""


async def test_a_fault_of_a_parser_fails_its_file_and_the_others_come_in(tmp_path: Path) -> None:
    path = archive(tmp_path / "export.zip", a=json.dumps([{"clumsy": 1}]).encode(), b=chatgpt_export(2))
    async with working_daemon(tmp_path / "home") as daemon:
        daemon.parsers = Parsers((*PARSERS, Clumsy()))
        outcome, reason = await imported(daemon, path)
        detail = await daemon.package("wren")

    assert outcome == "imported"
    assert "The parser clumsy failed on export.zip: a.json (ZeroDivisionError: division by zero)." in reason
    convert = next(stage for stage in detail.stages if stage.name == StageName.CONVERT)
    assert (convert.processed, convert.failed) == (1, 1)
    assert detail.conversations == 2


async def test_a_broken_file_is_told_whichever_file_comes_after_it(tmp_path: Path) -> None:
    path = archive(tmp_path / "export.zip", a=chatgpt_export(2)[:-30], b=chatgpt_export(2, seed=1))
    async with working_daemon(tmp_path / "home") as daemon:
        outcome, reason = await imported(daemon, path)

    assert outcome == "imported"
    assert "1 record could not be read: record 2, byte " in reason


async def test_a_chat_without_a_name_of_its_own_is_called_like_the_file_it_came_in(tmp_path: Path) -> None:
    path = tmp_path / "Tea with Wren"
    path.write_text(
        json.dumps(
            {
                "runSettings": {"model": "models/gemini-2.5-pro"},
                "chunkedPrompt": {"chunks": [{"role": "user", "text": "Hi"}, {"role": "model", "text": "Hello"}]},
            }
        )
    )
    async with working_daemon(tmp_path / "home") as daemon:
        outcome, _reason = await imported(daemon, path)
        package = await daemon.package("wren")
        heads = daemon._shelf.get("wren").staging.heads()  # noqa: SLF001 - no door shows titles yet

    assert (outcome, package.conversations) == ("imported", 1)
    assert [head.title for head in heads] == ["Tea with Wren"]


async def test_the_person_of_the_package_is_the_user_in_a_log_that_tells_only_names(tmp_path: Path) -> None:
    path = tmp_path / "log.json"
    chat = [["Mira", "Hello?"], ["Beth", "You are back."], ["Mira", "I am."]]
    path.write_text(json.dumps({"meta": {"source": "KinLog"}, "chat": chat}))
    async with working_daemon(tmp_path / "home") as daemon:
        await daemon.create("wren", PackageConfig(entity_name="Beth", user_name="Mira"))
        outcome, _reason = await imported(daemon, path)
        staging = daemon._shelf.get("wren").staging  # noqa: SLF001 - no door shows sides yet
        (found,) = [staging.get(head.id) for head in staging.heads()]

    assert outcome == "imported"
    assert found is not None
    assert [message.role for message in found.messages] == ["user", "assistant", "user"]
