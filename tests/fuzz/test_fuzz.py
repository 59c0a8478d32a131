"""A short form of `make fuzz`."""

import pytest

from tests.fuzz.run import fuzz_some


@pytest.mark.parametrize("first", range(0, 1_500, 250))
def test_no_document_is_too_strange(first: int) -> None:
    faults, _peak = fuzz_some(first, 250)

    assert faults == []
