"""Why a run does not go on, in words: what holds it back now, and what would let it go on."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from formicary.domain.ant import AntRegistration
from formicary.domain.commands import StartTimer
from formicary.domain.events import TimerKind
from formicary.domain.gates import (
    TENANT_GATE,
    Applicant,
    Claim,
    Gate,
    applicant_name,
    resource_gate,
    wanted,
)
from formicary.domain.job_run import ActiveTask, ActivityState, Hold, JobRun, Phase
from formicary.domain.parsed_job import ParsedJob
from formicary.domain.routing_key import RoutingKey
from formicary.domain.states import ChildMark, TaskMethod
from formicary.service_layer.admission import MAX_LOOK, applicant_of
from formicary.service_layer.control_plane import ControlPlane
from formicary.service_layer.function_reasons import function_reason

_NAMED = 2
_FORKS_NAMED = 3


def waiting_reasons(plane: ControlPlane, run: JobRun, parsed: ParsedJob | None) -> list[str]:
    """Return what a run waits for; nothing when it goes on, or has ended."""
    if run.state.terminal:
        return []
    reasons = list(_of_the_run(plane, run))
    if parsed is not None:
        reasons += _of_its_tasks(plane, run, parsed)
    return reasons


def _of_the_run(plane: ControlPlane, run: JobRun) -> Iterator[str]:
    if run.phase is Phase.WAITING and run.scheduled_at > plane.clock.now():
        yield f"scheduled for {_time(run.scheduled_at)}"
    elif run.needs_slots and (run.phase is Phase.WAITING or run.hold is Hold.SLOT):
        yield from gate_reasons(plane, run)
    if run.phase is Phase.RETRYING:
        yield f"waits for the next try of the job{_until(run, TimerKind.JOB_RETRY)}"
    if run.hold is Hold.USER:
        yield "paused until somebody resumes it"
    elif run.hold is Hold.TIMED:
        yield f"paused{_until(run, TimerKind.PAUSE)}"


def gate_reasons(plane: ControlPlane, run: JobRun) -> Iterator[str]:
    """Tell which gates do not let a run pass."""
    applicant = applicant_of(run, run.stint)
    for claim in wanted(run.gates):
        gate = plane.gates.find(run.tenant, claim.gate)
        if gate is None:
            continue
        ahead = len(plane.gates.line(run.tenant, gate.name, MAX_LOOK, before=applicant.rank))
        if gate.free < claim.amount:
            holders = plane.gates.holders(run.tenant, gate.name, _NAMED + 1)
            yield taken(gate, claim, holders) + _behind(ahead)
        elif ahead >= gate.free:
            yield f"waits for its turn at {_gate_name(gate.name)}{_behind(ahead)}"


def taken(gate: Gate, claim: Claim, holders: Sequence[Applicant]) -> str:
    """Tell that a gate is full, and by whom."""
    name = _gate_name(gate.name)
    if gate.limit == 0:
        return f"{name} is disabled"
    used = gate.limit - gate.free
    runs = _listed([who.request_id for who in holders[:_NAMED]])
    more = used - _NAMED
    others = f" and {more} more" if len(holders) > _NAMED and more > 0 else ""
    by = f" by {runs}{others}" if runs else ""
    needs = f" (it needs {claim.amount})" if claim.amount > 1 else ""
    ends = [who.expires_at for who in holders if who.expires_at]
    until = f" until {_time(min(ends))}" if ends else ""
    verb = "leased" if gate.name.startswith("resource:") else "taken"
    return f"{used} of {gate.limit} slots of {name} {verb}{by}{until}{needs}"


def _gate_name(name: str) -> str:
    kind, _, rest = name.partition(":")
    if kind == TENANT_GATE:
        return "the organization"
    known = {
        "type": f"job type {rest}",
        "user": f"user {rest}",
        "fork": f"fork_max_parallel of job {rest.partition(':')[0]}",
    }
    return known.get(kind, f"resource {rest}")


def _behind(ahead: int) -> str:
    if not ahead:
        return ""
    number = f"at least {ahead}" if ahead >= MAX_LOOK else str(ahead)
    return f"; {number} {'request is' if ahead == 1 else 'requests are'} before it"


def _of_its_tasks(plane: ControlPlane, run: JobRun, parsed: ParsedJob) -> Iterator[str]:
    ants: Sequence[AntRegistration] | None = None
    for task in run.active.values():
        if task.state is ActivityState.RETRYING:
            until = _until(run, TimerKind.RETRY, task.task_type)
            yield f"task {task.task_type} waits for its retry{until}"
        elif task.state is ActivityState.AWAITING:
            yield from _children(run, parsed, task)
        elif task.state is ActivityState.DISPATCHED and _needs_ant(parsed, task):
            reasons = list(_lease_reasons(plane, run, parsed, task))
            yield from reasons
            if reasons:
                continue
            ants = plane.ants.list(run.tenant) if ants is None else ants
            key, alive = _key_of(parsed, task), _alive(plane, ants)
            for reason in ant_reasons(task, key, alive):
                served = any(
                    not ant.draining and key.served_by(ant.methods, ant.tags) for ant in alive
                )
                yield reason + function_reason(plane, run, parsed, task, served=served)


def _lease_reasons(
    plane: ControlPlane, run: JobRun, parsed: ParsedJob, task: ActiveTask
) -> Iterator[str]:
    wanted_resource = parsed.definition.task(task.task_type).resources
    if wanted_resource is None:
        return
    name = applicant_name(run.request_id, task.task_type)
    for resource in plane.gates.list_resources(run.tenant):
        line = plane.gates.line(run.tenant, resource_gate(resource.id), MAX_LOOK)
        if any(who.name == name for who in line):
            gate = plane.gates.find(run.tenant, resource_gate(resource.id))
            holders = plane.gates.holders(run.tenant, resource_gate(resource.id), _NAMED + 1)
            if gate is not None:
                yield f"task {task.task_type}: {taken(gate, Claim(gate.name), holders)}"


def _needs_ant(parsed: ParsedJob, task: ActiveTask) -> bool:
    return parsed.definition.task(task.task_type).method.needs_ant


def _key_of(parsed: ParsedJob, task: ActiveTask) -> RoutingKey:
    definition = parsed.definition.task(task.task_type)
    return RoutingKey.of(definition.method, definition.tags)


def _alive(plane: ControlPlane, ants: Iterable[AntRegistration]) -> list[AntRegistration]:
    silence = timedelta(seconds=plane.ant_environment.lease_seconds)
    now = plane.clock.now()
    return [ant for ant in ants if now - ant.updated_at <= silence]


def ant_reasons(
    task: ActiveTask, key: RoutingKey, ants: Sequence[AntRegistration]
) -> Iterator[str]:
    """Tell why no ant has taken a task yet; tags that templates make are taken as they stand."""
    if any("{{" in tag for tag in key.tags):
        return
    fitting = [ant for ant in ants if key.served_by(ant.methods, ant.tags)]
    if fitting:
        busy = sum(min(ant.current_load, ant.max_capacity) for ant in fitting)
        slots = sum(ant.max_capacity for ant in fitting)
        if busy >= slots:
            yield (
                f"task {task.task_type}: the ants that fit are all busy ({busy} of {slots} slots)"
            )
        return
    yield f"task {task.task_type}: {_what_no_ant_has(key, ants)}"


def _what_no_ant_has(key: RoutingKey, ants: Sequence[AntRegistration]) -> str:
    if not ants:
        return "no ant is alive"
    if not any(key.method in ant.methods for ant in ants):
        return f"no ant has method {key.method}"
    known = {tag.lower() for ant in ants for tag in ant.tags}
    missing = [tag for tag in key.tags if tag not in known]
    if missing:
        return f"no ant has {'tag' if len(missing) == 1 else 'tags'} {', '.join(missing)}"
    return f"no single ant has method {key.method} and the tags {', '.join(key.tags)}"


def _children(run: JobRun, parsed: ParsedJob, task: ActiveTask) -> Iterator[str]:
    awaited = parsed.definition.task(task.task_type)
    if awaited.method is not TaskMethod.AWAIT_FORKED_JOB:
        return
    places = {one.task_type: index for index, one in enumerate(parsed.definition.tasks)}
    running = [
        name
        for name in awaited.await_forked_tasks
        if name in places and run.child(places[name]) in (ChildMark.NONE, ChildMark.RUNNING)
    ]
    if running:
        more = len(running) - _FORKS_NAMED
        others = f" and {more} more" if more > 0 else ""
        names = ", ".join(running[:_FORKS_NAMED])
        yield f"task {task.task_type} waits for the jobs forked by {names}{others}"


def _until(run: JobRun, kind: TimerKind, task_type: str = "") -> str:
    """Tell when a timer that was set fires; the outbox keeps it until it did."""
    moments = [
        entry.command.fire_at
        for entry in run.outbox
        if isinstance(entry.command, StartTimer)
        and entry.command.timer is kind
        and entry.command.task_type == task_type
    ]
    return f" until {_time(max(moments))}" if moments else ""


def _listed(names: Sequence[str]) -> str:
    return f"run {names[0]}" if len(names) == 1 else f"runs {' and '.join(names)}" if names else ""


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
