"""Shows the whole way once: a daemon of its own, the sample export in its drop folder, the finished package.

    python examples/run_sample.py

Everything is kept in LOOM_HOME or, when that is not set, in `.loom-sample` beside this folder; your own home is not
touched. On a terminal the daemon goes on serving its page until Ctrl-C; elsewhere it is stopped at the end.
"""

import json
import os
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx2

ROOT = Path(__file__).resolve().parent.parent
EXPORT = Path(__file__).resolve().parent / "sample-export"
PACKAGE = "sample"
PERSONS = {"userName": "June", "entityName": "Wren", "userPronouns": "she/her", "timeZone": "Europe/London"}
QUICK = {"LOOM_INBOX__SETTLE_SECONDS": "0.3", "LOOM_INBOX__RESCAN_SECONDS": "1", "LOOM_LOG__LEVEL": "warning"}
SECONDS = 120.0
"""After which something is wrong; it takes about two."""
ALREADY_RUNNING = 3


class Missing(Exception):
    """Something is not as it should be; the message is a sentence."""


def main() -> int:
    """Run the sample and return the exit code."""
    home = Path(os.environ.get("LOOM_HOME") or ROOT / ".loom-sample").absolute()
    print(f"home: {home}")
    try:
        with daemon(home) as (process, address):
            token = (home / "token").read_text("ascii").strip()
            headers = {"Authorization": f"Bearer {token}"}
            with httpx2.Client(base_url=address, headers=headers, timeout=60, trust_env=False) as api:
                show(home, address, import_sample(api, home), api)
            if sys.stdout.isatty():
                print("\nThe daemon goes on serving. Ctrl-C ends it.")
                process.wait()
    except Missing as error:
        print(f"run_sample: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print()
    return 0


# --- the daemon ------------------------------------------------------------------------------------------------------


def loom(*arguments: str) -> list[str]:
    """The command line that runs `loom` of this checkout."""
    return [sys.executable, "-m", "daemon", *arguments]


def environment(home: Path) -> dict[str, str]:
    """What the commands are started with."""
    return {**os.environ, **QUICK, "LOOM_HOME": str(home)}


@contextmanager
def daemon(home: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The real `loom serve` on a free port, with its address; stopped in order at the end."""
    process = subprocess.Popen(
        loom("serve", "--port", "0"), env=environment(home), cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    # The pipe ends with the process: a daemon that hangs before it is ready must not make us wait for ever.
    watchdog = threading.Timer(SECONDS, process.kill)
    watchdog.start()
    try:
        line = process.stdout.readline() if process.stdout else ""
        watchdog.cancel()
        if "is ready: " not in line:
            code = process.wait(SECONDS)
            running = " A daemon runs there already: end it, or set LOOM_HOME to another folder."
            raise Missing(f"The daemon ended with code {code}.{running if code == ALREADY_RUNNING else ''}")
        print(line.strip())
        yield process, line.partition("is ready: ")[2].split()[0].rstrip("/")
    finally:
        watchdog.cancel()
        with suppress(ProcessLookupError):
            process.terminate()
        process.wait(SECONDS)
        if process.stdout:
            process.stdout.close()


# --- the import ------------------------------------------------------------------------------------------------------


def import_sample(api: httpx2.Client, home: Path) -> dict[str, Any]:
    """Drop the sample in, wait until its package is finished, and return the package."""
    asked(api.post("/api/packages", json={"name": PACKAGE, "config": PERSONS}))
    drop(home / "inbox" / PACKAGE)
    deadline = time.monotonic() + SECONDS
    while True:
        uploads = asked(api.get(f"/api/packages/{PACKAGE}"))["uploads"]
        detail: dict[str, Any] = asked(api.get(f"/api/packages/{PACKAGE}", params={"wait": 10}))
        if uploads and detail["state"] != "running" and detail["waits_for"] != "its turn":
            return detail
        if time.monotonic() > deadline:
            raise Missing(f"The package is not finished after {SECONDS:g} seconds; it waits for {detail['waits_for']}.")
        time.sleep(0.05)  # the file has to be quiet for a moment before it is taken


def drop(folder: Path) -> None:
    """Put the sample as a ZIP into the drop folder, in one step; one that is there already stays."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    target, data = folder / "sample-export.zip", packed()
    if not target.exists() or target.read_bytes() != data:
        part = folder / ".sample-export.zip.part"
        part.write_bytes(data)
        part.rename(target)
    print(f"dropped: {target}")


def packed() -> bytes:
    """The sample export as ChatGPT would send it: the same bytes every time."""
    memory = BytesIO()
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(EXPORT.glob("*.json")):
            archive.writestr(zipfile.ZipInfo(path.name), path.read_bytes(), zipfile.ZIP_DEFLATED)
    return memory.getvalue()


def asked(response: httpx2.Response) -> Any:
    """The JSON of an answer. Raises Missing for a refusal, in its own words."""
    if response.is_error:
        raise Missing(f"{response.request.url.path} was answered {response.status_code}: {response.text}")
    return response.json()


# --- the result ------------------------------------------------------------------------------------------------------


def show(home: Path, address: str, detail: dict[str, Any], api: httpx2.Client) -> None:
    """Print what came of it. Raises Missing when something did not."""
    for upload in detail["uploads"]:
        counts = f"{upload['conversations']} conversations, {upload['messages']} messages"
        print(f"outcome: {upload['file']}: {upload['outcome']} ({counts})")
    for stage in detail["stages"]:
        print(f"  {stage['name']:<12} {stage['status']:<10} {stage['processed']:>4} done {stage['failed']:>3} failed")
        if stage["status"] != "completed":
            raise Missing(f"The stage {stage['name']} is {stage['status']}: {stage['reason']}")
    print(f"package: {detail['path']}")
    show_content(export(home))
    print(f"page: {address}/  log in once with {asked(api.post('/api/login-links'))['link']}")


def export(home: Path) -> Path:
    """Write the package as a ZIP with `loom export`."""
    target = home / "sample-package.zip"
    command = loom("export", PACKAGE, "-o", str(target), "--force")
    done = subprocess.run(command, env=environment(home), cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Missing(f"`loom export` ended with code {done.returncode}: {done.stderr.strip()}")
    return target


def show_content(path: Path) -> None:
    """Print what the exported package holds."""
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        manifest = json.loads(archive.read("manifest.json")) if "manifest.json" in names else None
    wanted = {"manifest.json", "chats.db", "graph.db"}
    if manifest is None or not wanted <= set(names):
        raise Missing(f"The export lacks {', '.join(sorted(wanted - set(names)))}.")
    memories = [name for name in names if name.startswith("memories/")]
    if not memories:
        raise Missing("The export holds no memory.")
    print(f"export: {path}")
    for key, value in manifest.get("counts", {}).items():
        print(f"  {key:<22} {value}")
    for name in names:
        print(f"  {name}")


if __name__ == "__main__":
    sys.exit(main())
