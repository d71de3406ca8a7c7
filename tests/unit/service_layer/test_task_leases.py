"""Tasks lease resources for themselves: before they are handed out, until they have ended."""

from dataclasses import replace

import pytest

from formicary.domain.commands import DispatchTask
from formicary.domain.events import PauseRequested
from formicary.domain.gates import Claim, applicant_name, resource_gate
from formicary.domain.job_resource import JobResource
from formicary.domain.states import RequestState
from formicary.domain.task_definition import BasicResource
from formicary.domain.task_lease import lease_stint
from formicary.domain.task_request import TaskMessage
from formicary.service_layer.choose_resource import choose_resource
from tests.unit.service_layer.engine_world import TENANT, Killer, Result, World

JOB = """
job_type: job
tasks:
- task_type: before
  method: SHELL
  script: [before]
  on_completed: leased
- task_type: leased
  method: SHELL
  retry: 1
  resources:
    resource_type: device
    extract_config: {properties: [Port]}
  script: [leased]
  on_completed: after
- task_type: after
  method: SHELL
  script: [after]
"""
GATE = resource_gate("r1")
OTHER = resource_gate("r2")


def device_world(  # type: ignore[no-untyped-def]
    outcomes=None, killer: Killer | None = None, lease_timeout: float = 0
) -> World:
    world = World(outcomes, killer)
    now = world.clock.now()
    device = JobResource(
        id="r1",
        resource_type="device",
        variables={"Port": "7"},
        lease_timeout_seconds=lease_timeout,
        created_at=now,
        updated_at=now,
    )
    world.gates.put_resource(TENANT, device)
    world.upload(JOB)
    return world


def handle_all(world: World) -> None:
    while world.handle_events():
        pass


def assert_free(world: World) -> None:
    gate = world.gates.find(TENANT, GATE)
    assert gate is not None
    assert gate.free == gate.limit
    assert not world.gates.line(TENANT, GATE, 9)
    assert not world.gates.holders(TENANT, GATE, 9)


def test_tasks_that_lease_the_same_follow_one_another_and_the_others_do_not_wait() -> None:
    world = device_world()
    for _ in range(3):
        world.submit("job")
    handle_all(world)
    for _ in range(3):
        world.work()
        handle_all(world)
    assert len(world.gates.line(TENANT, GATE, 9)) == 2

    world.settle()

    assert sorted(world.ran) == sorted([(task, 1) for task in ("before", "leased", "after")] * 3)
    assert_free(world)


def test_a_task_keeps_its_lease_over_its_retries() -> None:
    tries: list[int] = []

    def fails_first(message):  # type: ignore[no-untyped-def]
        if message.request.task_type != "leased":
            return Result()
        tries.append(message.attempt)
        return Result("1" if len(tries) == 1 else "0")

    world = device_world(fails_first)
    request = world.submit("job")
    world.settle()

    assert tries == [1, 2]
    assert world.run(request).state is RequestState.COMPLETED
    assert_free(world)


def with_leased_task_at_work(lease_timeout: float) -> tuple[World, str]:
    """One run holds the lease for a task that no ant takes; a second one waits for it."""
    world = device_world(lease_timeout=lease_timeout)
    first, _ = world.submit("job"), world.submit("job")
    handle_all(world)
    for _ in range(2):
        assert world.work()
    handle_all(world)
    assert [who.request_id for who in world.gates.holders(TENANT, GATE, 9)] == [first]
    return world, first


def test_a_lease_that_lasts_too_long_is_taken_back_and_the_task_goes_on() -> None:
    world, first = with_leased_task_at_work(lease_timeout=60)
    world.clock.advance(61)
    handle_all(world)

    assert [who.request_id for who in world.gates.holders(TENANT, GATE, 9)] != [first]
    assert "leased" in world.run(first).active
    world.settle()
    assert world.run(first).state is RequestState.COMPLETED
    assert_free(world)


def test_a_function_that_dies_between_taking_a_lease_back_and_waking_the_next_loses_nobody() -> (
    None
):
    world, first = with_leased_task_at_work(lease_timeout=60)
    name = applicant_name(first, "leased")
    held = world.gates.held(TENANT, GATE, name)
    assert held is not None
    assert world.gates.give_back(TENANT, [Claim(GATE, held.amount)], name, held.stint)
    world.clock.advance(61)
    handle_all(world)  # the event of the lease comes again

    assert [who.request_id for who in world.gates.holders(TENANT, GATE, 9)] not in ([], [first])


def test_a_lease_that_may_last_is_not_taken_back() -> None:
    world, first = with_leased_task_at_work(lease_timeout=0)
    world.clock.advance(10_000)
    handle_all(world)

    assert [who.request_id for who in world.gates.holders(TENANT, GATE, 9)] == [first]


