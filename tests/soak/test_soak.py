"""The soak in its short form; `make soak` is the long one."""

import pytest

from tests.soak.run import Load, soak


@pytest.mark.slow
async def test_under_load_nobody_starves_and_nothing_grows() -> None:
    load = Load(seconds=20, packages=4, waiting_files=40, clients=20)

    outcome = await soak(load, lambda _line: None)

    assert outcome.starved(load) == []
    assert outcome.waiting == load.waiting_files
    # In so short a time memory has not settled; what leaks with every request or package would show all the same.
    assert outcome.growth()["memory"] < 0.5
    assert outcome.growth()["descriptors"] < 0.1
