"""Schedules: for each job type with `cron_trigger` one pending request, made again and again.

A pending occurrence is an ordinary request for later. Its id follows from the schedule and its
time, so that making it twice makes one. When it begins (or is cancelled) the next is made. When the
schedule changes, the pending one is cancelled, then its `serial` grows, and what is left of the old
schedule makes nothing any more; what others make of it at that moment they cancel themselves.
"""

from dataclasses import dataclass
from datetime import datetime

from formicary.domain.errors import ConcurrentUpdateError, InvalidRequestError
from formicary.domain.events import CancelRequested, Event, JobSubmitted
from formicary.domain.job_definition import JobDefinition
from formicary.domain.job_run import JobRun, Occurrence, Phase
from formicary.domain.messages import pack_event
from formicary.domain.new_run import RunOrder, new_run
from formicary.domain.proofs import internal_proof
from formicary.domain.records import JobTypeRecord
from formicary.domain.schedule import Schedule, first_fire, has_left, next_fire
from formicary.ports import (
    Clock,
    DefinitionRepository,
    EventQueue,
    GateRepository,
    IdGenerator,
    RunRepository,
)
from formicary.service_layer.choose_resource import ChosenResource, choose_resource
from formicary.service_layer.gates_of_run import gates_of_run
from formicary.service_layer.parsed_definitions import ParsedDefinitions
from formicary.service_layer.tenant_limits import KnownLimits

_TRIES = 10
SCHEDULE_CHANGED = "the schedule of the job type was changed"


