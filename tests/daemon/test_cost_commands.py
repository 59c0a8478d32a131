"""`loom plan`, `loom costs` and `loom budget`: what they print."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from daemon.app import Daemon
from daemon.commands import costs
from daemon.commands.exits import Exit
from daemon.commands.local import LocalService
from daemon.settings import SettingsError
from packages_store.config import PackageConfig
from packages_store.journal import NewAnswer, Usage
from packages_store.model import StageName
from tests.daemons import working_daemon
from tests.diaries import diary_export


async def with_wren(daemon: Daemon, folder: Path, until: StageName | None = None) -> LocalService:
    """A daemon with a package of three conversations."""
    path = folder / "chats.json"
    path.write_bytes(diary_export(3))
    await daemon.create("wren", PackageConfig(entity_name="Wren", user_name="Mira"))
    await daemon.set_until("wren", until)
    await daemon.hand_in("wren", path, path.name)
    await daemon.settled("wren")
    return LocalService(daemon)


def printed(capsys: pytest.CaptureFixture[str]) -> str:
    """What was printed since; the log goes elsewhere in a command."""
    return "\n".join(line for line in capsys.readouterr().out.splitlines() if "[info" not in line)


async def test_a_plan_is_a_table_and_explained_it_names_the_items(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with working_daemon(tmp_path / "home") as daemon:
        service = await with_wren(daemon, tmp_path, StageName.COMMIT)
        printed(capsys)
        await costs.show_plan(service, None, explain=False, as_json=False)
        brief = printed(capsys)
        await costs.show_plan(service, "wren", explain=True, as_json=False)
        explained = printed(capsys)
        await costs.show_plan(service, "wren", explain=True, as_json=True)
        values = json.loads(printed(capsys))

    assert brief.startswith("wren  It costs nothing: no language model is asked.")
    assert "significant" in brief
    assert "3 new" in brief
    assert "2024-03-02" not in brief
    assert "  2024-03-02: it was never done" in explained
    assert [item["id"] for item in values["stages"][4]["items"]] == ["2024-03-01", "2024-03-02", "2024-03-03"]


async def test_costs_are_listed_by_stage_and_model_with_the_budget(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with working_daemon(tmp_path / "home") as daemon:
        service = await with_wren(daemon, tmp_path)
        await daemon.read("wren", lambda package: package.journal.record(an_answer()))
        printed(capsys)
        await costs.budget(service, "wren", "5", "none", waits=False, as_json=False)
        set_to = printed(capsys)
        await costs.show_costs(service, None, as_json=False)
        listed = printed(capsys)

    assert "wren: $0.2500 spent of $5.00; today, with all packages, $0.2500 without a limit" in set_to
    assert listed.splitlines()[1].split() == [
        "wren", "daily", "muse-1", "1", "400", "100", "(25%)", "50", "20", "0.2500", "0",
    ]  # fmt: skip


async def test_without_a_language_model_nothing_was_spent(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async with working_daemon(tmp_path / "home") as daemon:
        service = await with_wren(daemon, tmp_path, StageName.CONVERT)
        printed(capsys)
        await costs.show_costs(service, "wren", as_json=False)

    assert printed(capsys).startswith("No language model was asked so far.")


def an_answer() -> NewAnswer:
    """One that cost a quarter."""
    usage = Usage(400, 50, cached=100, reasoning=20)
    return NewAnswer("f", StageName.DAILY, "2024-03-01", "daily-1", "muse-1", "{}", "stop", usage, Decimal("0.25"))


@pytest.mark.parametrize("amount", ["much", "-1", "inf", "nan", ""])
async def test_what_is_no_amount_is_refused(amount: str) -> None:
    service: Any = None
    with pytest.raises(SettingsError, match="is no amount"):
        await costs.budget(service, "wren", amount, None, waits=False, as_json=False)


async def test_a_budget_is_shown_when_no_amount_is_given_and_default_takes_it_back(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with working_daemon(tmp_path / "home", engine={"budget_per_package": 7}) as daemon:
        service = await with_wren(daemon, tmp_path)
        await costs.budget(service, "wren", "$5", None, waits=False, as_json=True)
        await costs.budget(service, "wren", "default", None, waits=False, as_json=True)
        printed(capsys)
        code = await costs.budget(service, "wren", None, None, waits=False, as_json=True)
        shown = json.loads(printed(capsys))

    assert code == Exit.OK
    assert shown["package"] == 7.0
