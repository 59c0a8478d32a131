"""`make contract`: thousands of requests made from the API's own OpenAPI document, against a real daemon.

No answer may be a 5xx, have a status or a content type that is not documented, or a body that does not fit its schema.
What takes packages away is asked last, so that everything before it finds something.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.doors.harness import DaemonProcess, loom

_ROOT = Path(__file__).resolve().parents[2]
_SAMPLE = _ROOT / "examples" / "sample-export" / "conversations.json"
_CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
_ENDLESS = "/api/events"
"""Never ends; tests/daemon/web/test_events.py reads it."""
_TAKES_AWAY = "^(delete_api_packages__name__delete|restore_api_trash__entry_id__restore_post)$"
_PACKAGES = ("default", "0")
_MOSTLY = 0.8
"""How often a name or an id is one that exists."""
_REQUEST_SECONDS = 120
_ERROR = '"level": "error"'


def main() -> int:
    """The command line. Exits as schemathesis does."""
    parser = argparse.ArgumentParser(prog="python -m tests.contract", description=__doc__)
    parser.add_argument("--examples", type=int, default=100, help="requests made at random for each operation")
    parser.add_argument("--seed", type=int, default=None, help="printed when it is drawn")
    parser.add_argument("--operation", help="only the paths that contain this")
    given = parser.parse_args()
    seed: int = random.SystemRandom().randrange(10**9) if given.seed is None else given.seed
    print(f"seed {seed}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        with DaemonProcess(home) as daemon:
            daemon.start().wait_ready()
            for name in _PACKAGES:
                loom(home, "import", _SAMPLE, "--package", name)
            (Path(folder) / "schemathesis.toml").write_text(_known(daemon), encoding="utf-8")
            which = ("--include-path-regex", given.operation) if given.operation else ()
            codes = [
                _ask(daemon, Path(folder), seed, given.examples, *which, part, _TAKES_AWAY)
                for part in ("--exclude-operation-id-regex", "--include-operation-id-regex")
                if not (which and part.startswith("--include"))
            ]
            if daemon.exit_code is not None:
                print(f"the daemon ended with {daemon.exit_code}")
                print(daemon.output)
                return 1
            if max(codes):
                print("what the daemon logged of it:", *(line for line in daemon.lines if _ERROR in line), sep="\n")
            return max(codes)


def _known(daemon: DaemonProcess) -> str:
    """The settings of schemathesis: names and ids that exist, to be used beside those it makes up."""
    package = f"/api/packages/{_PACKAGES[0]}"
    conversations = daemon.api("GET", f"{package}/conversations?limit=5")["rows"]
    messages = daemon.api("GET", f"{package}/conversations/messages?id={conversations[0]['id']}")["lines"]
    memories = daemon.api("GET", f"{package}/memories?limit=5")["memories"]
    nodes = daemon.api("GET", f"{package}/graph/nodes?limit=5")["nodes"]
    edges = daemon.api("GET", f"{package}/graph/edges?limit=5")["edges"]
    doubts = daemon.api("GET", f"{package}/doubts?limit=5")["doubts"]
    ids = [one["id"] for found in (conversations, messages, memories, nodes, edges, doubts) for one in found]
    bound = ("query.id", "query.of", "query.message", "query.cursor", "body.id", "body.node", "body.conversation",
             "body.message", "body.others[*]", "body.memories[*]", "body.ids[*]")  # fmt: skip
    return "\n".join(
        [
            f"dictionaries.packages.values = {json.dumps(_PACKAGES)}",
            f"dictionaries.ids.values = {json.dumps(ids)}",
            "[parameters]",
            f'"path.name" = {{dictionary = "packages", probability = {_MOSTLY}}}',
            *(f'"{key}" = {{dictionary = "ids", probability = {_MOSTLY}}}' for key in bound),
        ]
    )


def _ask(daemon: DaemonProcess, folder: Path, seed: int, examples: int, *which: str) -> int:
    command = [
        sys.executable, "-m", "schemathesis.cli", "run", f"{daemon.address}/api/openapi.json",
        "--header", f"Authorization: Bearer {daemon.token}",
        "--checks", _CHECKS,
        "--phases", "examples,coverage,fuzzing",
        "--max-examples", str(examples),
        "--seed", str(seed),
        "--exclude-path", _ENDLESS,
        "--request-timeout", str(_REQUEST_SECONDS),
        "--suppress-health-check", "all",
        "--warnings", "off",
        "--continue-on-failure",
        "--no-color",
        *which,
    ]  # fmt: skip
    # Its settings, and its files about failures it has met, belong to no checkout.
    return subprocess.run(command, cwd=folder, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