@dataclass(frozen=True, slots=True)
class CronPlanner:
    """Makes and unmakes pending occurrences."""

    runs: RunRepository
    definitions: DefinitionRepository
    parsed: ParsedDefinitions
    events: EventQueue
    gates: GateRepository
    limits: KnownLimits
    clock: Clock
    ids: IdGenerator

    def apply(self, tenant: str, job_type: str) -> None:
        """Bring the schedule of a job type in line with its version in force."""
        for _ in range(_TRIES):
            try:
                self._apply(tenant, job_type)
            except ConcurrentUpdateError:
                continue
            else:
                return
        raise ConcurrentUpdateError(f"The schedule of {job_type} is changed by too many at once.")

    def _apply(self, tenant: str, job_type: str) -> None:
        # In this order: a version that is put in force meanwhile is not undone.
        current = self.definitions.find_schedule(tenant, job_type)
        record = self.definitions.find_type(tenant, job_type)
        definition = self._scheduled_definition(record)
        if current is not None:
            if _is_in_line(current, record, definition):
                self._go_on(current)
                return
            self._cancel_pending(current)
        if record is not None and definition is not None:
            fresh = self._fresh(record, definition, current)
            self._make_pending(self._save(fresh))
        elif current is not None:
            self._save(_ended(current, self.clock.now()))

    def _save(self, schedule: Schedule) -> Schedule:
        """Store a schedule that its type says, also when it has been stored.

        Who changed the type meanwhile may have found the schedule before, all in line with it.
        """
        saved = self.definitions.save_schedule(schedule)
        record = self.definitions.find_type(schedule.tenant, schedule.job_type)
        if not _is_in_line(saved, record, self._scheduled_definition(record)):
            raise ConcurrentUpdateError(f"the job type {schedule.job_type} was changed meanwhile")
        return saved

    def _go_on(self, schedule: Schedule) -> None:
        """Do once more what may have been broken off."""
        self._cancel(schedule.tenant, schedule.replaced)
        pending = self.pending(schedule)
        if pending is not None and has_left(pending):
            self.plan_next(pending)
        else:
            self._make_pending(schedule)

    def _scheduled_definition(self, record: JobTypeRecord | None) -> JobDefinition | None:
        """Return the version in force when it runs by itself and is not disabled."""
        if record is None or record.disabled or not record.summary.get("cron_trigger"):
            return None
        pinned = self.parsed.get(record.tenant, record.job_type, record.version)
        definition = pinned.parsed.definition
        # Nobody gives a schedule params, so one that templates make has no times.
        stated = definition.cron_trigger + definition.cron_timezone
        return None if not definition.cron_trigger or "{{" in stated else definition

    def _fresh(
        self, record: JobTypeRecord, definition: JobDefinition, current: Schedule | None
    ) -> Schedule:
        version = self.definitions.find_version(record.tenant, record.job_type, record.version)
        schedule = Schedule(
            tenant=record.tenant,
            job_type=record.job_type,
            serial=current.serial + 1 if current else 1,
            version=record.version,
            expression=definition.cron_trigger,
            timezone=definition.cron_timezone,
            catch_up=definition.cron_catch_up,
            user_id=version.user_id if version else "",
            revision=current.revision if current else 0,
            changed_at=self.clock.now(),
            replaced=current.pending_id if current else "",
        )
        return schedule.evolve(pending_at=first_fire(schedule, self.clock.now()))

    def is_in_line(self, record: JobTypeRecord, schedule: Schedule | None) -> bool:
        """Whether a schedule is what the version in force of its type says."""
        definition = self._scheduled_definition(record)
        if schedule is None:
            return definition is None
        return _is_in_line(schedule, record, definition)

    def pending(self, schedule: Schedule) -> JobRun | None:
        """Return the pending occurrence, None when there is none or it was not made."""
        if not schedule.pending_id:
            return None
        return self.runs.find(schedule.tenant, schedule.pending_id)

    def plan_next(self, run: JobRun) -> None:
        """Make the occurrence after one that has begun or was cancelled."""
        if run.occurrence is None:
            return
        for _ in range(_TRIES):
            schedule = self.definitions.find_schedule(run.tenant, run.job_type)
            if schedule is None:
                return
            if schedule.serial != run.occurrence.serial:
                self._cancel(schedule.tenant, schedule.replaced)
                return
            try:
                if schedule.pending_id == run.request_id:
                    now = self.clock.now()
                    fire = next_fire(schedule, run, now)
                    following = schedule.evolve(pending_at=fire, changed_at=now)
                    schedule = self.definitions.save_schedule(following)
            except ConcurrentUpdateError:
                continue
            self._make_pending(schedule)
            return
        raise ConcurrentUpdateError(f"The schedule of {run.job_type} is changed by too many.")

    def _make_pending(self, schedule: Schedule) -> None:
        record = self.definitions.find_type(schedule.tenant, schedule.job_type)
        if record is None or schedule.pending_at is None:
            return
        run = self.pending(schedule)
        if run is None:
            order = self._order(record, schedule, schedule.pending_at)
            fresh = new_run(order, schedule.pending_id, self.ids.key(), self.clock.now())
            run = self.runs.create(fresh)
            current = self.definitions.find_schedule(schedule.tenant, schedule.job_type)
            if current is None or current.serial != schedule.serial:
                # Whoever changed it meanwhile may have looked for this one too early.
                self._cancel_pending(schedule)
                return
        if run.phase is Phase.WAITING:
            self._tell(run, JobSubmitted())

    def _order(self, record: JobTypeRecord, schedule: Schedule, fire_at: datetime) -> RunOrder:
        pinned = self.parsed.get(schedule.tenant, schedule.job_type, schedule.version)
        definition = pinned.parsed.definition
        variables = definition.job_variables
        missing = [n for n in definition.required_params if variables.get(n) in (None, "")]
        leased, fault = self._leased(schedule.tenant, definition)
        return RunOrder(
            tenant=schedule.tenant,
            user_id=schedule.user_id,
            job_type=schedule.job_type,
            job_version=schedule.version,
            size=len(definition.tasks),
            scheduled_at=fire_at,
            user_key=schedule.user_key,
            description=f"cron_trigger {schedule.expression}",
            params=leased.variables if leased else {},
            gates=(
                *((leased.claim,) if leased else ()),
                *gates_of_run(record, schedule.user_id, self.limits.of(schedule.tenant)),
            ),
            occurrence=Occurrence(
                schedule.serial,
                fire_at,
                tuple(missing),
                only_in_time=schedule.catch_up == "none",
                fault=fault,
            ),
            announces=pinned.parsed.announces,
        )

    def _leased(self, tenant: str, definition: JobDefinition) -> tuple[ChosenResource | None, str]:
        """Choose the resource of a job, or tell why there is none: that ends the occurrence."""
        if definition.resources is None:
            return None, ""
        try:
            return choose_resource(self.gates, tenant, definition.resources), ""
        except InvalidRequestError as error:
            return None, error.message

    def _cancel_pending(self, schedule: Schedule) -> None:
        for request_id in (schedule.pending_id, schedule.replaced):
            self._cancel(schedule.tenant, request_id)

    def _cancel(self, tenant: str, request_id: str) -> None:
        """End an occurrence of a schedule that is over, unless it has begun."""
        run = self.runs.find(tenant, request_id) if request_id else None
        if run is not None and not has_left(run):
            self._tell(run, CancelRequested(SCHEDULE_CHANGED, unbegun=True))

    def _tell(self, run: JobRun, event: Event) -> None:
        proof = internal_proof(run.key)
        message = pack_event(run.tenant, run.request_id, run.execution_id, proof, event)
        self.events.send(message)


def _ended(schedule: Schedule, now: datetime) -> Schedule:
    changes = {"serial": schedule.serial + 1, "expression": "", "pending_at": None}
    return schedule.evolve(**changes, replaced=schedule.pending_id, changed_at=now)


def _is_in_line(
    schedule: Schedule, record: JobTypeRecord | None, definition: JobDefinition | None
) -> bool:
    if record is None or definition is None:
        return not schedule.expression
    stated = (definition.cron_trigger, definition.cron_timezone, definition.cron_catch_up)
    return schedule.says(record.version, *stated)
