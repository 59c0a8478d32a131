"""Real hardships befall a real daemon: it says what is wrong, heals by itself, and loses nothing."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults import hardships
from tests.faults.hardships import NotPermitted, Tell, a_standstill

pytestmark = [pytest.mark.usefixtures("unmeasured"), pytest.mark.slow]


@pytest.mark.parametrize(
    "befall",
    [each for each in hardships.HARDSHIPS if each is not a_standstill],
    ids=lambda each: each.__name__.removeprefix("a_"),
)
def test_it_says_what_is_wrong_and_heals_by_itself(tmp_path: Path, befall: Callable[[Path, Tell], None]) -> None:
    try:
        befall(tmp_path, print)
    except NotPermitted as reason:
        pytest.skip(f"mounting is not permitted here: {reason}")


def test_a_process_that_was_stopped_goes_on_as_if_nothing_had_been(tmp_path: Path) -> None:
    a_standstill(tmp_path, print, seconds=4)
