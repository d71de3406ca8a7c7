"""The engine without a guard of fork tasks with items, or without the table of error codes."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from formicary.domain.events import BatchDue, ItemsForked, event_key
from formicary.domain.job_run import JobRun
from formicary.domain.tally import ChildCounts, Tally
from formicary.service_layer.control_plane import ControlPlane
from formicary.service_layer.fork_job import ChildForker, WantedChild
from formicary.service_layer.handle_event import Outcome
from formicary.service_layer.keep_house import HouseKeeper
from formicary.service_layer.known_error_rules import KnownErrorRules, NoErrorRules
from formicary.service_layer.sweep_runs import RunSweeper, Swept
from tests.simulator.definitions import FastEngine
from tests.simulator.ledger import Ledger
from tests.simulator.nights import Nights
from tests.simulator.world import World


class CountsTwice(Ledger):
    """Adds the end of a child to the sums whenever it is told."""

    def count_once(
        self, tenant: str, request_id: str, name: str, place: int, counts: ChildCounts
    ) -> Tally:
        before = self._tallies.get((tenant, request_id, name), Tally())
        after = Tally({**before.marks, place: counts.mark}, before.counts.plus(counts))
        self._tallies[tenant, request_id, name] = after
        return after


class CursorlessEngine(FastEngine):
    """Takes the children of any batch for the next ones."""

    def _fork_batch(self, run: JobRun, event: BatchDue, execution_id: str) -> Outcome:
        here = self.situations.of(run, self.clock.now())
        fan = run.fans.get(here.graph.index(event.task_type))
        if fan is None or execution_id != run.execution_id:
            return Outcome.STALE
        made = self.forker.fork_batch(run, here.parsed, here.graph, event)
        if isinstance(made, ItemsForked):
            made = replace(made, begin=fan.forked, end=fan.forked + made.end - made.begin)
        return self._apply_with_followers(run, made, None, event_key(event))


class GatelessForker(ChildForker):
    """Makes children that pass no gate of their fork task."""

    def fork_all(self, run: JobRun, wanted: Sequence[WantedChild]) -> str:
        return super().fork_all(run, [replace(child, gates=()) for child in wanted])


class GatelessEngine(FastEngine):
    def __post_init__(self) -> None:
        FastEngine.__post_init__(self)
        known = self.forker.forker
        gateless = GatelessForker(
            known.runs,
            known.definitions,
            known.parsed_definitions,
            known.events,
            known.clock,
            known.ids,
            known.gates,
        )
        self.forker = replace(self.forker, forker=gateless)


class LenientEngine(FastEngine):
    """Knows of no error codes."""

    def __post_init__(self) -> None:
        FastEngine.__post_init__(self)
        self.known_error_rules = KnownErrorRules(NoErrorRules(), self.clock)
        self.committer = replace(self.committer, known_error_rules=self.known_error_rules)


class ChildlessSweeper(RunSweeper):
    """Looks after no child that has ended."""

    def sweep_children(self, tenant: str, page: str) -> Swept:
        return Swept(Counter(), None)


class ChildlessNights(Nights):
    def _keeper(self, plane: ControlPlane) -> HouseKeeper:
        keeper = super()._keeper(plane)
        known: Any = keeper._runs
        keeper._runs = ChildlessSweeper(
            known.runs,
            known.definitions,
            known.ants,
            known.gates,
            known.queues,
            known.events,
            known.clock,
        )
        return keeper


class WorldCountingTwice(World):
    runs_type = CountsTwice


class WorldWithoutCursor(World):
    engine_type = CursorlessEngine


class WorldWithoutForkGates(World):
    engine_type = GatelessEngine


class WorldWithoutErrorCodes(World):
    engine_type = LenientEngine


class WorldWithoutSweptChildren(World):
    nights_type = ChildlessNights


MUTANTS_OF_FANS = {
    "the tally of children": WorldCountingTwice,
    "the cursor of a fan": WorldWithoutCursor,
    "fork_max_parallel": WorldWithoutForkGates,
    "the table of error codes": WorldWithoutErrorCodes,
    "the sweep of children": WorldWithoutSweptChildren,
}
