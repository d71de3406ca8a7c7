from datetime import timedelta
from typing import Any

import pytest

from formicary.adapters.memory.fake_clock import FakeClock
from formicary.domain.commands import AcquireSlots, CancelChild, CancelItems, StartTimer
from formicary.domain.events import JobSubmitted, TaskLost, TimerFired, TimerKind
from formicary.domain.gates import Applicant, GateMember, resource_gate, type_gate
from formicary.domain.job_run import (
    ActiveTask,
    ActivityState,
    Fan,
    Hold,
    JobRun,
    OutboxEntry,
    ParentLink,
    Phase,
)
from formicary.domain.parsed_job import parse_job
from formicary.domain.states import ChildMark, RequestState
from formicary.domain.sweep import (
    PATIENCE,
    AwaitedChild,
    Stall,
    TaskSupply,
    awaited_children,
    gate_fault,
    is_cancelled_by,
    lost_tasks,
    stalls,
)
from formicary.domain.tally import ChildCounts, Tally, untold_items
from formicary.domain.task_definition import TaskDefinition

NOW = FakeClock().now()
LONG_AGO = NOW - PATIENCE - timedelta(seconds=1)


def a_run(**fields: Any) -> JobRun:
    given = {"created_at": LONG_AGO, "scheduled_at": LONG_AGO, **fields}
    return JobRun("acme", "run", "exec", "job", 1, "key", **given)


def retrying(*, fire_at: Any, attempt: int = 2) -> JobRun:
    """A run with a task that waits for its retry timer."""
    timer = StartTimer(TimerKind.RETRY, fire_at, "work", attempt)
    return a_run(
        state=RequestState.EXECUTING,
        phase=Phase.WALKING,
        active={"work": ActiveTask("work", 2, ActivityState.RETRYING, LONG_AGO)},
        outbox=(OutboxEntry("TaskFinished:work:1", timer),),
    )


@pytest.mark.parametrize(
    ("phase", "timer"),
    [(Phase.RETRYING, TimerKind.JOB_RETRY), (Phase.WALKING, TimerKind.JOB_TIMEOUT)],
)
def test_the_retry_and_the_timeout_of_a_job_are_lost_unless_it_is_paused(phase, timer):
    due = LONG_AGO - timedelta(minutes=1)
    outbox = (OutboxEntry("TaskFinished:work:1", StartTimer(timer, due, attempt=1)),)
    run = a_run(phase=phase, scheduled_at=due, deadline=due, outbox=outbox)

    assert [kind for kind, _ in stalls(run, NOW)] == [Stall.LOST_TIMER]
    assert list(stalls(run.evolve(hold=Hold.USER), NOW)) == []


def test_a_request_whose_submission_was_never_handled_is_submitted_again():
    assert list(stalls(a_run(), NOW)) == [(Stall.NEVER_BEGUN, JobSubmitted())]


@pytest.mark.parametrize(
    "fields",
    [
        {"created_at": NOW, "scheduled_at": NOW},
        {"scheduled_at": NOW + timedelta(days=1)},
        {"scheduled_at": NOW - timedelta(minutes=1)},
        {"updated_at": NOW - timedelta(minutes=1)},
        {"hold": Hold.USER},
        {"phase": Phase.WALKING},
        {"phase": Phase.ENDED},
        {"outbox": (OutboxEntry("JobSubmitted", AcquireSlots(0)),)},
    ],
    ids=[
        "it is new",
        "it is for later",
        "its time has just come",
        "it has just changed",
        "it is paused",
        "it goes on",
        "it has ended",
        "it stands in a line",
    ],
)
def test_a_run_is_left_alone_when(fields):
    assert list(stalls(a_run(**fields), NOW)) == []


def test_a_timer_that_should_have_fired_long_ago_fires():
    lost = TimerFired(TimerKind.RETRY, "work", 2, LONG_AGO)

    assert list(stalls(retrying(fire_at=LONG_AGO), NOW)) == [(Stall.LOST_TIMER, lost)]


def test_a_timer_that_is_not_due_or_has_become_pointless_does_not():
    assert list(stalls(retrying(fire_at=NOW + timedelta(days=1)), NOW)) == []
    assert list(stalls(retrying(fire_at=NOW - timedelta(minutes=1)), NOW)) == []
    assert list(stalls(retrying(fire_at=LONG_AGO, attempt=1), NOW)) == []


TASKS = """
job_type: job
tasks:
- task_type: work
  method: SHELL
  tags: [linux]
  script: [x]
  on_completed: templated
- task_type: templated
  method: SHELL
  tags: ["{{.Where}}"]
  script: [x]
  on_completed: leasing
- task_type: leasing
  method: SHELL
  tags: [linux]
  resources: {resource_type: device}
  script: [x]
  on_completed: socket
- task_type: socket
  method: WEBSOCKET
  script: [x]
  on_completed: fork
- task_type: fork
  method: FORK_JOB
  fork_job_type: child
  on_completed: wait
- task_type: wait
  method: AWAIT_FORKED_JOB
  await_forked_tasks: [fork]
"""


