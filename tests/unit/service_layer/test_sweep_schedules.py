"""The sweep over schedules: what was never made is made, what waits astray ends, the rest stays."""

from collections.abc import Callable
from dataclasses import fields
from functools import partial
from typing import Any

import pytest

from formicary.adapters.memory.in_memory_dead_letters import InMemoryDeadLetters
from formicary.adapters.memory.in_memory_event_bus import InMemoryEventBus
from formicary.adapters.memory.in_memory_object_store import InMemoryObjectStore
from formicary.adapters.memory.in_memory_socket_ants import InMemorySocketAnts
from formicary.adapters.memory.in_memory_told_ends import InMemoryToldEnds
from formicary.domain.housekeeping import Chore
from formicary.service_layer.handle_event import Engine
from formicary.service_layer.keep_house import HouseKeeper
from tests.unit.lambdas.api_play import HELLO
from tests.unit.lambdas.job_play import JobPlay
from tests.unit.lambdas.test_schedules_over_http import (
    AT_ONE,
    HOURLY,
    at,
    let_time_pass,
    pending,
    requests,
)

HALF_PAST_TWO = at(2, 30)
# No ant and no stream are played here.
_OTHERS = ("lost_tasks", "untold_ends")


class DiedError(BaseException):
    """The function died for good: nothing tries again."""


class DiesAt:
    """A port whose call of one name is the end of the function."""

    def __init__(self, port: Any, name: str) -> None:
        self._port = port
        self._name = name

    def __getattr__(self, name: str) -> Any:
        if name == self._name:
            raise DiedError(name)
        return getattr(self._port, name)


@pytest.fixture
def play() -> JobPlay:
    return JobPlay()


def kept(play: JobPlay) -> dict[str, int]:
    """Keep house once; return what was mended."""
    plane: Any = play.plane
    keeper = HouseKeeper(
        plane.tokens,
        plane.definitions,
        plane.runs,
        plane.runs,
        InMemoryObjectStore(),
        plane.events,
        InMemoryDeadLetters(plane.events, []),
        plane.clock,
        plane.ants,
        InMemorySocketAnts(),
        plane.gates,
        plane.task_queues,
        InMemoryEventBus(),
        InMemoryToldEnds(),
        plane.ids,
    )
    chore = Chore(tenant=play.tenant)
    while not chore.done:
        chore = Chore.model_validate_json(keeper.do(chore).model_dump_json())
    play.settle()
    return {kind: n for kind, n in chore.mended.items() if kind not in _OTHERS}


def engine_dies_at(play: JobPlay, **ports: str) -> None:
    """Let the occurrence of one o'clock begin, and the engine die at a call for good."""
    play.settle()
    whole = play.engine
    given = {f.name: getattr(whole, f.name) for f in fields(Engine) if f.init}
    dying = {name: DiesAt(given[name], call) for name, call in ports.items()}
    engine = Engine(**given | dying)
    play.clock.advance_to(at(1))
    events: Any = play.plane.events
    (got,) = events.receive(10)
    with pytest.raises(DiedError):
        engine.handle(got.message)
    events.delete(got.receipt)
    play.settle()


def api_dies_at(play: JobPlay, call: str, act: Callable[[], object]) -> None:
    """Let somebody use the API, whose function dies at a call, and never try again."""
    whole = play.plane
    play.put_in_place(definitions=DiesAt(whole.definitions, call))
    with pytest.raises(DiedError):
        act()
    play.put_in_place(definitions=whole.definitions)


@pytest.mark.parametrize("dies_at", [{"definitions": "save_schedule"}, {"runs": "create"}])
@pytest.mark.parametrize(
    ("catch_up", "begun"),
    [("once", ["01", "02"]), ("all", ["01", "02", "03", "04"]), ("none", ["01"])],
)
def test_a_schedule_whose_next_occurrence_was_not_made_goes_on_as_it_says(
    play: JobPlay, catch_up: str, begun: list[str], dies_at: dict[str, str]
) -> None:
    play.define(HOURLY.replace("description:", f"cron_catch_up: {catch_up}\ndescription:"))
    engine_dies_at(play, **dies_at)
    assert pending(play) == []
    let_time_pass(play, at(4, 30))

    assert kept(play) == {"lost_schedules": 1}

    assert [run["scheduled_at"][11:13] for run in requests(play, "EXECUTING")] == begun
    assert pending(play) == ["2026-01-01T05:00:00Z"]
    assert kept(play) == {}


def test_what_is_under_way_is_left_alone(play: JobPlay) -> None:
    play.define(HOURLY)
    engine_dies_at(play, definitions="save_schedule")
    let_time_pass(play, at(1, 29))

    assert kept(play) == {}
    assert pending(play) == []


def test_a_schedule_that_waits_for_its_time_is_none_that_is_lost(play: JobPlay) -> None:
    play.define(HOURLY.replace("0 * * * *", "0 0 1 6 *"))
    play.define(HELLO.replace("hello", "by-hand"))
    let_time_pass(play, at(20))

    assert kept(play) == {}
    assert pending(play) == ["2026-06-01T00:00:00Z"]