def test_what_the_resource_tells_is_a_variable_of_the_task() -> None:
    told = []

    def listens(message):  # type: ignore[no-untyped-def]
        told.append(message.request.variables.get("Port"))
        return Result()

    world = device_world(listens)
    world.submit("job")
    world.settle()

    assert [value and value.value for value in told] == [None, "7", None]


def test_a_task_whose_resource_does_not_exist_fails_with_the_reason() -> None:
    world = device_world()
    world.gates.delete_resource(TENANT, "r1")
    request = world.submit("job")
    world.settle()

    failed = world.tasks(request)["leased"]
    assert failed.error_code == "ERR_VALIDATION"
    assert "device" in failed.error_message


def test_cancelling_a_run_whose_task_waits_takes_it_out_of_the_line() -> None:
    world = device_world()
    first, second = world.submit("job"), world.submit("job")
    handle_all(world)
    for _ in range(2):
        world.work()
        handle_all(world)
    world.cancel(second)
    handle_all(world)
    assert not world.gates.line(TENANT, GATE, 9)
    world.cancel(first)
    handle_all(world)

    assert_free(world)


def _story(killer: Killer) -> tuple[World, list[str]]:
    world = device_world(killer=killer)
    requests = [world.submit("job") for _ in range(3)]
    handle_all(world)
    world.work()
    handle_all(world)
    world.cancel(requests[0])
    world.settle()
    return world, requests


@pytest.mark.thorough
@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
def test_a_function_killed_at_any_call_loses_no_lease(before: bool) -> None:
    counting = Killer()
    _story(counting)
    for at in range(1, counting.calls + 1):
        world, requests = _story(Killer(at=at, before=before))
        states = [world.run(request).state for request in requests]
        assert states[1:] == [RequestState.COMPLETED] * 2, f"killed at call {at}"
        assert states[0].terminal, f"killed at call {at}"
        assert_free(world)


def _restarted_at_once(killer: Killer) -> World:
    """A run whose last task leases; it is restarted as soon as it has ended."""
    world = device_world(killer=killer)
    world.upload(JOB.partition("  on_completed: after")[0])
    request = world.submit("job")
    for _ in range(4):
        handle_all(world)
        world.work()
    if world.run(request).state.terminal:
        world.restart(request)
    world.settle()
    assert world.run(request).state is RequestState.COMPLETED
    return world


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
def test_a_restart_gives_back_what_a_function_that_died_had_not(before: bool) -> None:
    counting = Killer()
    _restarted_at_once(counting)
    for at in range(1, counting.calls + 1):
        assert_free(_restarted_at_once(Killer(at=at, before=before)))


def test_a_lease_is_not_given_back_for_an_earlier_attempt() -> None:
    world, first = with_leased_task_at_work(lease_timeout=0)
    run = world.run(first)
    stint = lease_stint(run, run.active["leased"].attempt)

    world.engine.performer.dispatcher.leases.give_back(run, "leased", stint - 1)
    assert [who.request_id for who in world.gates.holders(TENANT, GATE, 9)] == [first]
    world.engine.performer.dispatcher.leases.give_back(run, "leased", stint)
    assert not world.gates.holders(TENANT, GATE, 9)


def test_a_task_that_has_its_lease_stands_in_no_other_line_any_more() -> None:
    """Seed 110621 of the simulator: those behind it woke it, and it them, without end."""
    world = device_world()
    first = world.gates.find_resource(TENANT, "r1")
    assert first is not None
    world.gates.put_resource(TENANT, first.model_copy(update={"id": "r2"}))
    requests = [world.submit("job") for _ in range(4)]
    handle_all(world)
    for _ in requests:
        assert world.work()
    handle_all(world)
    waiting = [who for gate in (GATE, OTHER) for who in world.gates.line(TENANT, gate, 9)]
    for who in waiting:  # each had stood at the other one before
        for gate in (GATE, OTHER):
            world.gates.wait(TENANT, gate, who)
    for _ in range(3):
        assert world.work()
        handle_all(world)

    for gate in (GATE, OTHER):
        holders = {who.request_id for who in world.gates.holders(TENANT, gate, 9)}
        line = {who.request_id for who in world.gates.line(TENANT, gate, 9)}
        assert not holders & line
    granted = {who.request_id for g in (GATE, OTHER) for who in world.gates.holders(TENANT, g, 9)}
    in_line = {who.request_id for g in (GATE, OTHER) for who in world.gates.line(TENANT, g, 9)}
    assert not granted & in_line
    world.settle()
    assert [world.run(request).state for request in requests] == [RequestState.COMPLETED] * 4


def test_a_function_that_dispatches_too_late_keeps_no_lease_for_a_task_that_has_ended() -> None:
    world = device_world()
    request_id = world.submit("job")
    handle_all(world)
    world.work()
    handle_all(world)
    stalled = world.run(request_id)
    assert "leased" in stalled.active
    world.settle()
    ran = list(world.ran)
    engine = world._engine()
    here = engine.situations.of(stalled, world.clock.now())

    late = DispatchTask("leased", stalled.active["leased"].attempt)
    events = list(engine.performer.perform(stalled, here.parsed, here.graph, [late]))
    world.settle()

    assert (events, world.ran) == ([], ran)
    assert_free(world)


