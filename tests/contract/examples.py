"""Runs, attempts and messages for the contract suites."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

from formicary.domain.artifact import Artifact
from formicary.domain.commands import DispatchTask, StartTimer
from formicary.domain.events import (
    CancelRequested,
    ChildFinished,
    ChildForked,
    ChildrenFinished,
    ItemsForked,
    ItemsListed,
    JobSubmitted,
    PauseRequested,
    RestartRequested,
    ResumeRequested,
    SlotFreed,
    SlotsGranted,
    TaskFinished,
    TaskLost,
    TaskRedelivered,
    TaskStarted,
    TimerFired,
    TimerKind,
    TriggerRequested,
)
from formicary.domain.history import HistoryEntry
from formicary.domain.job_run import (
    ActiveTask,
    ActivityState,
    Failure,
    Fan,
    Hold,
    JobRun,
    OutboxEntry,
    ParentLink,
    Phase,
)
from formicary.domain.records import DefinitionVersion, TaskAttempt
from formicary.domain.states import RequestState, TaskMethod
from formicary.domain.task_request import ExecutorOptions, TaskMessage, TaskRequest

NOW = datetime(2026, 5, 4, 3, 2, 1, 123000, tzinfo=UTC)


def noise(count: int) -> list[str]:
    """Text that does not compress."""
    generator = random.Random(1)
    return [generator.randbytes(8).hex() for _ in range(count)]


def a_run(tenant: str, request_id: str = "r1", **fields: Any) -> JobRun:
    defaults: dict[str, Any] = {
        "execution_id": f"{request_id}-e1",
        "job_type": "encode",
        "job_version": 3,
        "key": "secret-of-the-run",
        "created_at": NOW,
        "scheduled_at": NOW,
    }
    return JobRun(tenant=tenant, request_id=request_id, **{**defaults, **fields})


SOME_HISTORY = (
    HistoryEntry(2, NOW, JobSubmitted()),
    HistoryEntry(3, NOW + timedelta(microseconds=1), ChildForked("f", 1, "child"), "JobSubmitted"),
    HistoryEntry(
        4,
        NOW + timedelta(seconds=1),
        TaskFinished(
            "a", 2, RequestState.FAILED, "9", error_message="it broke", context={"a": "ü"}
        ),
    ),
    HistoryEntry(5, NOW, TaskFinished("b", 1, RequestState.COMPLETED, "0"), cut=True),
    HistoryEntry(6, NOW, TaskStarted("c", 1, "ant-1", "host", NOW)),
    HistoryEntry(7, NOW, TaskRedelivered("c", 1, "ant-2", 3)),
    HistoryEntry(8, NOW, ChildFinished("f", "child", RequestState.CANCELLED, "ERR_X")),
    HistoryEntry(9, NOW, TimerFired(TimerKind.RETRY, "c", 2, NOW)),
    HistoryEntry(10, NOW, RestartRequested(hard=True, from_task="c", job_version=4)),
    HistoryEntry(11, NOW, PauseRequested(now=True, after=2)),
    HistoryEntry(12, NOW, ResumeRequested(3)),
    HistoryEntry(13, NOW, TriggerRequested()),
    HistoryEntry(14, NOW, CancelRequested("enough")),
    HistoryEntry(15, NOW, SlotFreed(1, "r0:1")),
    HistoryEntry(16, NOW, SlotsGranted(1)),
    HistoryEntry(17, NOW, TaskLost("c", 3)),
    HistoryEntry(18, NOW, ItemsListed("f", 1, 250, "listing", 5), "JobSubmitted"),
    HistoryEntry(19, NOW, ItemsForked("f", 1, "1", 25, 50), "BatchDue:f:1:1:25"),
    HistoryEntry(20, NOW, ChildrenFinished("f", "1", 240, 9, 1, "item 3")),
)


def a_full_run(tenant: str, request_id: str = "full") -> JobRun:
    """A run with something in every field."""
    return a_run(
        tenant,
        request_id,
        scheduled_at=NOW + timedelta(hours=1),
        state=RequestState.EXECUTING,
        phase=Phase.WALKING,
        marks="CCCCCCSa..",
        children=".....r....",
        forks="0000020000",
        origins="0000111000",
        active={
            "encode": ActiveTask(
                task_type="encode",
                attempt=3,
                state=ActivityState.EXECUTING,
                activated_at=NOW,
                message_attempt=2,
                failures=1,
                losses=1,
                restarts=2,
                started_at=NOW + timedelta(seconds=2),
                ant_id="ant-1",
                ant_host="host",
            ),
            "b": ActiveTask("b", 1, ActivityState.DISPATCHED, NOW),
        },
        outbox=(
            OutboxEntry("TaskFinished:a:1", DispatchTask("encode", 3)),
            OutboxEntry("JobSubmitted", StartTimer(TimerKind.JOB_TIMEOUT, NOW)),
        ),
        tail=SOME_HISTORY,
        params={"Url": "http://x", "Count": 3, "Ratio": 0.5, "Deep": {"a": [1, None, True]}},
        context={"Size": "10", "Ünï": "çödé 🐜"},
        outcome=RequestState.FAILED,
        failure=Failure("a", "9", "ERR_X", "it broke", fatal=True, retries=2),
        fans={3: Fan(250, "listing", 5, 250, 240, 9, 1, "item 3"), 7: Fan(2, "other", resumed=3)},
        parent=ParentLink("p1", "p1-e1", "fork", "proof", 12),
        depth=2,
        definition_tenant="publisher",
        user_id="joe",
        user_key="key-1",
        description="d" * 300,
        platform="linux",
        job_group="nightly",
        job_priority=9,
        retried=1,
        job_retries=2,
        job_restarts=3,
        hold=Hold.TIMED,
        holds=4,
        held_since=NOW + timedelta(seconds=3),
        deadline=NOW + timedelta(hours=2),
        last_execution_id="e0",
        exit_code="9",
        error_code="ERR_X",
        error_message="m" * 300,
        started_at=NOW + timedelta(seconds=1),
        ended_at=NOW + timedelta(seconds=9),
        updated_at=NOW + timedelta(seconds=9, microseconds=7),
    )


def an_attempt(attempt: int = 1, task_index: int = 0, **fields: Any) -> TaskAttempt:
    defaults: dict[str, Any] = {
        "job_request_id": "r1",
        "job_execution_id": "e1",
        "task_type": f"task{task_index}",
        "method": TaskMethod.SHELL,
        "status": RequestState.COMPLETED,
        "ended_at": NOW,
    }
    return TaskAttempt(task_index=task_index, attempt=attempt, **{**defaults, **fields})


def an_artifact(artifact_id: str, request_id: str = "r1", **fields: Any) -> Artifact:
    return Artifact(
        id=artifact_id,
        name=f"{artifact_id}.txt",
        key=f"t/x/{artifact_id}",
        job_request_id=request_id,
        **{"created_at": NOW, **fields},
    )


def a_version(tenant: str, job_type: str, version: int, **fields: Any) -> DefinitionVersion:
    defaults: dict[str, Any] = {
        "text": f"job_type: {job_type}\n# version {version} ü\r\n",
        "sha256": f"{version:064d}",
        "created_at": NOW + timedelta(days=version),
        "user_id": "joe",
    }
    return DefinitionVersion(tenant, job_type, version, **{**defaults, **fields})


def a_task_message(tenant: str, request_id: str = "r1", **fields: Any) -> TaskMessage:
    request = TaskRequest(
        job_definition_id="encode:1",
        job_request_id=request_id,
        job_type="encode",
        job_type_version="1",
        job_execution_id="e1",
        task_execution_id="t1",
        task_type="task",
        co_relation_id="c1",
        script=["echo ü"],
        executor_opts=ExecutorOptions(method=TaskMethod.SHELL),
    )
    return TaskMessage(
        tenant=tenant, attempt=1, proof="p", object_prefix="t/x/", request=request, **fields
    )
