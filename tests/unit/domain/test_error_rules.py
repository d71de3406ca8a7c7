"""The table of error codes: which row fits a failure, and what its action does to the run."""

from datetime import UTC, datetime

import pytest

from formicary.domain.error_rules import (
    EVERYBODY,
    ErrorRule,
    FailureFacts,
    best_rule,
    regex_fault,
)
from formicary.domain.events import TaskFinished, TimerKind
from formicary.domain.job_run import Hold, Phase
from formicary.domain.states import RequestState
from tests.unit.domain.engine_play import Play, graph_of, node

NOW = datetime(2026, 1, 1, tzinfo=UTC)
FAILURE = FailureFacts(
    job_type="build",
    task_type="compile",
    platform="linux",
    command="make all",
    exit_code="2",
    texts=("the command failed", "cc: No space left on device\n"),
)


def rule(rule_id: str, tenant: str = "acme", **fields: str) -> ErrorRule:
    return ErrorRule(
        id=rule_id,
        tenant=tenant,
        error_code=f"ERR_{rule_id.upper()}",
        created_at=NOW,
        updated_at=NOW,
        **fields,  # type: ignore[arg-type]
    )


def best(*rules: ErrorRule) -> str:
    found = best_rule(rules, FAILURE)
    return found.id if found else ""


@pytest.mark.parametrize(
    ("fields", "fits"),
    [
        ({"regex": "No space left"}, True),
        ({"regex": "^cc: .*device$"}, True),
        ({"regex": "command failed"}, True),
        ({"regex": "no space"}, False),
        ({"exit_code": "2"}, True),
        ({"exit_code": "3"}, False),
        ({"exit_code": "2", "regex": "other"}, False),
        ({"exit_code": "2", "job_type": "build"}, True),
        ({"exit_code": "2", "job_type": "*"}, True),
        ({"exit_code": "2", "job_type": "buil"}, False),
        ({"exit_code": "2", "task_type_scope": "test"}, False),
        ({"exit_code": "2", "platform_scope": "mac"}, False),
        ({"exit_code": "2", "command_scope": "make"}, True),
        ({"exit_code": "2", "command_scope": "cmake"}, False),
    ],
)
def test_a_row_fits_by_text_exit_code_and_scopes(fields: dict[str, str], fits: bool) -> None:
    assert bool(best(rule("a", **fields))) is fits


def test_rows_of_the_tenant_come_before_those_of_everybody() -> None:
    everybody = rule("e", EVERYBODY, regex="No space left on device", job_type="build")

    assert best(everybody, rule("t", exit_code="2")) == "t"
    assert best(everybody) == "e"


def test_the_most_specific_row_wins() -> None:
    wide = rule("wide", regex="No space left on device")
    job = rule("job", regex="space", job_type="build")
    task = rule("task", regex="space", job_type="build", task_type_scope="compile")
    any_job = rule("any", regex="space", job_type="*")

    assert best(wide, job, task, any_job) == "task"
    assert best(wide, job) == "job"
    assert best(wide, any_job) == "wide"


@pytest.mark.parametrize("pattern", ["(", "(a+)+", "(a*b)*", "x" * 501, "[z-a]"])
def test_a_regex_that_is_wrong_or_could_take_for_ever_is_refused(pattern: str) -> None:
    assert regex_fault(pattern)


@pytest.mark.parametrize("pattern", ["", "a+", "(ab)+c*", r"exit (\d+)", "(?i)out of memory"])
def test_a_sound_regex_is_taken(pattern: str) -> None:
    assert regex_fault(pattern) == ""


def judged(play: Play, action: str, retry: int = 1) -> Play:
    attempt = play.run.active["work"].attempt
    failed = TaskFinished(
        "work",
        attempt,
        RequestState.FAILED,
        "2",
        error_code="ERR_OWN",
        action=action,
        action_retry=retry,
    )
    return play.take(failed)


def test_retry_task_runs_it_again_though_it_has_no_retry() -> None:
    play = judged(Play(graph_of(node(0, "work"))).start(), "RETRY_TASK", 1)
    assert play.dispatched == ["work"]
    assert judged(play, "RETRY_TASK", 1).run.error_code == "ERR_OWN"
    assert play.state is RequestState.FAILED


def test_retry_job_runs_the_job_again_though_it_has_no_retry() -> None:
    play = judged(Play(graph_of(node(0, "work", retry=5))).start(), "RETRY_JOB", 1)
    assert play.run.phase is Phase.RETRYING
    play.fires(TimerKind.JOB_RETRY)
    assert judged(play, "RETRY_JOB", 1).state is RequestState.FAILED


def test_suspend_job_pauses_it_until_somebody_resumes_it() -> None:
    play = judged(Play(graph_of(node(0, "work"))).start(), "SUSPEND_JOB")
    assert (play.state, play.run.hold) == (RequestState.PAUSED, Hold.USER)
    assert play.resume().dispatched == ["work"]


def test_hard_failure_is_retried_by_nobody() -> None:
    play = judged(Play(graph_of(node(0, "work", retry=5), retry=5)).start(), "HARD_FAILURE")
    assert (play.state, play.run.error_code) == (RequestState.FAILED, "ERR_OWN")


def test_a_declared_outcome_is_no_failure_whatever_the_table_says() -> None:
    graph = graph_of(node(0, "work", exit_routes={"2": "next"}), node(1, "next"))
    assert judged(Play(graph).start(), "HARD_FAILURE").dispatched == ["next"]