@pytest.mark.parametrize(
    ("leased", "chosen"), [((), "r2"), (("r1",), "r1"), (("r2",), "r2"), (("elsewhere",), "r2")]
)
def test_a_task_uses_what_its_job_has_leased_though_another_has_more_to_give(
    leased: tuple[str, ...], chosen: str
) -> None:
    gates = device_world().gates
    one = gates.find_resource(TENANT, "r1")
    assert one is not None
    gates.put_resource(TENANT, one.model_copy(update={"id": "r2", "quota": 3}))
    wanted = BasicResource(resource_type="device")

    of_job = {resource_gate(name) for name in leased}
    choice = choose_resource(gates, TENANT, wanted, leased=of_job)

    assert choice.claim.gate == resource_gate(chosen)


def test_a_place_left_behind_by_a_task_at_work_keeps_no_lease_from_the_next() -> None:
    world = device_world()
    first = world.gates.find_resource(TENANT, "r1")
    assert first is not None
    world.gates.put_resource(TENANT, first.model_copy(update={"id": "r2"}))
    requests = [world.submit("job") for _ in range(3)]
    handle_all(world)
    for _ in requests:
        assert world.work()
    handle_all(world)
    (gate,) = (name for name in (GATE, OTHER) if world.gates.line(TENANT, name, 9))
    (elsewhere,) = {GATE, OTHER} - {gate}
    (waiting,) = world.gates.line(TENANT, gate, 9)
    (holder,) = world.gates.holders(TENANT, gate, 9)
    (at_work,) = world.gates.holders(TENANT, elsewhere, 9)
    # A function that was late stood in line there, for an attempt that another one has followed.
    world.gates.wait(TENANT, gate, replace(at_work, stint=at_work.stint - 1))
    assert world.gates.line(TENANT, gate, 9)[1:] == [waiting]

    world.cancel(holder.request_id)
    handle_all(world)

    assert [who.name for who in world.gates.holders(TENANT, gate, 9)] == [waiting.name]


PAUSING = """
job_type: pausing
max_concurrency: 1
pause_time: 5s
tasks:
- task_type: leased
  method: SHELL
  resources: {resource_type: device}
  script: [leased]
  on_exit_code:
    "7": PAUSE_JOB
"""


def test_a_paused_run_keeps_no_lease_from_the_run_that_has_its_slot() -> None:
    """Seed 32281 of the simulator: each waited for what the other had."""
    tries: list[str] = []

    def pauses_first(message: TaskMessage) -> Result:
        tries.append(message.request.job_request_id)
        return Result("7" if tries.count(tries[-1]) == 1 else "0")

    world = device_world(pauses_first)
    world.upload(PAUSING)
    requests = [world.submit("pausing") for _ in range(3)]

    world.settle()

    assert {world.run(request).state for request in requests} == {RequestState.COMPLETED}
    assert len(tries) == 6
    assert_free(world)


def test_a_function_that_dispatches_too_late_keeps_no_lease_for_a_run_that_is_paused() -> None:
    world = device_world(lambda _: Result("7"))
    world.upload(PAUSING)
    request = world.submit("pausing")
    handle_all(world)
    stalled = world.run(request)
    world.work()
    handle_all(world)
    assert world.run(request).state is RequestState.PAUSED
    here = world.engine.situations.of(stalled, world.clock.now())

    late = DispatchTask("leased", 1)
    list(world.engine.performer.perform(stalled, here.parsed, here.graph, [late]))

    assert_free(world)
    assert not world.work()


AWAITING = """
job_type: awaiting
tasks:
- task_type: fork
  method: FORK_JOB
  fork_job_type: failing
  on_completed: wait
- task_type: wait
  method: AWAIT_FORKED_JOB
  await_forked_tasks: [fork]
- task_type: tidy
  method: SHELL
  always_run: true
  resources: {resource_type: device}
  script: [tidy]
"""
FAILING = """
job_type: failing
tasks:
- task_type: fails
  method: SHELL
  script: [fails]
"""


def test_a_clean_up_has_its_lease_though_the_walk_ended_in_a_pause() -> None:
    """Seed 36051 of the simulator."""
    world = device_world(lambda message: Result("0" if "tidy" in message.task_key else "1"))
    world.upload(AWAITING)
    world.upload(FAILING)
    request = world.submit("awaiting")
    handle_all(world)
    world.tell(world.run(request), PauseRequested(after=0))
    handle_all(world)
    assert world.run(request).state is RequestState.PAUSED

    world.settle()

    assert world.run(request).state is RequestState.FAILED
    assert ("tidy", 1) in world.ran
    assert_free(world)