def task_of(name: str) -> TaskDefinition:
    return parse_job(TASKS).definition.task(name)


def out(*tasks: str, since: Any = LONG_AGO, **fields: Any) -> JobRun:
    """A run with tasks that were handed out."""
    state = fields.pop("task_state", ActivityState.DISPATCHED)
    active = {name: ActiveTask(name, 1, state, since, **fields) for name in tasks}
    return a_run(state=RequestState.EXECUTING, phase=Phase.WALKING, active=active)


def lost(
    *runs: JobRun, messages: dict[str, int] | None = None, reported: tuple[str, ...] = (), line=()
) -> list[str]:
    """The tasks of these runs that are lost, when so much is on the queues."""
    supply = TaskSupply(messages or {}, NOW, reported)

    def waits(task: ActiveTask) -> bool:
        return task.task_type in line

    found = [one for run in runs for one in lost_tasks(run, task_of, supply, waits, NOW)]
    assert all(one.attempt == 1 for one in found)
    return [one.task_type for one in found]


def test_a_task_is_lost_when_its_queue_is_empty_and_no_ant_reports_it():
    assert lost(out("work")) == ["work"]
    assert lost(out("work"), messages={"SHELL|linux": 0, "SHELL|": 5}) == ["work"]
    assert lost(out("work", task_state=ActivityState.EXECUTING)) == ["work"]


def test_a_task_is_not_lost_when_a_message_may_be_its_own_or_an_ant_has_it():
    assert lost(out("work"), messages={"SHELL|linux": 1}) == []
    assert lost(out("work"), reported=("exec:work:1",)) == []
    assert lost(out("work"), reported=("exec:work:2",)) == ["work"]


def test_a_task_that_the_function_began_and_never_ended_has_no_message_on_a_queue():
    begun = out("work", task_state=ActivityState.EXECUTING, ant_id="http-function")
    assert lost(begun, messages={"SHELL|linux": 1}) == ["work"]
    assert lost(begun, out("work"), messages={"SHELL|linux": 1}) == ["work"]


def test_a_task_that_was_handed_out_lately_is_not_lost():
    lately = NOW - PATIENCE + timedelta(seconds=1)
    assert lost(out("work", since=lately)) == []
    assert lost(out("work", dispatched_at=lately)) == []
    assert lost(out("work", task_state=ActivityState.EXECUTING, started_at=lately)) == []


def test_of_more_tasks_than_messages_the_oldest_are_lost():
    runs = [out("work", since=LONG_AGO - timedelta(hours=hour)) for hour in range(3)]
    supply = TaskSupply({"SHELL|linux": 2}, NOW, ())

    found = [list(lost_tasks(run, task_of, supply, lambda _: False, NOW)) for run in runs]

    assert found == [[], [], [TaskLost("work", 1)]]


def test_a_task_that_an_ant_reports_uses_up_a_message():
    held = out("work").evolve(execution_id="other")
    runs = [held, out("work")]
    assert lost(*runs, messages={"SHELL|linux": 1}, reported=("other:work:1",)) == ["work"]
    assert lost(*runs, messages={"SHELL|linux": 2}, reported=("other:work:1",)) == []


def test_a_message_that_was_sent_after_they_were_counted_is_missed_by_nobody():
    young = out("work", since=NOW)
    assert lost(young, out("work"), messages={"SHELL|linux": 1}) == []


def test_tags_that_only_rendering_tells_may_be_any_of_the_method():
    assert lost(out("templated"), messages={"SHELL|mac": 1}) == []
    assert lost(out("templated"), messages={"SHELL|mac": 0, "DOCKER|mac": 1}) == ["templated"]


def test_a_task_that_stands_in_the_line_of_a_resource_has_no_message_to_lose():
    assert lost(out("leasing"), line=("leasing",)) == []
    assert lost(out("leasing")) == ["leasing"]


def test_what_the_control_plane_was_to_do_itself_is_lost_and_websocket_ants_are_left_alone():
    assert lost(out("fork", "socket"), messages={"SHELL|linux": 9}) == ["fork"]
    assert lost(out("fork", task_state=ActivityState.AWAITING)) == []


def no_tallies(_prefix: str) -> dict[str, Tally]:
    return {}


CHILDREN = f"{ChildMark.RUNNING}{ChildMark.COMPLETED}{ChildMark.NONE}{ChildMark.RUNNING}"


def test_a_run_waits_for_the_children_that_have_not_ended_if_it_awaits_any():
    run = out("wait", task_state=ActivityState.AWAITING).evolve(children=CHILDREN, forks="1111")
    assert list(awaited_children(run, no_tallies)) == [
        AwaitedChild(0),
        AwaitedChild(3),
    ]
    works = out("work").evolve(children=CHILDREN, forks="1111")
    assert list(awaited_children(works, no_tallies)) == []


