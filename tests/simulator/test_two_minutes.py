"""As many seeds as two minutes of a core allow, beyond the fast tests; the same ones everywhere."""

from itertools import chain, count, islice

import pytest

from tests.simulator.extras import CROWDS_FROM, FULL_FROM, USERS_FROM
from tests.simulator.search import play_seeds

SECONDS = 110
# What a fast machine plays in that time: a faster one must not come to seeds that no other saw.
SEEDS = 1_500


@pytest.mark.seeds
@pytest.mark.timeout(1200)  # other tests go first
def test_nothing_breaks_in_two_minutes_of_seeds(capsys: pytest.CaptureFixture[str]) -> None:
    layers = [count(first + 10_000) for first in (0, FULL_FROM, USERS_FROM)]
    # A crowd takes as long as many other worlds.
    layers = [layer for layer in layers for _ in range(5)] + [count(CROWDS_FROM + 10_000)]
    all_layers = chain.from_iterable(zip(*layers, strict=False))
    figures = play_seeds(islice(all_layers, SEEDS), within=SECONDS)
    with capsys.disabled():
        print(f"\nsimulator: {figures}")
    assert not figures.broken, str(figures)
    assert figures.seeds > 100
