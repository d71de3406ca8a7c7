"""Stories that the simulator found: an answer or an event is lost between two steps of a fork."""

import contextlib

from formicary.adapters.memory.in_memory_run_repository import InMemoryRunRepository
from formicary.domain.errors import ConcurrentUpdateError
from formicary.domain.job_run import JobRun
from formicary.domain.states import RequestState, TaskMark
from tests.unit.service_layer.engine_jobs import CHILD, PARENT
from tests.unit.service_layer.engine_world import FunctionKilledError, Killer, World


class RepeatedSave(InMemoryRunRepository):
    """The n-th save is stored, but the client asks again and hears that it comes too late."""

    def __init__(self, at: int) -> None:
        super().__init__()
        self.at = at
        self.saves = 0

    def save(self, run: JobRun) -> JobRun:
        saved = super().save(run)
        self.saves += 1
        if self.saves == self.at:
            raise ConcurrentUpdateError
        return saved


def test_a_save_that_is_stored_but_not_answered_loses_no_command() -> None:
    for at in range(1, 40):
        world = World()
        world.runs = RepeatedSave(at)
        world.engine = world._engine()
        world.upload(CHILD)
        world.upload(PARENT)
        request = world.submit("encode-all", Name="film")
        world.settle()
        assert world.run(request).state is RequestState.COMPLETED, f"save {at}"
        if world.runs.saves < at:
            return
    raise AssertionError("the story is longer than the test thinks")


def test_a_child_whose_fork_was_cancelled_before_it_was_told_of_does_not_wait_for_ever() -> None:
    for at in range(1, 40):
        killer = Killer(at=at)
        world = World(killer=killer)
        world.upload(CHILD)
        world.upload(PARENT)
        request = world.submit("encode-all", Name="film")
        world.handle_events()
        if killer.calls < at:
            assert at > 5
            return
        world.cancel(request)
        world.settle()
        run = world.run(request)
        assert run.state is RequestState.CANCELLED
        assert TaskMark.ACTIVE not in run.marks
        for child in world.runs.list_runs("acme", job_type="encode").records:
            assert child.state is RequestState.CANCELLED, f"killed at call {at}"
    raise AssertionError("the story is longer than the test thinks")


ONE_CHILD = """
job_type: encode-one
tasks:
- task_type: fork
  method: FORK_JOB
  fork_job_type: encode
  variables: {Part: "1"}
  on_completed: wait
- task_type: wait
  method: AWAIT_FORKED_JOB
  await_forked_tasks: [fork]
"""


def test_a_claim_that_ends_the_job_and_dies_is_made_good_when_it_is_asked_again() -> None:
    for before in (True, False):
        for call in range(1, 12):
            killer = Killer(before=before)
            world = World(killer=killer)
            world.upload(CHILD)
            world.upload(ONE_CHILD)
            request = world.submit("encode-one")
            while world.handle_events():
                pass
            _lose_ten_ants(world)
            killer.at = killer.calls + call
            with contextlib.suppress(FunctionKilledError):
                _lose_an_ant(world)
            killer.at = 0
            world.clock.advance(31)
            world.settle()
            assert world.run(request).state is RequestState.FAILED, f"killed at call {call}"


def _lose_ten_ants(world: World) -> None:
    for _ in range(11):
        _lose_an_ant(world)


def _lose_an_ant(world: World) -> None:
    """Have one task received and claimed by an ant that is never heard of again."""
    got = world.receive_task()
    assert got is not None
    if got[1].receive_count > 1:
        world._claimed(got[1].message)
    world.clock.advance(31)
