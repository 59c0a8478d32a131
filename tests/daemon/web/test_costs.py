"""Money over HTTP: plans, costs and budgets."""

from pathlib import Path

import pytest

from packages_store.config import PackageConfig
from tests.daemon.web.door import Door, door
from tests.exports import chatgpt_export


async def with_wren(opened: Door, folder: Path) -> None:
    """A package with three conversations, done offline."""
    await opened.daemon.create("wren", PackageConfig(entity_name="Wren", user_name="Mira"))
    async with opened.program() as program:
        upload = await program.put(
            "/api/packages/wren/uploads", params={"name": "chats.json"}, content=chatgpt_export(3)
        )
        assert upload.status_code == 201
    await opened.daemon.settled("wren")


async def test_a_plan_says_what_is_left_and_lists_it_when_it_is_asked_to(tmp_path: Path) -> None:
    async with door(tmp_path / "home") as opened, opened.program() as program:
        await with_wren(opened, tmp_path)
        done = (await program.get("/api/packages/wren/plan")).json()
        renamed = PackageConfig(entity_name="Wren", user_name="Mirabel")
        await opened.daemon.read("wren", lambda package: package.save_config(renamed))
        brief = (await program.get("/api/packages/wren/plan")).json()
        whole = (await program.get("/api/packages/wren/plan", params={"explain": True})).json()

    assert done["sentence"] == "Nothing is left to do."
    significant = {stage["stage"]: stage for stage in whole["stages"]}["significant"]
    assert (significant["left"], significant["why"]) == (3, {"persona": 3})
    assert len(significant["items"]) == 3
    assert all(not stage["items"] for stage in brief["stages"])
    assert whole["cost"] == {"low": 0.0, "high": 0.0}


async def test_costs_and_budgets_are_numbers(tmp_path: Path) -> None:
    async with door(tmp_path / "home") as opened, opened.program() as program:
        await with_wren(opened, tmp_path)
        nothing = (await program.get("/api/packages/wren/costs")).json()
        told = await program.put("/api/packages/wren/budget", json={"budget": 2.5})
        day = await program.put("/api/packages/wren/budget", json={"budget_per_day": 1})
        taken_away = await program.put("/api/packages/wren/budget", json={"budget": "none"})
        detail = (await program.get("/api/packages/wren")).json()

    without_limits: dict[str, object] = {"package": None, "day": None, "spent": 0.0, "spent_today": 0.0, "notices": []}
    assert nothing == {"package": "wren", "cost": 0.0, "unpriced": 0, "stages": [], "budget": without_limits}
    assert told.json() == without_limits | {"package": 2.5}
    assert day.json() == without_limits | {"package": 2.5, "day": 1.0}
    assert taken_away.json() == without_limits | {"day": 1.0}
    assert (detail["cost"], detail["notices"]) == (0.0, [])


@pytest.mark.parametrize("body", [{"budget": -1}, {"budget": "much"}, {"amount": 5}, {"budget": [5]}])
async def test_what_is_no_amount_is_refused_and_changes_nothing(tmp_path: Path, body: dict[str, object]) -> None:
    async with door(tmp_path / "home") as opened, opened.program() as program:
        await with_wren(opened, tmp_path)
        refused = await program.put("/api/packages/wren/budget", json=body)
        config = await opened.daemon.read("wren", lambda package: package.config)

    assert refused.status_code == 422
    assert config.budget is None


async def test_packages_that_are_not_there_have_neither(tmp_path: Path) -> None:
    async with door(tmp_path / "home") as opened, opened.program() as program:
        answers = [await program.get(f"/api/packages/nobody/{what}") for what in ("plan", "costs")]
        answers.append(await program.put("/api/packages/nobody/budget", json={"budget": 1}))

    assert [answer.status_code for answer in answers] == [404, 404, 404]


async def test_a_model_that_cannot_be_asked_is_the_reason_why_there_is_no_plan(tmp_path: Path) -> None:
    async with door(tmp_path / "home") as opened, opened.program() as program:
        await with_wren(opened, tmp_path)
        await opened.daemon.read("wren", lambda package: package.save_config(PackageConfig(engine="llm")))
        answer = await program.get("/api/packages/wren/plan")

    assert answer.status_code == 409
    assert "No language model is set up." in answer.json()["detail"]
