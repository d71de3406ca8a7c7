"""Several ask for something of one job request at once: one is heard, others hear what it was."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest

from formicary.domain.errors import ChangePendingError, UnavailableError
from formicary.domain.job_run import Hold
from formicary.domain.records import Principal
from formicary.domain.wishes import WISH_HOLDS
from formicary.service_layer.cancel_job import cancel_job
from formicary.service_layer.control_plane import ControlPlane
from formicary.service_layer.pause_job import pause_job
from tests.unit.lambdas.api_play import Answer
from tests.unit.lambdas.job_play import JobPlay

JOB = """
job_type: asked
tasks:
- task_type: work
  method: SHELL
  script: [work]
"""
Call = tuple[str, dict[str, str]]
CANCEL, PAUSE, RESUME, TRIGGER, RESTART = (
    (verb, {}) for verb in ("cancel", "pause", "resume", "trigger", "restart")
)
NOW: Call = ("pause", {"now": "true"})
HARD: Call = ("restart", {"hard": "true"})
FROM: Call = ("restart", {"from": "work"})
# What can be asked of a run in the state that a name stands for.
OPEN: dict[str, tuple[Call, ...]] = {
    "executing": (CANCEL, PAUSE, NOW),
    "scheduled": (CANCEL, PAUSE, NOW, TRIGGER),
    "paused": (CANCEL, RESUME),
    "waits": (CANCEL, PAUSE, RESUME),
    "failed": (RESTART, HARD, FROM),
}
CONFLICTS = [
    pytest.param(state, *pair, id=f"{state}: {pair[0]}, {pair[1]}")
    for state, calls in OPEN.items()
    for pair in permutations(calls, 2)
]
EQUAL = [
    pytest.param(state, call, id=f"{state}: {call}")
    for state, calls in OPEN.items()
    for call in calls
]


@pytest.fixture
def play() -> JobPlay:
    play = JobPlay()
    play.define(JOB)
    return play


def run_that(play: JobPlay, state: str) -> str:
    """Return a run that is executing, failed, paused by somebody or for a while, or scheduled."""
    if state == "scheduled":
        later = (play.clock.now() + timedelta(days=1)).isoformat()
        return play.start("asked", scheduled_at=later)
    run_id = play.start("asked")
    if state == "failed":
        play.finish(play.next_task(), "1")
    elif state == "paused":
        asked(play, run_id, PAUSE)
        play.settle()
    elif state == "waits":
        run = play.plane.runs.find("acme", run_id)
        assert run is not None
        play.plane.runs.save(run.evolve(hold=Hold.TIMED, holds=1))
    return run_id


def asked(play: JobPlay, run_id: str, call: Call, user: str = "ann") -> Answer:
    verb, query = call
    caller = {"tenant": "acme", "user": user, "role": "admin"}
    return play.post(f"/api/jobs/requests/{run_id}/{verb}", query=query, caller=caller)


def before_the_note(play: JobPlay, first: Callable[[], Any]) -> None:
    """Have something else happen once, after a caller has looked at the run."""
    note, done = play.plane.runs.note_wish, []

    def later(*args: Any) -> Any:
        if not done:
            done.append(True)
            first()
        return note(*args)

    play.plane.runs.note_wish = later  # type: ignore[method-assign]


def kinds_applied(play: JobPlay, run_id: str) -> list[str]:
    records = play.get(f"/api/jobs/requests/{run_id}/history", query={"page_size": "200"}).json
    applied = [r["kind"] for r in records["records"] if r["verdict"] == "applied"]
    return [kind for kind in applied if kind.endswith("Requested")]


def refusals(play: JobPlay, run_id: str) -> list[tuple[str, str]]:
    records = play.get(f"/api/jobs/requests/{run_id}/history", query={"page_size": "200"}).json
    return [(r["kind"], r["by"]) for r in records["records"] if r["verdict"] == "refused"]


@pytest.mark.parametrize(("state", "first", "second"), CONFLICTS)
def test_of_two_that_ask_for_different_things_at_once_one_is_told_of_the_other(
    play: JobPlay, state: str, first: Call, second: Call
) -> None:
    run_id = run_that(play, state)
    done = len(kinds_applied(play, run_id))
    answers: list[Answer] = []
    before_the_note(play, lambda: answers.append(asked(play, run_id, first)))

    refused = asked(play, run_id, second, user="joe")

    assert [answer.status for answer in answers] == [202]
    assert (refused.status, refused.json["code"]) == (409, "ERR_CHANGE_PENDING")
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert refused.json["pending"] == first[0]
    assert refused.json["pending_since"] == play.clock.now().isoformat()
    assert "as ann has asked" in refused.json["detail"]
    assert refusals(play, run_id) == [(second[0], "joe")]
    play.settle()
    assert len(kinds_applied(play, run_id)) == done + 1


@pytest.mark.parametrize(("state", "call"), EQUAL)
def test_two_that_ask_for_the_same_at_once_are_both_heard(
    play: JobPlay, state: str, call: Call
) -> None:
    run_id = run_that(play, state)
    done = len(kinds_applied(play, run_id))
    answers: list[Answer] = []
    before_the_note(play, lambda: answers.append(asked(play, run_id, call)))

    answers.append(asked(play, run_id, call, user="joe"))

    assert [answer.status for answer in answers] == [202, 202]
    play.settle()
    assert kinds_applied(play, run_id)[done:] in (
        [f"{call[0].title()}Requested"],
        ["TriggerRequested"] * 2,
    )


def test_who_asks_again_after_the_engine_has_decided_hears_what_the_run_says(
    play: JobPlay,
) -> None:
    run_id = run_that(play, "executing")

    def cancel_and_decide() -> None:
        assert asked(play, run_id, CANCEL).status == 202
        play.settle()

    before_the_note(play, cancel_and_decide)
    refused = asked(play, run_id, PAUSE, user="joe")

    assert (refused.status, refused.json["code"]) == (409, "ERR_CONFLICT")
    assert "has ended already: it is CANCELLED" in refused.json["detail"]
    assert refusals(play, run_id) == [("pause", "joe")]


def test_what_the_engine_has_decided_holds_nobody_up(play: JobPlay) -> None:
    run_id = run_that(play, "executing")

    for call in (PAUSE, RESUME, NOW, RESUME, CANCEL, RESTART, CANCEL, HARD):
        assert asked(play, run_id, call).status == 202, call
        play.settle()

    assert play.show(run_id)["job_state"] == "EXECUTING"
    assert refusals(play, run_id) == []


class LostEvents:
    """An events queue that is not there."""

    def send(self, *_args: Any) -> None:
        raise UnavailableError


def test_who_was_cut_off_after_the_note_asks_again_and_is_heard(play: JobPlay) -> None:
    run_id = run_that(play, "executing")
    queue = play.plane.events
    play.put_in_place(events=LostEvents())
    assert asked(play, run_id, CANCEL).status == 503
    play.put_in_place(events=queue)
    assert play.show(run_id)["job_state"] == "EXECUTING"

    assert asked(play, run_id, PAUSE).status == 409
    assert asked(play, run_id, CANCEL).status == 202

    play.settle()
    assert play.show(run_id)["job_state"] == "CANCELLED"


def test_what_was_asked_for_in_vain_holds_nobody_up_for_ever(play: JobPlay) -> None:
    run_id = run_that(play, "executing")
    queue = play.plane.events
    play.put_in_place(events=LostEvents())
    assert asked(play, run_id, CANCEL).status == 503
    play.put_in_place(events=queue)

    play.clock.advance(WISH_HOLDS.total_seconds() - 1)
    assert asked(play, run_id, PAUSE).status == 409
    play.clock.advance(1)
    assert asked(play, run_id, PAUSE).status == 202
    # From now on it is the pause that is under way.
    assert asked(play, run_id, CANCEL).json["pending"] == "pause"


def test_of_many_at_once_the_same_kind_is_heard_and_the_run_ends_so(play: JobPlay) -> None:
    run_id = run_that(play, "executing")
    calls = [cancel_job, pause_job] * 8
    ann = Principal("acme", "ann", "admin")

    def ask(call: Callable[[ControlPlane, Principal, str], Any]) -> str:
        try:
            call(play.plane, ann, run_id)
        except ChangePendingError:
            return ""
        return call.__name__.removesuffix("_job")

    with ThreadPoolExecutor(8) as pool:
        heard = set(pool.map(ask, calls))

    assert len(heard) == 2
    heard.discard("")
    play.settle()
    state = {"cancel": "CANCELLED", "pause": "EXECUTING"}[heard.pop()]
    assert play.show(run_id)["job_state"] == state


def test_another_tenant_neither_asks_nor_holds_up(play: JobPlay) -> None:
    run_id = run_that(play, "executing")
    stranger = {"tenant": "evil", "user": "eve", "role": "admin"}
    path = f"/api/jobs/requests/{run_id}"

    assert play.post(f"{path}/cancel", caller=stranger).status == 404
    assert asked(play, run_id, PAUSE).status == 202
    assert refusals(play, run_id) == []
