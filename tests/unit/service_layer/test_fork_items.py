"""A FORK_JOB task with `fork_items` forks a child for each, and the parent goes on by counts."""

from collections.abc import Callable
from typing import Any

import pytest

from formicary.domain.fork_items import BATCH, PAGE
from formicary.domain.job_run import JobRun
from formicary.domain.messages import EventMessage
from formicary.domain.states import ChildMark, RequestState
from formicary.domain.task_request import TaskMessage
from tests.unit.service_layer.engine_world import (
    TENANT,
    FunctionKilledError,
    Killer,
    Result,
    World,
)

CHILD = """
job_type: resize
required_params: [Picture]
tasks:
- task_type: resize
  method: SHELL
  script: ["resize {{.Picture}} {{.Number}}"]
"""
PARENT = """
job_type: album
tasks:
- task_type: fork
  method: FORK_JOB
  fork_job_type: resize
  fork_items: |
    {{range .Pictures}}{{println .}}{{end}}
  variables: {Picture: "{{.Item}}", Number: "{{.ItemIndex}}"}
  on_completed: wait
- task_type: wait
  method: AWAIT_FORKED_JOB
  await_forked_tasks: [fork]
  on_completed: publish
- task_type: publish
  method: SHELL
  script: ["publish {{.fork.ForkedJobCount}} of which {{.fork.ForkedJobFailedCount}} failed"]
"""


def world_with(parent: str = PARENT, outcome: Any = None) -> World:
    world = World(outcome)
    world.upload(CHILD)
    world.upload(parent)
    return world


def children_of(world: World, request: str) -> list[JobRun]:
    run = world.run(request)
    found = [
        world.runs.find(TENANT, run.item_request_id(0, run.forks[0], item))
        for item in range(run.fans[0].total)
    ]
    return [child for child in found if child is not None]


def names(count: int) -> list[str]:
    return [f"p{number}.png" for number in range(count)]


@pytest.mark.parametrize("count", [1, BATCH, BATCH + 1, PAGE, PAGE + 1, 2 * PAGE + 7])
def test_a_child_is_forked_for_each_item_and_all_are_awaited(count: int) -> None:
    world = world_with()
    request = world.submit("album", Pictures=names(count))

    world.settle(limit=20_000)

    run = world.run(request)
    assert run.state is RequestState.COMPLETED
    assert run.fans[0].forked == run.fans[0].completed == count
    children = children_of(world, request)
    assert [child.params["Picture"] for child in children] == names(count)
    assert [child.params["Number"] for child in children] == [str(n) for n in range(count)]
    assert all(child.state is RequestState.COMPLETED for child in children)
    assert len(world.ran) == count + 1


def test_without_items_the_fork_task_completes_at_once() -> None:
    world = world_with()
    request = world.submit("album", Pictures=[])

    world.settle()

    assert world.run(request).state is RequestState.COMPLETED
    assert world.ran == [("publish", 1)]


def test_what_follows_sees_the_counts() -> None:
    scripts: list[str] = []

    def outcome(message: TaskMessage) -> Result:
        scripts.extend(message.request.script)
        return Result("9" if message.request.script == ["resize p1.png 1"] else "0")

    text = PARENT.replace("on_completed: publish", "on_completed: publish\n  on_failed: publish")
    world = world_with(text, outcome)
    world.submit("album", Pictures=names(3))

    world.settle()

    assert "publish 3 of which 1 failed" in scripts


def failing(*numbers: int) -> Any:
    wanted = {f"resize p{number}.png {number}" for number in numbers}

    def outcome(message: TaskMessage) -> Result:
        return Result("9") if wanted & set(message.request.script) else Result()

    return outcome


