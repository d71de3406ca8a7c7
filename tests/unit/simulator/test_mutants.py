"""The simulator can fail: take one guard out of the engine, and a named seed tells."""

import pytest

from tests.simulator.mutants import MUTANTS
from tests.simulator.scenario import draw_scenario
from tests.simulator.search import play

pytestmark = pytest.mark.thorough

# Named seeds: with the guard each is a story without a fault, see test_simulator.py.
CATCHES = {
    "the version check": 2,
    "the fencing": 2,
    "the outbox": 0,
    "the dedupe": 2,
    "a dependency of a join": 2,
    "max_parallel": 238,
    "the hard reset": 215,
    "the last retry of a job": 209,
    "the sweep": 51_004,
    "what is held of a gate": 51_312,
    "the tally of children": 100_012,
    "the cursor of a fan": 100_018,
    "fork_max_parallel": 100_012,
    "the table of error codes": 100_027,
    "the sweep of children": 100_757,
    "the order of the line": 200_022,
    "scheduled_at": 200_002,
    "the Idempotency-Key": 200_002,
    "the next occurrence": 200_006,
    "the sweep of schedules": 200_033,
    "the quiet of those who stand in no line": 300_051,
}
# Where a change of the engine changes the story of that seed, one of the next ones must tell.
NEXT = 100


@pytest.mark.parametrize("guard", sorted(MUTANTS))
def test_an_engine_without_a_guard_is_caught(guard: str) -> None:
    first = CATCHES[guard]
    for seed in range(first, first + NEXT):
        _, broke = play(draw_scenario(seed), world_type=MUTANTS[guard])
        if broke:
            _, whole = play(draw_scenario(seed))
            assert not whole
            return
    raise AssertionError(f"nothing breaks without {guard}")
