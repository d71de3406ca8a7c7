"""The simulator over a few hundred seeds, and over those that once broke something."""

from collections.abc import Sequence

import pytest

from tests.simulator.extras import CROWDS_FROM, FULL_FROM, LOSSES, PLAIN, USERS_FROM
from tests.simulator.faults import KINDS
from tests.simulator.scenario import draw_scenario
from tests.simulator.search import play, play_seeds

pytestmark = pytest.mark.thorough

FOUND = (126, 143, 169, 196, 211, 352, 572, 3_022, 5_018, 11_514, 12_918)
FOUND_LATER = (
    20_220,
    21_471,
    26_895,
    31_229,
    32_281,
    36_051,
    50_040,
    50_176,
    50_224,
    50_422,
    51_106,
    51_194,
    60_950,
)
FOUND_IN_FULL = (
    100_418,
    100_757,
    100_840,
    100_881,
    101_091,
    102_187,
    110_028,
    110_621,
    113_575,
    115_949,
    202_725,
    206_965,
    208_698,
    212_449,
)
FOUND_IN_CROWDS = (300_051, 300_058)


@pytest.mark.parametrize("seeds", [FOUND, FOUND_LATER, FOUND_IN_FULL, FOUND_IN_CROWDS])
def test_what_was_mended_stays_so(seeds: Sequence[int]) -> None:
    figures = play_seeds(seeds)
    assert not figures.broken, str(figures)


@pytest.mark.parametrize(
    ("first", "count", "faults"),
    [
        (0, 300, KINDS),
        (PLAIN, 100, (*KINDS, *LOSSES)),
        (FULL_FROM, 100, (*KINDS, *LOSSES)),
        (USERS_FROM, 100, (*KINDS, *LOSSES)),
        (CROWDS_FROM, 15, ("throttled",)),
    ],
)
def test_nothing_breaks(first: int, count: int, faults: Sequence[str]) -> None:
    figures = play_seeds(range(first, first + count))
    assert not figures.broken, str(figures)
    assert figures.events > 10 * figures.seeds
    assert {*figures.faults} >= {*faults}
    assert figures.mended["lost_tasks"] > 0 or not {*LOSSES} & {*faults}


def test_a_seed_always_tells_the_same_story() -> None:
    for seed in range(20):
        first, _ = play(draw_scenario(seed))
        again, _ = play(draw_scenario(seed))
        assert first.trace == again.trace


def test_without_faults_nothing_goes_wrong_by_itself() -> None:
    for seed in range(60):
        world, broke = play(draw_scenario(seed), allowed=frozenset())
        assert not broke
        assert not world.faults.happened
