"""What holds for every test: invented examples are the same in each run, and none is judged by its duration."""

import os
from collections.abc import Iterator
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, settings

# Other examples in each run would let a change fail that has nothing to do with them; `make fuzz` looks for more.
settings.register_profile("steady", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("steady")
# `make test` takes fewer of them than `make check`: `--hypothesis-profile=short`.
settings.register_profile("short", settings.get_profile("steady"), max_examples=30)


@pytest.fixture(scope="module")
def unmeasured() -> Iterator[None]:
    """Processes that are started run without coverage, and so twice as fast: tests/doors measures what a process does.

    For modules: `pytestmark = pytest.mark.usefixtures("unmeasured")`.
    """
    others = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_PROCESS_")}
    with patch.dict(os.environ, others, clear=True):
        yield
