"""How all runs of a world must end, the many children of its forks too."""

from collections.abc import Iterable

from tests.simulator.oracle import Expectation, expect
from tests.simulator.outcomes import Outcomes
from tests.simulator.scenario import Scenario
from tests.simulator.shapes import CHILD_TYPE, PARENT_TYPE


def expect_all(scenario: Scenario, outcomes: Outcomes) -> dict[tuple[str, int], Expectation]:
    """Return how runs must end, by their type and their place among the items of a fork."""
    rows = scenario.extras.errors.rows
    forks = [task for task in scenario.parent.tasks if task.method == "FORK_JOB"]
    items = range(-1, max((fork.items or 0 for fork in forks), default=0))
    found = {(CHILD_TYPE, item): expect(scenario.child, outcomes, {}, rows, item) for item in items}
    children = {}
    for fork in forks:
        own = range(-1, 0) if fork.items is None else range(fork.items)
        children[fork.name] = _worst(found[CHILD_TYPE, item].state for item in own)
    found[PARENT_TYPE, -1] = expect(scenario.parent, outcomes, children, rows)
    return found


def _worst(states: Iterable[str]) -> str:
    """Return how those that await children of these states find them; "" when one is unknown."""
    found = set(states)
    if "" in found:
        return ""
    return "FAILED" if "FAILED" in found else "COMPLETED"
