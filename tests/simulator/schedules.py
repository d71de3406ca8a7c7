"""A job type that runs by itself: who uploads it, and what must hold of its occurrences."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import TYPE_CHECKING, Any

from formicary.adapters.memory.fake_clock import EPOCH, FakeClock
from formicary.adapters.memory.in_memory_definition_repository import InMemoryDefinitionRepository
from formicary.domain.job_run import JobRun, Phase
from formicary.domain.records import Principal
from formicary.domain.schedule import Schedule, has_left
from formicary.service_layer.change_job_type import set_disabled
from formicary.service_layer.control_plane import ControlPlane
from formicary.service_layer.delete_definition import delete_definition
from formicary.service_layer.save_definition import save_definition
from tests.simulator.ants import TENANT
from tests.simulator.broken import BrokenError
from tests.simulator.people import User
from tests.simulator.shapes import Shape, draw_shape
from tests.simulator.timetables import Timetable, draw_timetable

if TYPE_CHECKING:
    from tests.simulator.world import World

TIMED_TYPE = "timed"
_VARIANTS = 60
_AUTHOR = Principal(tenant=TENANT, user_id="author")
_KINDS = ("upload", "upload", "upload", "disable", "enable", "delete")


@dataclass(frozen=True)
class Act:
    """What somebody does to the job type, so many seconds after the beginning."""

    at: float
    kind: str
    timetable: Timetable | None = None


@dataclass(frozen=True)
class Schedules:
    """The job type that is drawn beside the others, and what is done to it."""

    shape: Shape | None = None
    acts: tuple[Act, ...] = ()

    def features(self) -> set[str]:
        """Return what is drawn, for the figures."""
        kinds = {f"user {act.kind} of what runs by itself" for act in self.acts[1:]}
        drawn = [act.timetable for act in self.acts if act.timetable]
        kinds |= {f"cron_catch_up {timetable.catch_up}" for timetable in drawn}
        return kinds | ({"cron_timezone"} if any(one.berlin for one in drawn) else set())

    def text(self, timetable: Timetable) -> str:
        """Return its definition with a schedule."""
        if self.shape is None:
            raise ValueError("there is no job type with a schedule here")
        return json.dumps(json.loads(self.shape.text()) | timetable.document)

    def timetable(self, schedule: Schedule) -> Timetable:
        """Return what a stored schedule was drawn as."""
        stated = (schedule.expression, schedule.catch_up, schedule.timezone != "UTC")
        for act in self.acts:
            drawn = act.timetable
            if drawn and (drawn.expression, drawn.catch_up, drawn.berlin) == stated:
                return drawn
        raise BrokenError(f"nobody has uploaded the schedule {stated}")


def draw_schedules(random: Random, *, for_hours: bool) -> Schedules:
    """Draw a job type with a schedule in some worlds, and others that replace it."""
    if random.random() < 0.7:
        return Schedules()
    shapes = Random(f"timed {random.randrange(_VARIANTS)}")
    shape = draw_shape(shapes, TIMED_TYPE, shapes.choice([1, 1, 2]), steady=True)
    acts = [Act(0.0, "upload", draw_timetable(random, for_hours=for_hours))]
    for _ in range(random.choice([0, 0, 1, 2, 3])):
        kind = random.choice(_KINDS)
        drawn = draw_timetable(random, for_hours=for_hours) if kind == "upload" else None
        acts.append(Act(random.choice([5.0, 30.0, 60.0, 95.5, 300.0]), kind, drawn))
    return Schedules(shape, tuple(acts))


def authors(world: "World") -> list[User]:
    """Return who uploads the job type, disables, enables and deletes it."""
    schedules = world.scenario.extras.schedules
    return [
        User(
            world,
            f"{act.kind} {act.timetable.expression if act.timetable else ''}",
            _wish(schedules, act),
            EPOCH + timedelta(seconds=act.at),
        )
        for act in schedules.acts
    ]


def _wish(schedules: Schedules, act: Act) -> Callable[[ControlPlane], Any]:
    if act.timetable is not None:
        return partial(_upload, schedules.text(act.timetable))
    if act.kind == "delete":
        return lambda plane: delete_definition(plane, _AUTHOR, TIMED_TYPE)
    disabled = act.kind == "disable"
    return lambda plane: set_disabled(plane, _AUTHOR, TIMED_TYPE, disabled=disabled)


def _upload(text: str, plane: ControlPlane) -> Any:
    return save_definition(plane, _AUTHOR, text.encode())


class WatchedDefinitions(InMemoryDefinitionRepository):
    """Definitions whose schedules are checked at each change."""

    def __init__(self, schedules: Schedules, clock: FakeClock) -> None:
        super().__init__()
        self._drawn = schedules
        self._clock = clock
        self.runs: Any = None

    def save_schedule(self, schedule: Schedule) -> Schedule:
        before = self.find_schedule(schedule.tenant, schedule.job_type)
        saved = super().save_schedule(schedule)
        if saved.expression:
            same = before is not None and before.serial == saved.serial
            self._check_next(saved, before if same else None)
        return saved

    def _check_next(self, schedule: Schedule, before: Schedule | None) -> None:
        """Nothing is left out that `cron_catch_up` says is made up for."""
        timetable = self._drawn.timetable(schedule)
        run = self._left(before) if before is not None else None
        if schedule.pending_at is not None and schedule.pending_at not in timetable.times():
            raise BrokenError(f"{schedule.pending_at} is no time of {timetable.expression}")
        lost = timetable.left_out(schedule, run, self._clock.now())
        if lost:
            raise BrokenError(f"{timetable.expression} leaves out {lost[0]:%H:%M:%S}")

    def _left(self, schedule: Schedule) -> JobRun:
        """Return the occurrence that was pending: the next is planned when it waits no more."""
        run: JobRun | None = self.runs.find(schedule.tenant, schedule.pending_id)
        if run is None or not has_left(run):
            raise BrokenError(f"the next is planned, but {schedule.pending_at} waits still")
        return run

    def check_created(self, run: JobRun) -> None:
        """Each occurrence is made once, and no second one waits."""
        mine = run.occurrence
        if mine is None:
            return
        for other in self.runs.newest():
            same = other.occurrence is not None and other.occurrence.serial == mine.serial
            if not same or other.request_id == run.request_id or other.job_type != run.job_type:
                continue
            if other.occurrence.fire_at == mine.fire_at:
                raise BrokenError(f"the occurrence of {mine.fire_at} is made twice")
            if not has_left(other):
                raise BrokenError(f"{other.occurrence.fire_at} and {mine.fire_at} wait both")

    def check_end(self) -> None:
        """Nothing waits, and of a schedule that nobody ended nothing was left out."""
        schedule = self.find_schedule(TENANT, TIMED_TYPE)
        record = self.find_type(TENANT, TIMED_TYPE)
        if schedule is None or record is None or record.disabled:
            return
        if schedule.pending_at is not None:
            raise BrokenError(f"nothing follows the occurrence of {schedule.pending_at}")
        if not schedule.expression or schedule.version != record.version:
            raise BrokenError(f"version {record.version} runs by itself, but {schedule} is said")


def check_begin(before: JobRun, after: JobRun, now: datetime) -> None:
    """No run begins before its time."""
    begins = before.phase is Phase.WAITING and after.phase is Phase.WALKING
    if begins and after.scheduled_at > now + timedelta(seconds=2.5):
        raise BrokenError(f"{after.request_id[-4:]} begins before {after.scheduled_at}")