def test_an_await_fails_when_any_child_failed_and_names_the_first() -> None:
    world = world_with(outcome=failing(1, 4, 5, 8))
    request = world.submit("album", Pictures=names(10))

    world.settle()

    run = world.run(request)
    assert run.state is RequestState.FAILED
    assert run.error_code == "ERR_CHILD_FAILED"
    assert run.error_message.startswith("of 10 children forked by fork 4 failed: item 1 (job ")
    assert "; item 4 (job " in run.error_message
    assert "; item 5 (job " in run.error_message
    assert "item 8" not in run.error_message
    assert run.fans[0].completed == 6
    assert run.child(0) is ChildMark.FAILED


class Broken:
    """Fails the children of some items, as long as they are broken; notes who ran."""

    def __init__(self, *numbers: int) -> None:
        self.numbers = set(numbers)
        self.ran: list[int] = []

    def __call__(self, message: TaskMessage) -> Result:
        name, *rest = message.request.script[0].split()
        if name != "resize":
            return Result()
        self.ran.append(int(rest[-1]))
        return Result("9" if self.ran[-1] in self.numbers else "0", artifacts=("out.png",))


def test_a_restart_forks_for_the_items_whose_children_did_not_complete() -> None:
    broken = Broken(1, BATCH + 3, PAGE + 2)
    world = world_with(outcome=broken)
    request = world.submit("album", Pictures=names(PAGE + 5))
    world.settle(limit=20_000)
    assert world.run(request).fans[0].failed == 3
    broken.ran, broken.numbers = [], {BATCH + 3}

    world.restart(request)
    world.settle(limit=20_000)
    run = world.run(request)
    assert broken.ran == [1, BATCH + 3, PAGE + 2]
    assert (run.fans[0].completed, run.fans[0].failed) == (PAGE + 4, 1)
    assert run.error_message.startswith("of 105 children forked by fork 1 failed: item 28 (job ")
    broken.ran, broken.numbers = [], set()

    world.restart(request)
    world.settle(limit=20_000)
    run = world.run(request)
    assert broken.ran == [BATCH + 3]
    assert (run.state, run.fans[0].completed) == (RequestState.COMPLETED, PAGE + 5)
    assert len(children_of(world, request)) == 1


def test_a_hard_restart_forks_again_for_all_items() -> None:
    broken = Broken(1)
    world = world_with(outcome=broken)
    request = world.submit("album", Pictures=names(3))
    world.settle()
    first = {child.request_id for child in children_of(world, request)}
    broken.numbers = set()

    world.restart(request, hard=True)
    world.settle()

    assert world.run(request).state is RequestState.COMPLETED
    second = {child.request_id for child in children_of(world, request)}
    assert len(second) == 3
    assert not first & second


def test_retry_of_the_job_forks_for_the_items_that_failed() -> None:
    broken = Broken(1)
    world = world_with(PARENT.replace("tasks:", "retry: 1\ntasks:", 1), broken)
    request = world.submit("album", Pictures=names(4))

    world.settle()

    assert broken.ran == [0, 1, 2, 3, 1]
    assert world.run(request).state is RequestState.FAILED


def test_artifacts_of_children_that_a_restart_keeps_are_handed_on() -> None:
    handed: list[str] = []
    broken = Broken(1)

    def outcome(message: TaskMessage) -> Result:
        handed.extend(artifact.path for artifact in message.dependencies)
        return broken(message)

    world = world_with(outcome=outcome)
    with_artifacts(world)
    request = world.submit("album", Pictures=names(3))
    world.settle()
    broken.numbers = set()
    for _ in range(2):
        world.restart(request)
        world.settle()

    assert world.run(request).state is RequestState.COMPLETED
    assert sorted(handed) == ["fork/0/out.png", "fork/1/out.png", "fork/2/out.png", "out.png"]


def test_a_restart_after_a_cancel_keeps_the_children_that_had_completed() -> None:
    broken = Broken()
    world = world_with(outcome=broken)
    request = world.submit("album", Pictures=names(6))
    while world.handle_events():
        pass
    world.work()
    world.work()
    while world.handle_events():
        pass
    world.cancel(request)
    world.settle()
    assert world.run(request).state is RequestState.CANCELLED
    broken.ran = []

    world.restart(request)
    world.settle()

    assert world.run(request).state is RequestState.COMPLETED
    assert sorted(broken.ran) == [2, 3, 4, 5]


