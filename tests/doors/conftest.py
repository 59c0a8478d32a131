"""What the tests of the doors share: a home of their own, and the sample export."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.doors.harness import DaemonProcess

SAMPLE = Path(__file__).resolve().parents[2] / "examples" / "sample-export" / "conversations.json"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home that nobody has used yet."""
    return tmp_path / "home"


@pytest.fixture
def daemon(home: Path) -> Iterator[DaemonProcess]:
    """A daemon on `home`, ready; killed at the end."""
    with DaemonProcess(home) as process:
        yield process.start().wait_ready()


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaemonProcess]:
    """The same, shared by tests of a module: each leaves it as it is, or has a package of its own in it."""
    with DaemonProcess(tmp_path_factory.mktemp("serving") / "home") as process:
        yield process.start().wait_ready()


@pytest.fixture
def sample() -> Path:
    """The sample export: 25 conversations with 131 messages."""
    return SAMPLE
