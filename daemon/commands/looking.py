"""Commands that only look: status, packages, repairs, doctor, explain, paths, config."""

import os
from collections.abc import Mapping
from pathlib import Path

from daemon.commands.exits import Exit
from daemon.commands.output import answer, plain, say, table
from daemon.commands.service import Json, Service
from daemon.settings import Settings, flat, origins

_MARKS = {"ok": "ok", "warning": "warning", "error": "ERROR"}


async def show_home(service: Service, *, as_json: bool) -> Exit:
    """`loom status`: every package in a line, and how the drop folder is."""
    packages, folder, health = await service.packages(), await service.drop_folder(), await service.health()
    if as_json:
        answer({"packages": packages, "drop_folder": folder, "health": health})
        return Exit.OK
    for check in health["checks"]:
        if not check["ok"] and check["name"] not in ("phase", "drop folder"):
            say(f"{check['name']}  {plain(check['found'])}  {plain(check['advice'])}")
    say(f"drop folder  {plain(folder['path'])}  {_folder_line(folder)}")
    _package_table(packages)
    return Exit.OK


def _folder_line(folder: Json) -> str:
    reason = f": {plain(folder['reason'])}" if folder.get("reason") else ""
    return f"{folder['state']}{reason}"


async def show_packages(service: Service, *, as_json: bool) -> Exit:
    """`loom packages`: every package in a line."""
    packages = await service.packages()
    if as_json:
        answer(packages)
    else:
        _package_table(packages)
    return Exit.OK


def _package_table(packages: list[Json]) -> None:
    if not packages:
        say("There is no package yet: put a chat export into the drop folder, or run `loom import FILE`.")
        return
    rows = [(line["name"], line["state"], _where(line), line["waits_for"] or _failed(line)) for line in packages]
    table([("PACKAGE", "STATE", "STAGE", "WAITS FOR"), *rows])


def _where(line: Json) -> str:
    """The stage a package is at, with how far it is."""
    open_stages = [stage for stage in line["stages"] if not stage["completed"] and stage["status"] != "skipped"]
    if not open_stages:
        return "all done" if line["stages"] else ""
    stage = next((stage for stage in open_stages if stage["status"] == "running"), open_stages[0])
    total = stage["processed"] + stage["failed"] + stage["left"]
    return f"{stage['name']} {stage['processed']}/{total}" if total else str(stage["name"])


def _failed(line: Json) -> str:
    """What a package that is done leaves to a person."""
    failed = sum(stage["failed"] for stage in line["stages"] if stage["status"] != "skipped")
    return f"you: {failed} failed, `loom status {plain(line['name'])}` says why" if failed else ""


async def show_package(service: Service, name: str, *, as_json: bool) -> Exit:
    """`loom status NAME`: one package with its stages, uploads, failures and repairs."""
    detail = await service.package(name)
    if as_json:
        answer(detail)
        return Exit.OK
    say(f"{plain(detail['name'])}  {detail['state']}{_after('  waits for ', detail['waits_for'])}")
    say(f"{detail['conversations']} conversations, {detail['messages']} messages  {plain(detail['path'])}")
    rows = [
        (s["name"], s["status"], s["processed"], s["failed"], s["left"], ", ".join(s["actions"]), s["reason"] or "")
        for s in detail["stages"]
    ]
    table([("STAGE", "STATUS", "DONE", "FAILED", "LEFT", "YOU CAN", "WHY"), *rows])
    for stage in detail["stages"]:
        for item in stage["failures"]:
            say(f"{stage['name']}: {plain(item['label'] or item['id'])} {item['end']}{_after(': ', item['reason'])}")
            say(f"    loom retry {detail['name']} {stage['name']} {plain(item['id'])}")
    _upload_table(detail["uploads"])
    return Exit.OK


def _upload_table(uploads: list[Json]) -> None:
    if uploads:
        say("")
        upload_table(uploads)


def upload_table(uploads: list[Json]) -> None:
    """What became of each file."""
    head = ("FILE", "OUTCOME", "PLATFORM", "CONVERSATIONS", "MESSAGES", "SKIPPED", "WHY")
    names = ("file", "outcome", "platform", "conversations", "messages", "skipped", "reason")
    table([head, *([upload[name] if upload[name] is not None else "" for name in names] for upload in uploads)])


async def show_repairs(service: Service, *, as_json: bool) -> Exit:
    """`loom repairs`: what was found broken, and what was done about it."""
    repairs = await service.repairs()
    if as_json:
        answer(repairs)
    elif not repairs:
        say("Nothing had to be repaired so far.")
    for repair in [] if as_json else repairs:
        say(f"{repair['at']}  {plain(repair['package'])}  {plain(repair['subject'])}: {plain(repair['found'])}")
        say(f"    {plain(repair['done'])} {plain(repair['advice'])}")
    return Exit.OK


async def show_findings(service: Service, *, as_json: bool) -> Exit:
    """`loom doctor`: the exit code is that of the worst finding."""
    findings = await service.findings()
    if as_json:
        answer(findings)
    else:
        table([(_MARKS[found["severity"]], found["subject"], found["found"]) for found in findings])
        for found in findings:
            if found["advice"] and found["severity"] != "ok":
                say(f"{plain(found['subject'])}: {plain(found['advice'])}")
    severities = {found["severity"] for found in findings}
    return Exit.FAILURE if "error" in severities else Exit.PARTIAL if "warning" in severities else Exit.OK


async def show_explanation(service: Service, path: Path, *, as_json: bool) -> Exit:
    """`loom explain FILE`: why a file was imported, or was not."""
    explanation = await service.explain(path)
    if as_json:
        answer(explanation)
    else:
        table([(name, value) for name, value in explanation.items() if value is not None])
    return Exit.OK


def show_paths(settings: Settings, *, as_json: bool) -> Exit:
    """`loom paths`: where things are. Asks nobody."""
    paths = settings.paths
    found = {
        "home": paths.root,
        "inbox": paths.inbox,
        "packages": paths.packages,
        "token": paths.token,
        "lock": paths.lock,
        "config": Path(os.environ.get("LOOM_CONFIG") or paths.root / "config.toml").absolute(),
    }
    if as_json:
        answer({name: str(path) for name, path in found.items()})
    else:
        table(list(found.items()))
    return Exit.OK


def show_config(settings: Settings, flags: Mapping[str, object], *, origin: bool, as_json: bool) -> Exit:
    """`loom config show`: every setting, and with `origin` where it comes from."""
    values = flat(settings)
    places = origins(flags, os.environ) if origin else {}
    if as_json:
        answer({key: {"value": value, "origin": places[key]} for key, value in values.items()} if origin else values)
    else:
        table([(key, value, *([places[key]] if origin else [])) for key, value in values.items()])
    return Exit.OK


def _after(words: str, text: str | None) -> str:
    return f"{words}{plain(text)}" if text else ""