def test_more_than_ten_thousand_items_fail_the_task_before_anything_is_forked() -> None:
    text = PARENT.replace(
        "{{range .Pictures}}{{println .}}{{end}}", "{{range Iterate 10000}}{{println .}}{{end}}one"
    )
    world = world_with(text)
    request = world.submit("album")

    world.settle()

    run = world.run(request)
    assert run.state is RequestState.FAILED
    assert run.error_code == "ERR_VALIDATION"
    assert run.error_message == "fork_items has 10,001 items, and 10,000 are allowed"
    assert world.runs.list_runs(TENANT, job_type="resize").total == 0


@pytest.mark.parametrize("at", [0, 1, 30, BATCH - 1, BATCH])
def test_an_item_that_cannot_be_forked_fails_the_task_and_cancels_the_others(at: int) -> None:
    pictures = names(60)
    pictures[at] = "none"
    text = PARENT.replace(
        'Picture: "{{.Item}}"', 'Picture: "{{if ne .Item `none`}}{{.Item}}{{end}}"'
    )
    world = world_with(text)
    request = world.submit("album", Pictures=pictures)

    world.settle()

    run = world.run(request)
    assert run.state is RequestState.FAILED
    assert run.error_code == "ERR_FORK_FAILED"
    assert run.error_message == f"item {at}: resize needs 'Picture' in params."
    assert {child.state for child in children_of(world, request)} <= {
        RequestState.CANCELLED,
        RequestState.COMPLETED,
    }


def test_items_may_be_a_list_of_maps() -> None:
    text = PARENT.replace(
        "fork_items: |\n    {{range .Pictures}}{{println .}}{{end}}",
        "fork_items:\n  - {name: a, sizes: [1, 2]}\n  - {name: '{{.Second}}'}",
    ).replace("{{.Item}}", "{{.Item.name}}")
    world = world_with(text)
    request = world.submit("album", Second="b")

    world.settle()

    assert [child.params["Picture"] for child in children_of(world, request)] == ["a", "b"]
    assert world.run(request).state is RequestState.COMPLETED


def test_items_may_be_json() -> None:
    text = PARENT.replace("{{range .Pictures}}{{println .}}{{end}}", "{{.Json}}")
    text = text.replace("{{.Item}}", "{{.Item.name}}")
    world = world_with(text)
    request = world.submit("album", Json='[{"name": "a"}, {"name": "b"}]')

    world.settle()

    assert [child.params["Picture"] for child in children_of(world, request)] == ["a", "b"]


def test_a_text_that_is_no_json_says_so() -> None:
    world = world_with(PARENT.replace("{{range .Pictures}}{{println .}}{{end}}", "{{.Pictures}}"))
    request = world.submit("album", Pictures=names(2))

    world.settle()

    run = world.run(request)
    assert run.error_code == "ERR_VALIDATION"
    assert run.error_message.startswith("fork_items begins as a JSON list, and is none, line 1")


@pytest.mark.parametrize("steps", range(0, 40, 3))
def test_a_cancel_ends_all_children(steps: int) -> None:
    world = world_with()
    request = world.submit("album", Pictures=names(60))
    for _ in range(steps):
        world.handle_events()
    world.cancel(request)

    world.settle(limit=20_000)

    assert world.run(request).state is RequestState.CANCELLED
    found = world.runs.list_runs(TENANT, job_type="resize", limit=100).records
    assert {child.state for child in found} <= {RequestState.CANCELLED}


QUICK_CHILD = """
job_type: resize
skip_if: true
tasks:
- task_type: resize
  method: SHELL
  script: [resize]
"""


class ParentsCalls(Killer):
    """Counts the calls of the events of a parent, of its children's ends only a few."""

    counts: bool = False
    taken: int = 0

    def reached(self) -> bool:
        return self.counts and super().reached()


