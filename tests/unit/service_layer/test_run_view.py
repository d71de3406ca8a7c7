"""What the view of a run adds up."""

from datetime import UTC, datetime, timedelta

from formicary.domain.new_run import RunOrder, new_run
from formicary.domain.records import TaskAttempt
from formicary.domain.states import RequestState, TaskMethod
from formicary.domain.task_response import TaskResponseTimings
from formicary.service_layer.run_view import run_view

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ORDER = RunOrder(tenant="t", user_id="u", job_type="job", job_version=1, size=1)
RUN = new_run(ORDER, "01RUN", "key", NOW)


def attempt(seconds: float, factor: float, **changes: object) -> TaskAttempt:
    """One that its ant had for so long; the engine heard of it an hour later."""
    ended = NOW + timedelta(seconds=seconds)
    known = TaskAttempt(
        job_request_id=RUN.request_id,
        job_execution_id=RUN.execution_id,
        task_type="work",
        task_index=0,
        attempt=1,
        method=TaskMethod.SHELL,
        status=RequestState.COMPLETED,
        ant_id="ant",
        cost_factor=factor,
        timings=TaskResponseTimings(received_at=NOW, script_finished_at=ended),
        started_at=NOW,
        ended_at=NOW + timedelta(hours=1),
    )
    return known.model_copy(update=changes)


def test_cpu_secs_are_the_seconds_of_attempts_on_ants_times_their_factors() -> None:
    attempts = [
        attempt(10, 2.0),
        attempt(3, 0.0, attempt=2, status=RequestState.FAILED),
        attempt(100, 1.0, late=True),
        attempt(100, 1.0, job_execution_id="an earlier one"),
        attempt(100, 1.0, ant_id=""),
        attempt(0, 5.0, timings=TaskResponseTimings()),
    ]

    execution = run_view(RUN, (), attempts).execution

    assert execution is not None
    assert execution.cpu_secs == 23