def test_of_many_children_those_are_awaited_that_are_not_counted():
    run = out("wait", task_state=ActivityState.AWAITING)
    run = run.evolve(children=ChildMark.RUNNING, forks="2", fans={0: Fan(3, "listing", forked=3)})
    one = Tally().with_place(1, ChildCounts(failed=1))

    awaited = list(awaited_children(run, lambda prefix: {f"{prefix}000": one}))

    assert awaited == [AwaitedChild(0, 0), AwaitedChild(0, 1, counted=True), AwaitedChild(0, 2)]


def counted(places: int) -> Tally:
    tally = Tally()
    for place in range(places):
        tally = tally.with_place(place, ChildCounts(completed=1))
    return tally


@pytest.mark.parametrize(
    ("tallies", "untold"),
    [
        ({}, range(102)),
        ({"000": counted(100)}, [0, 100, 101]),
        ({"000": counted(100), "all": counted(1)}, [100, 101]),
        ({"000": counted(100), "001": counted(1), "all": counted(1)}, [101]),
        ({"000": counted(100), "001": counted(2), "all": counted(1)}, [100]),
        ({"000": counted(100), "001": counted(2), "all": counted(2)}, [0]),
    ],
)
def test_who_tells_of_its_end_once_more_leads_to_all_being_counted(tallies: Any, untold: Any):
    found = {f"0000:1:{name}": tally for name, tally in tallies.items()}
    assert list(untold_items(0, "1", 102, found)) == list(untold)


def test_a_child_is_cancelled_by_its_parent_unless_somebody_restarted_it():
    parent = a_run(outbox=(OutboxEntry("CancelRequested", CancelChild("run")),))
    assert is_cancelled_by(parent, a_run())
    assert is_cancelled_by(parent, a_run(retried=2, job_retries=1, job_restarts=1))
    assert not is_cancelled_by(parent, a_run(retried=1))
    assert not is_cancelled_by(a_run(), a_run())


def test_one_of_many_children_is_cancelled_with_those_of_its_fork():
    command = CancelItems(0, "2", 0, 3)
    parent = a_run(outbox=(OutboxEntry("CancelRequested", command),))

    def child(item: int, fork: str = "2") -> JobRun:
        link = ParentLink(parent.request_id, parent.execution_id, "fork", "proof", item)
        return a_run(parent=link).evolve(request_id=parent.item_request_id(0, fork, item))

    assert is_cancelled_by(parent, child(2))
    assert not is_cancelled_by(parent, child(3))
    assert not is_cancelled_by(parent, child(2, fork="1"))


def member(amount: int, *, stint: int = 0, task: str = "", expires_at: Any = None) -> GateMember:
    who = Applicant("run", "exec", "job", stint, "rank", "proof", expires_at, task)
    return GateMember("place", who, amount)


GATE = type_gate("job")
HOLDS = {"phase": Phase.WALKING, "holds_slots": True}


@pytest.mark.parametrize(
    ("who", "run", "fault"),
    [
        (member(1), None, Stall.KEPT_SLOT),
        (member(0), None, Stall.DEAD_WAITER),
        (member(1), a_run(**HOLDS), None),
        (member(1), a_run(**HOLDS, stint=1), Stall.KEPT_SLOT),
        (member(1), a_run(phase=Phase.ENDED, stint=1), Stall.KEPT_SLOT),
        (member(1), a_run(phase=Phase.ENDED, stint=1, updated_at=NOW), None),
        (member(1), a_run(), None),
        (member(0), a_run(), None),
        (member(0), a_run(phase=Phase.WALKING, hold=Hold.SLOT), None),
        (member(0), a_run(**HOLDS), Stall.DEAD_WAITER),
        (member(0), a_run(stint=1), Stall.DEAD_WAITER),
        (member(1, task="work"), out("work"), None),
        (member(1, task="other"), out("work"), Stall.KEPT_SLOT),
        (member(0, task="work", stint=1), out("work"), None),
        (member(0, task="work", stint=7), out("work"), Stall.DEAD_WAITER),
        (member(1, expires_at=LONG_AGO), a_run(**HOLDS), None),
    ],
)
def test_slots_are_kept_and_places_in_line_too_only_for_who_has_a_use_for_them(who, run, fault):
    assert gate_fault(who, GATE, run, NOW) is fault


def test_a_lease_that_should_have_been_taken_back_long_ago_has_ended():
    device = resource_gate("device")
    run = a_run(**HOLDS)
    assert gate_fault(member(1, expires_at=LONG_AGO), device, run, NOW) is Stall.ENDED_LEASE
    assert gate_fault(member(1, expires_at=NOW), device, run, NOW) is None