class WatchedWorld(World):
    """A world that tells its killer whose event is handled."""

    parent = ""
    message: EventMessage | None = None

    def handle_events(self) -> bool:
        received = self.events.receive()
        for got in received:
            message = self.message = got.message
            ends = message.kind == "ChildFinished"
            few = not ends or message.event["item"] in (0, 1, BATCH)
            self.killer.counts = message.request_id == self.parent and few
            try:
                self.engine.handle(message)
            except FunctionKilledError:
                continue
            self.events.delete(got.receipt)
        return bool(received)


def album(killer: Killer, child: str = QUICK_CHILD) -> WatchedWorld:
    world = WatchedWorld(killer=killer)
    world.upload(child)
    world.upload(PARENT)
    world.parent = world.submit("album", Pictures=names(BATCH + 2))
    return world


@pytest.mark.thorough
@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
def test_a_parent_whose_function_dies_at_any_call_ends_the_same(before: bool) -> None:
    counting = ParentsCalls()
    album(counting).settle(limit=20_000)
    assert counting.calls > BATCH

    for at in range(1, counting.calls + 1):
        world = album(ParentsCalls(at=at, before=before))
        world.settle(limit=20_000)

        run = world.run(world.parent)
        assert run.state is RequestState.COMPLETED, f"killed at call {at}"
        assert run.fans[0].completed == BATCH + 2
        found = world.runs.list_runs(TENANT, job_type="resize", limit=100)
        assert found.total == BATCH + 2
        assert all(child.state is RequestState.COMPLETED for child in found.records)


@pytest.mark.thorough
@pytest.mark.parametrize("steps", [3, 20])
@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
def test_a_cancel_leaves_no_child_behind_though_a_function_dies(before: bool, steps: int) -> None:
    """A wish whose function died comes again; the job may have completed by then."""

    def cancelled(killer: Killer) -> WatchedWorld:
        world = album(killer, child=CHILD)
        for _ in range(steps):
            world.handle_events()
        world.cancel(world.parent)
        world.settle(limit=20_000)
        return world

    counting = ParentsCalls()
    world = cancelled(counting)
    assert world.run(world.parent).state is RequestState.CANCELLED
    ends = set()
    for at in range(1, counting.calls + 1):
        world = cancelled(ParentsCalls(at=at, before=before))
        ends.add(world.run(world.parent).state)
        found = world.runs.list_runs(TENANT, job_type="resize", limit=100).records
        assert all(child.state.terminal for child in found), f"killed at call {at}"
    assert ends <= {RequestState.CANCELLED, RequestState.COMPLETED}
    assert RequestState.CANCELLED in ends


class Rivalry(ParentsCalls):
    """Lets another engine go first at one call of the parent's."""

    rival: Callable[[], None] | None = None

    def wrap(self, port: Any) -> Any:
        return _Contested(port, self)

    def give_way(self) -> None:
        assert self.rival is not None
        before, self.counts = self.counts, False
        self.rival()
        self.counts = before


class _Contested:
    def __init__(self, port: Any, rivalry: Rivalry) -> None:
        self._port, self._rivalry = port, rivalry

    def __getattr__(self, name: str) -> Any:
        method, rivalry = getattr(self._port, name), self._rivalry

        def call(*args: Any, **kwargs: Any) -> Any:
            if rivalry.reached():
                rivalry.give_way()
            return method(*args, **kwargs)

        return call


def contested(rivalry: Rivalry, *, goes_on: bool, cancels: bool = False) -> WatchedWorld:
    """Play an album; the rival takes the same event, and perhaps all that follows from it."""
    world = album(rivalry, QUICK_CHILD)
    other = world._engine()

    def take() -> None:
        rivalry.taken += 1
        if cancels:
            world.cancel(world.parent)
        assert world.message is not None
        other.handle(world.message)
        received = world.events.receive(100) if goes_on else []
        while received:
            for got in received:
                other.handle(got.message)
                world.events.delete(got.receipt)
            received = world.events.receive(100)

    rivalry.rival = take
    world.settle(limit=20_000)
    return world


