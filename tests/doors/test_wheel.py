"""What people install: the wheel, in an environment of its own that knows nothing of the checkout."""

import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import httpx2
import pytest

from tests.doors.harness import DEADLINE, DaemonProcess, loom

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=2 * DEADLINE)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of a new environment with the wheel in it; what the wheel needs is borrowed from ours."""
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder, with_pip=False)
    found = folder / "bin" / "python"
    site = Path(
        subprocess.run(
            [found, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
            check=True, capture_output=True, text=True, timeout=DEADLINE,
        ).stdout.strip()
    )  # fmt: skip
    # A path in a .pth file is searched for modules, but its own .pth files, such as that of the checkout, are not read.
    (site / "borrowed.pth").write_text(sysconfig.get_path("purelib"))
    install = [sys.executable, "-m", "pip", "--python", str(found), "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*install, str(wheel)], check=True, capture_output=True, timeout=2 * DEADLINE)
    return found


def test_the_wheel_holds_the_program_with_its_page_and_prompts_and_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()

    tops = {name.partition("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"daemon", "stages", "packages_store"}
    for kind in ("daemon/web/templates/base.html", "daemon/web/static/", "stages/prompts/significant.md"):
        assert any(name.startswith(kind) for name in names), kind
    assert not [name for name in names if "/tests/" in name or name.endswith((".pyc", ".db"))]


@pytest.mark.slow
def test_the_installed_wheel_imports_the_sample_and_serves_the_page(
    python: Path, home: Path, sample: Path, tmp_path: Path
) -> None:
    with DaemonProcess(home, python=python, cwd=tmp_path) as daemon:
        daemon.start().wait_ready()
        where = loom(home, "import", sample, "--json", python=python, cwd=tmp_path).json
        assert {stage["status"] for stage in where["stages"].values()} == {"completed"}
        assert Path(where["path"], "manifest.json").is_file()

        link = loom(home, "login", python=python, cwd=tmp_path).stdout.strip()
        with httpx2.Client(follow_redirects=True, trust_env=False, timeout=DEADLINE) as browser:
            page = browser.get(link)
            assert "default" in page.text
            for asset in _assets(page.text):
                assert browser.get(daemon.address + asset).status_code == 200, asset


def test_the_installed_program_runs_as_a_module_and_completes_in_the_shell(
    python: Path, home: Path, tmp_path: Path
) -> None:
    assert loom(home, "--version", python=python, cwd=tmp_path).stdout.startswith("entity-loom ")
    asked = {"_LOOM_COMPLETE": "complete_bash", "COMP_WORDS": "loom ins", "COMP_CWORD": "1"}
    assert loom(home, python=python, cwd=tmp_path, env=asked).stdout.split() == ["inspect"]


def _assets(page: str) -> set[str]:
    return {part.split('"')[0] for part in page.split('="')[1:] if part.startswith("/static/")}
