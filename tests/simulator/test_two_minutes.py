"""As many seeds as two minutes allow, beyond those of the fast tests."""

import time
from itertools import count

import pytest

from tests.simulator.search import play_seeds

SECONDS = 110


@pytest.mark.timeout(300)
def test_nothing_breaks_in_two_minutes_of_seeds(capsys: pytest.CaptureFixture[str]) -> None:
    figures = play_seeds(count(10_000), until=time.monotonic() + SECONDS)
    with capsys.disabled():
        print(f"\nsimulator: {figures}")
    assert not figures.broken, str(figures)
    assert figures.seeds > 100