@pytest.mark.thorough
@pytest.mark.parametrize("goes_on", [False, True], ids=["the same event", "all that follows"])
def test_two_engines_at_one_fan_fork_and_count_each_child_once(goes_on: bool) -> None:
    counting = ParentsCalls()
    album(counting).settle(limit=20_000)

    for at in range(1, counting.calls + 1):
        rivalry = Rivalry(at=at)
        world = contested(rivalry, goes_on=goes_on)

        assert rivalry.taken == 1
        run = world.run(world.parent)
        assert run.state is RequestState.COMPLETED, f"raced at call {at}"
        assert (run.fans[0].forked, run.fans[0].completed) == (BATCH + 2, BATCH + 2)
        found = world.runs.list_runs(TENANT, job_type="resize", limit=100)
        assert found.total == BATCH + 2
        assert all(child.state is RequestState.COMPLETED for child in found.records)
        # An event that is taken twice may send what it leads to twice, as the same attempt.
        assert world.ran in ([("publish", 1)], [("publish", 1)] * 2), f"raced at call {at}"


@pytest.mark.thorough
def test_a_cancel_that_another_engine_takes_meanwhile_leaves_no_child_behind() -> None:
    counting = ParentsCalls()
    album(counting).settle(limit=20_000)

    ends = set()
    for at in range(1, counting.calls + 1):
        world = contested(Rivalry(at=at), goes_on=True, cancels=True)

        ends.add(world.run(world.parent).state)
        found = world.runs.list_runs(TENANT, job_type="resize", limit=100).records
        assert all(child.state.terminal for child in found), f"raced at call {at}"
    assert ends == {RequestState.CANCELLED, RequestState.COMPLETED}


@pytest.mark.thorough
@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
def test_a_fork_that_goes_on_ends_the_same_though_a_function_dies(before: bool) -> None:
    def restarted(killer: Killer) -> WatchedWorld:
        world = WatchedWorld(Broken(1, BATCH + 1), killer)
        world.upload(CHILD)
        world.upload(PARENT)
        world.parent = world.submit("album", Pictures=names(BATCH + 2))
        at, killer.at = killer.at, 0
        world.settle(limit=20_000)
        assert world.run(world.parent).fans[0].failed == 2
        world.outcomes = Broken()
        killer.calls, killer.at = 0, at
        world.restart(world.parent)
        world.settle(limit=20_000)
        return world

    counting = ParentsCalls()
    restarted(counting)
    for at in range(1, counting.calls + 1):
        world = restarted(ParentsCalls(at=at, before=before))

        run = world.run(world.parent)
        assert run.state is RequestState.COMPLETED, f"killed at call {at}"
        assert (run.fans[0].forked, run.fans[0].completed) == (BATCH + 2, BATCH + 2)
        found = world.runs.list_runs(TENANT, job_type="resize", limit=100)
        assert found.total == BATCH + 4


def with_artifacts(world: World) -> None:
    """Let what is published need the files of the children."""
    world.upload(
        PARENT.replace("- task_type: publish", "- task_type: publish\n  dependencies: [wait]")
    )


def test_artifacts_of_the_children_are_handed_on_in_folders() -> None:
    handed: list[str] = []

    def outcome(message: TaskMessage) -> Result:
        handed.extend(artifact.path for artifact in message.dependencies)
        return Result(artifacts=("out.png",))

    world = world_with(outcome=outcome)
    with_artifacts(world)
    world.submit("album", Pictures=names(3))

    world.settle()

    assert sorted(handed) == ["fork/0/out.png", "fork/1/out.png", "fork/2/out.png", "out.png"]


def test_artifacts_of_too_many_children_fail_the_task() -> None:
    world = world_with()
    with_artifacts(world)
    request = world.submit("album", Pictures=names(PAGE + 1))

    world.settle(limit=20_000)

    run = world.run(request)
    assert run.error_code == "ERR_VALIDATION"
    assert run.error_message.startswith("fork has forked 101 children")


