"""What the tests of the door share."""

from collections.abc import Iterator, MutableMapping
from typing import Any

import pytest
import structlog


@pytest.fixture
def log() -> Iterator[list[MutableMapping[str, Any]]]:
    """The lines that are logged while the test runs."""
    with structlog.testing.capture_logs() as lines:
        yield lines
