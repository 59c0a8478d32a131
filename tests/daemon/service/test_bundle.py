"""The support bundle tells figures and states, and nothing that is private."""

import io
import json
import zipfile
from pathlib import Path

from daemon.app import Parts
from daemon.commands.local import LocalService
from daemon.service.bundle import Evidence, bundle
from packages_store.config import PackageConfig
from tests.daemons import settings_for, working_daemon
from tests.exports import chatgpt_export
from tests.fakes import FakeExtractor

CANARY = "Xanthippe"
KEY = "sk-canary0123456789abcdef"
LOG = (
    f'{{"event": "{CANARY} said hello", "level": "info", "timestamp": "2026-01-01T00:00:00Z", "package": "{CANARY}"}}',
    f'{{"event": "stage ended", "level": "info", "stage": "daily", "processed": 7, "reason": "{KEY}", "x": ["{KEY}"]}}',
    f'{{"event": "http request", "logger": "{CANARY}", "level": ["{CANARY}"]}}',
    f"{CANARY} in a line that is no JSON",
    f'"{CANARY}"',
)


async def test_no_text_name_or_key_is_in_it_and_what_helps_is(tmp_path: Path) -> None:
    home = tmp_path / CANARY / "home"
    home.parent.mkdir()
    export = tmp_path / f"{CANARY}.json"
    export.write_bytes(chatgpt_export(3).replace(b"Chat 0.", CANARY.encode()))
    broken = tmp_path / f"{CANARY}-broken.json"
    broken.write_text(f'{{"{CANARY}": ')
    engine = {"base_url": f"http://127.0.0.1:1/{CANARY}", "model": CANARY}
    settings = settings_for(home, default_package=CANARY, allowed_hosts=f"{CANARY.lower()}.example", engine=engine)
    parts = Parts(extractor=FakeExtractor(fail={"00000000-0001"}), environ={"LOOM_LLM_KEY": KEY})
    async with working_daemon(home, parts, default_package=CANARY, engine=engine) as daemon:
        await daemon.create(CANARY, PackageConfig(entity_name=CANARY, user_name=CANARY, context_notes=KEY))
        await daemon.hand_in(CANARY, export, export.name)
        await daemon.hand_in(CANARY, broken, broken.name)
        await daemon.settled(CANARY)
        service = LocalService(daemon)
        findings = await service.findings()
        assert CANARY in json.dumps(findings)
        evidence = Evidence(settings, await service.packages(), findings, await service.repairs(), LOG)

        made = bundle(evidence, [str(home), "mira"])

    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        texts = {name: archive.read(name).decode() for name in archive.namelist()}
    whole = "".join(texts.values()).lower()
    for private in (CANARY, KEY, KEY[3:], str(tmp_path), "00000000-0001"):
        assert private.lower() not in whole
    (package,) = json.loads(texts["packages.json"])
    assert package["package"] == "package-1"
    assert [stage["failed"] for stage in package["stages"] if stage["name"] == "significant"] == [1]
    assert json.loads(texts["settings.json"])["slots"] == 4
    assert any(one["subject"] == "versions" and "Python" in one["found"] for one in json.loads(texts["findings.json"]))
    lines = json.loads(texts["log.json"])
    assert [line["event"] for line in lines] == ["other", "stage ended", "other"]
    assert (lines[1]["stage"], lines[1]["processed"]) == ("daily", 7)