def test_so_many_children_run_at_once_as_may() -> None:
    world = world_with(PARENT.replace("variables:", "fork_max_parallel: 3\n  variables:"))
    request = world.submit("album", Pictures=names(12))
    most = 0
    while not world.run(request).state.terminal:
        while world.handle_events():
            pass
        states = (
            [child.state for child in children_of(world, request)]
            if world.run(request).fans
            else []
        )
        most = max(most, states.count(RequestState.EXECUTING))
        world.work()

    assert most == 3
    assert world.run(request).state is RequestState.COMPLETED


@pytest.mark.parametrize("changed", [b"", b"[", b'{"a": 1}', b'["one"]', b"[]", b"\xff", None])
def test_items_that_were_changed_meanwhile_fail_the_task_and_say_so(changed: bytes | None) -> None:
    world = world_with()
    request = world.submit("album", Pictures=names(BATCH + 5))
    while request not in pages_by_run(world):
        assert world.handle_events()
    (page,) = pages_by_run(world)[request]
    if changed is None:
        world.objects.delete([page])
    else:
        world.objects.put(page, changed, "application/json")

    world.settle()

    run = world.run(request)
    assert (run.state, run.error_code) == (RequestState.FAILED, "ERR_FORK_FAILED")
    assert run.error_message.endswith(": restart the job")
    assert {child.state for child in children_of(world, request)} <= {RequestState.CANCELLED}


def pages_by_run(world: World) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for key in world.objects.list_keys(f"t/{TENANT}/r/"):
        if "/items/" in key:
            found.setdefault(key.split("/items/")[0].rpartition("/")[2], []).append(key)
    return found


def test_an_await_that_ends_as_soon_as_the_job_is_retried_has_its_outcome_in_that_execution() -> (
    None
):
    impatient = PARENT.replace("await_forked_tasks", "timeout: 5s\n  await_forked_tasks")
    world = world_with(f"{impatient}\nretry: 1\ndelay_between_retries: 10m\n")
    request = world.submit("album", Pictures=names(2))
    while world.handle_events():
        pass
    world.clock.advance(6)
    world.settle()

    run = world.run(request)
    assert (run.state, run.retried) == (RequestState.COMPLETED, 1)
    assert world.tasks(request)["wait"].status is RequestState.COMPLETED


KEPT = """
job_type: kept
max_concurrency: 1
tasks:
- task_type: fork
  method: FORK_JOB
  fork_job_type: resize
  fork_items: [one, two]
  variables: {Picture: one, Number: "1"}
  on_completed: check
- task_type: check
  method: SHELL
  script: [check]
  on_completed: wait
- task_type: wait
  method: AWAIT_FORKED_JOB
  await_forked_tasks: [fork]
"""


def handle_all(world: World) -> None:
    while world.handle_events():
        pass


@pytest.mark.parametrize("text", [KEPT, KEPT.replace("  fork_items: [one, two]\n", "")])
def test_a_restarted_job_that_is_cancelled_before_it_begins_cancels_the_children_it_kept(
    text: str,
) -> None:
    world = world_with(text)
    request = world.submit("kept")
    handle_all(world)
    while taken := world.receive_task():
        if taken[1].message.request.task_type == "check":
            world.report(taken[1].message, Result("1"))
    handle_all(world)
    # Another job takes the slot before the first one is restarted.
    other = world.submit("kept")
    handle_all(world)
    world.restart(request)
    handle_all(world)
    world.cancel(request)
    handle_all(world)

    run = world.run(request)
    assert (run.state, run.retried) == (RequestState.CANCELLED, 1)
    assert world.run(other).state is RequestState.EXECUTING
    ids = [run.item_request_id(0, run.forks[0], item) for item in range(2)]
    children = [world.run(one) for one in (ids if run.fans else [run.child_request_id(0)])]
    assert {child.state for child in children} == {RequestState.CANCELLED}