@pytest.mark.parametrize("call", ["find_schedule", "save_schedule"])
def test_a_schedule_that_an_upload_did_not_make_is_made(play: JobPlay, call: str) -> None:
    api_dies_at(play, call, lambda: play.define(HOURLY))
    assert kept(play) == {}
    let_time_pass(play, HALF_PAST_TWO)

    assert kept(play) == {"lost_schedules": 1}

    assert pending(play) == ["2026-01-01T03:00:00Z"]
    assert kept(play) == {}


def test_a_schedule_that_an_upload_did_not_end_is_ended(play: JobPlay) -> None:
    play.define(HOURLY)
    api_dies_at(play, "find_schedule", lambda: play.define(HELLO))
    play.clock.advance_to(at(0, 45))
    assert pending(play) == [AT_ONE]

    assert kept(play)["lost_schedules"] == 1

    assert pending(play) == []
    assert kept(play) == {}


def test_the_occurrence_of_a_type_that_is_gone_ends(play: JobPlay) -> None:
    play.define(HOURLY)
    play.settle()

    def delete() -> None:
        play.call("DELETE", "/api/jobs/definitions/hello")

    api_dies_at(play, "find_schedule", delete)
    play.clock.advance_to(at(0, 45))

    assert kept(play) == {"stray_occurrences": 1}

    let_time_pass(play, HALF_PAST_TWO)
    assert pending(play) == requests(play, "EXECUTING") == []
    assert kept(play) == {}


def test_an_occurrence_that_its_schedule_knows_no_more_ends(play: JobPlay) -> None:
    play.define(HOURLY)
    play.define(HOURLY.replace("0 * * * *", "0 0 1 6 *"))
    events: Any = play.plane.events
    for got in events.receive(10):
        if got.message.kind != "CancelRequested":
            play.engine.handle(got.message)
        events.delete(got.receipt)
    play.clock.advance_to(at(0, 45))
    assert pending(play) == [AT_ONE, "2026-06-01T00:00:00Z"]

    assert kept(play) == {"stray_occurrences": 1}

    assert pending(play) == ["2026-06-01T00:00:00Z"]
    assert kept(play) == {}


def test_an_occurrence_that_was_restarted_is_left_alone(play: JobPlay) -> None:
    play.define(HOURLY.replace("description:", "max_concurrency: 1\ndescription:"))
    (run,) = requests(play, "PENDING")
    play.post(f"/api/jobs/requests/{run['id']}/cancel")
    play.settle()
    play.start()
    play.post(f"/api/jobs/requests/{run['id']}/restart")
    play.settle()
    play.clock.advance_to(at(0, 45))

    assert kept(play) == {}
    assert pending(play) == ["2026-01-01T00:00:00Z", "2026-01-01T02:00:00Z"]


def test_all_types_are_looked_at_a_page_after_the_other(play: JobPlay) -> None:
    for number in range(103):
        text = HOURLY.replace("job_type: hello", f"job_type: job-{number:03}")
        if number in {2, 101, 102}:
            api_dies_at(play, "find_schedule", partial(play.define, text))
        else:
            play.define(text)
    play.clock.advance_to(at(0, 45))

    assert kept(play)["lost_schedules"] == 3
    listed = play.plane.runs.list_runs(play.tenant, limit=1000).records
    assert {run.job_type for run in listed} == {f"job-{number:03}" for number in range(103)}


def test_the_next_occurrence_is_made_though_the_job_is_retried_before_its_event_comes_again(
    play: JobPlay,
) -> None:
    play.define(HOURLY.replace("description:", "retry: 1\ndescription:"))
    engine_dies_at(play, definitions="save_schedule")

    play.finish(play.next_task(), "1")
    let_time_pass(play, at(1, 1))

    assert len(requests(play, "EXECUTING")) == 1
    assert pending(play) == ["2026-01-01T02:00:00Z"]


def test_a_deletion_that_broke_off_is_finished_by_the_next_one(play: JobPlay) -> None:
    play.define(HOURLY)
    play.settle()

    def delete() -> int:
        return play.call("DELETE", "/api/jobs/definitions/hello").status

    api_dies_at(play, "find_schedule", delete)
    assert pending(play) == [AT_ONE]

    assert delete() == 404
    play.settle()

    assert pending(play) == []


def test_an_upload_that_breaks_off_between_two_schedules_leaves_none_of_the_old_one(
    play: JobPlay,
) -> None:
    play.define(HOURLY)
    play.settle()
    later = HOURLY.replace("0 * * * *", "30 * * * *")
    api_dies_at(play, "save_schedule", lambda: play.define(later))

    play.define(later)
    let_time_pass(play, at(1, 10))

    assert [run["scheduled_at"] for run in requests(play, "EXECUTING")] == ["2026-01-01T00:30:00Z"]
    assert pending(play) == ["2026-01-01T01:30:00Z"]


def test_an_occurrence_that_has_begun_is_not_cancelled_by_a_new_schedule(play: JobPlay) -> None:
    play.define(HOURLY)
    play.settle()
    play.clock.advance_to(at(1))
    play.define(HOURLY.replace("0 * * * *", "30 * * * *"))
    events: Any = play.plane.events
    received = events.receive(10)
    # The cancel is slower than what begins the run.
    for got in sorted(received, key=lambda got: got.message.kind == "CancelRequested"):
        play.engine.handle(got.message)

    assert [run["scheduled_at"] for run in requests(play, "EXECUTING")] == [AT_ONE]
