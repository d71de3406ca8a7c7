"""The engine without the guards that priorities, keys, times and schedules rest on."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from formicary.domain.decide import Decision
from formicary.domain.events import Event, JobSubmitted
from formicary.domain.gates import Applicant
from formicary.domain.housekeeping import Chore, HouseStep
from formicary.domain.job_run import JobRun
from formicary.domain.records import Reservation
from formicary.service_layer.commit_event import EventCommitter
from formicary.service_layer.control_plane import ControlPlane
from formicary.service_layer.cron_planner import CronPlanner
from formicary.service_layer.keep_house import HouseKeeper
from tests.simulator.definitions import FastEngine
from tests.simulator.ledger import Ledger
from tests.simulator.lines import WatchedGates
from tests.simulator.nights import Nights
from tests.simulator.world import World


class Pushy(WatchedGates):
    """Shows nobody who stands before him in the line."""

    def line(self, tenant: str, gate: str, limit: int, *, before: str = "") -> Sequence[Applicant]:
        return [] if before else super().line(tenant, gate, limit)


class WorldWithoutOrder(World):
    gates_type = Pushy


class Ahead:
    """A clock that is an hour ahead."""

    def __init__(self, clock: Any) -> None:
        self._clock = clock

    def now(self) -> Any:
        return self._clock.now() + timedelta(hours=1)


class HastyCommitter(EventCommitter):
    """Takes the time of a run that was submitted for come."""

    def commit(self, run: JobRun, event: Event, *rest: Any) -> tuple[JobRun, Decision]:
        hasty = isinstance(event, JobSubmitted) and not isinstance(self.clock, Ahead)
        here = replace(self, clock=Ahead(self.clock)) if hasty else self
        return EventCommitter.commit(here, run, event, *rest)


class HastyEngine(FastEngine):
    committer_type = HastyCommitter


class WorldWithoutTime(World):
    engine_type = HastyEngine


class Forgetful(Ledger):
    """Reserves an id for each submit, whatever its key."""

    def reserve(self, tenant: str, key: str, wanted: Reservation) -> Reservation:
        return wanted


class WorldWithoutKeys(World):
    runs_type = Forgetful


class IdlePlanner(CronPlanner):
    """Makes no occurrence after one that has left."""

    def plan_next(self, run: JobRun) -> None:
        return


class AimlessEngine(FastEngine):
    def __post_init__(self) -> None:
        FastEngine.__post_init__(self)
        whole = self.performer.planner
        names = ("runs", "definitions", "parsed", "events", "gates", "limits", "clock", "ids")
        planner = IdlePlanner(**{name: getattr(whole, name) for name in names})
        self.performer = replace(self.performer, planner=planner)
        self.committer = replace(self.committer, performer=self.performer)
        self.claims = replace(self.claims, committer=self.committer)


class WorldWithoutPlans(World):
    engine_type = AimlessEngine


class BlindToSchedules(Nights):
    """Housekeeping that looks at no schedules."""

    def _keeper(self, plane: ControlPlane) -> Any:
        return KeeperWithoutSchedules(super()._keeper(plane))


class KeeperWithoutSchedules:
    """Passes one step over."""

    def __init__(self, keeper: HouseKeeper) -> None:
        self._keeper = keeper

    def do(self, chore: Chore) -> Chore:
        passed = chore.step is HouseStep.SWEEP_SCHEDULES
        return chore.go_on(None) if passed else self._keeper.do(chore)


class WorldWithoutScheduleSweep(World):
    nights_type = BlindToSchedules


MUTANTS_OF_USERS = {
    "the order of the line": WorldWithoutOrder,
    "scheduled_at": WorldWithoutTime,
    "the Idempotency-Key": WorldWithoutKeys,
    "the next occurrence": WorldWithoutPlans,
    "the sweep of schedules": WorldWithoutScheduleSweep,
}
