"""`make contract`: thousands of requests made from the API's own OpenAPI document, against a real daemon.

No answer may be a 5xx, have a status or a content type that is not documented, or a body that does not fit its schema.
"""

import argparse
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
            # Package `0` is a name that is tried early, so that many requests find something.
            for name in ("default", "0"):
                loom(home, "import", _SAMPLE, "--package", name)
            code = _ask_everything(daemon, Path(folder), seed, given.examples, given.operation)
            if daemon.exit_code is not None:
                print(f"the daemon ended with {daemon.exit_code}")
                print(daemon.output)
                return 1
            return code


def _ask_everything(daemon: DaemonProcess, folder: Path, seed: int, examples: int, operation: str | None) -> int:
    command = [
        sys.executable, "-m", "schemathesis.cli", "run", f"{daemon.address}/api/openapi.json",
        "--header", f"Authorization: Bearer {daemon.token}",
        "--checks", _CHECKS,
        "--phases", "examples,coverage,fuzzing",
        "--max-examples", str(examples),
        "--seed", str(seed),
        "--exclude-path", _ENDLESS,
        "--request-timeout", "60",
        "--suppress-health-check", "all",
        "--warnings", "off",
        "--continue-on-failure",
        "--no-color",
    ]  # fmt: skip
    if operation:
        command += ["--include-path-regex", operation]
    # Its files about failures it has met belong to no checkout.
    return subprocess.run(command, cwd=folder, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
