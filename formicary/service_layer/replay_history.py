"""Rebuilding a run from its history: the recorded events, at their times, through `decide`."""

from collections.abc import Iterable, Sequence

from formicary.domain.decide import decide
from formicary.domain.errors import FormicaryError
from formicary.domain.events import event_key
from formicary.domain.history import HistoryEntry, tells_of, with_texts
from formicary.domain.job_run import JobRun, execution_id
from formicary.domain.new_run import RunOrder, new_run
from formicary.domain.records import TaskAttempt
from formicary.ports import RunRepository
from formicary.service_layer.situation import Situations


class BrokenHistoryError(FormicaryError):
    """The history of the run is not complete."""

    code = "ERR_HISTORY"


def read_history(runs: RunRepository, run: JobRun) -> Sequence[HistoryEntry]:
    """Return the whole history of a run with all texts; BrokenHistoryError when a part is gone."""
    entries = recorded_history(runs, run)
    missing = set(range(2, run.version + 1)).difference(entry.version for entry in entries)
    if missing:
        raise BrokenHistoryError(
            f"Changes {sorted(missing)} of run {run.request_id} are not recorded."
        )
    return entries


def recorded_history(runs: RunRepository, run: JobRun) -> Sequence[HistoryEntry]:
    """Return what is recorded of a run, up to the state that it was read in."""
    entries = runs.history(run.tenant, run.request_id)
    return _completed(runs, run, [entry for entry in entries if entry.version <= run.version])


def replay(situations: Situations, runs: RunRepository, run: JobRun) -> JobRun:
    """Return the state that the history of a run leads to; it equals `run` but for its `tail`."""
    entries = read_history(runs, run)
    state = _first_state(runs, run)
    for entry in entries:
        here = situations.before(state, entry.event, entry.at)
        cause = entry.cause or event_key(entry.event)
        decision = decide(here.run, entry.event, here.graph, entry.at, cause)
        if decision.rejected:
            raise BrokenHistoryError(
                f"Change {entry.version} of run {run.request_id}, {event_key(entry.event)}, "
                f"would be refused: {decision.rejected}."
            )
        state = decision.run.evolve(version=entry.version)
    return state


def _first_state(runs: RunRepository, run: JobRun) -> JobRun:
    """Return the run as it was submitted: what was given then never changes, or is archived."""
    first = next(iter(runs.archived(run.tenant, run.request_id)), run)
    order = RunOrder(
        tenant=run.tenant,
        user_id=run.user_id,
        job_type=run.job_type,
        job_version=first.job_version,
        size=len(first.marks),
        params=run.params,
        scheduled_at=run.submitted_for,
        user_key=run.user_key,
        description=run.description,
        platform=run.platform,
        job_group=run.job_group,
        job_priority=run.job_priority,
        parent=run.parent,
        depth=run.depth,
        definition_tenant=run.definition_tenant,
        gates=run.gates,
        occurrence=run.occurrence,
        announces=run.announces,
    )
    return new_run(order, run.request_id, run.key, run.created_at).evolve(
        version=1, execution_id=execution_id(run.created_at, run.request_id, 0)
    )


def _completed(
    runs: RunRepository, run: JobRun, entries: Sequence[HistoryEntry]
) -> Sequence[HistoryEntry]:
    if not any(entry.cut for entry in entries):
        return entries
    outcomes = _outcomes(runs, run)
    return [_with_texts(entry, outcomes) if entry.cut else entry for entry in entries]


def _outcomes(runs: RunRepository, run: JobRun) -> Sequence[TaskAttempt]:
    executions = [*runs.archived(run.tenant, run.request_id), run]
    return [
        attempt
        for execution in executions
        for attempt in runs.attempts(run.tenant, run.request_id, execution.execution_id)
        if not attempt.late
    ]


def _with_texts(entry: HistoryEntry, outcomes: Iterable[TaskAttempt]) -> HistoryEntry:
    found = [a for a in outcomes if tells_of(entry, a.task_type, a.attempt, a.ended_at)]
    if not found:
        return entry
    nearest = min(found, key=lambda a: abs(a.ended_at - entry.at))
    context = dict(nearest.context)
    return with_texts(entry, context, nearest.exit_message, nearest.error_message)
