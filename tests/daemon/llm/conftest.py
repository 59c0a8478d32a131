"""One provider for all tests of a worker: each finds it with nothing to do and nothing remembered."""

from collections.abc import Iterator

import pytest

from tests.provider.harness import FakeProvider


@pytest.fixture(scope="session")
def _running() -> Iterator[FakeProvider]:
    with FakeProvider() as provider:
        yield provider


@pytest.fixture
def provider(_running: FakeProvider) -> FakeProvider:
    """A provider that answers everything with `{}`, at once."""
    _running.begin_anew()
    return _running
