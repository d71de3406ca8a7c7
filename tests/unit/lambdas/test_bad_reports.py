"""What is asked or reported out of place: refused with a reason, nothing changed, and written down.

Over the API and the events queue, as users and ants reach them.
"""

from typing import Any

import pytest
from aws_lambda_powertools.logging import Logger

from formicary.domain.messages import EventMessage, pack_response
from formicary.domain.states import RequestState
from formicary.domain.task_request import TaskMessage
from formicary.domain.task_response import TaskResponse
from formicary.service_layer.handle_event import Outcome
from lambdas.handle_api.rest_api import RestApi
from tests.unit.lambdas.api_play import Answer
from tests.unit.lambdas.job_play import JobPlay

TWO = """
job_type: two
tasks:
- task_type: one
  method: SHELL
  script: [one]
  on_completed: two
- task_type: two
  method: SHELL
  script: [two]
"""


@pytest.fixture
def play() -> JobPlay:
    play = JobPlay()
    play.define(TWO)
    return play


def report_of(
    message: TaskMessage, status: str = "COMPLETED", *, tenant: str = "acme", **fields: Any
) -> EventMessage:
    """Return the outcome that an ant reports for the task of a message."""
    request = message.request
    response = TaskResponse(
        job_request_id=request.job_request_id,
        task_execution_id=request.task_execution_id,
        job_type=request.job_type,
        job_type_version=request.job_type_version,
        task_type=request.task_type,
        co_relation_id=request.co_relation_id,
        status=RequestState(status),
        ant_id="ant-1",
    )
    proof, attempt = message.proof, message.attempt
    packed = pack_response(tenant, attempt, proof, request.job_execution_id, response)
    return packed.model_copy(update=fields)


def told(play: JobPlay, run_id: str, *verdicts: str) -> list[tuple[str, str, str]]:
    """Return what the history tells of these verdicts: kind, reason, by whom."""
    path = f"/api/jobs/requests/{run_id}/history"
    records = play.get(path, query={"page_size": "200"}).json["records"]
    return [(r["kind"], r["reason"], r["by"]) for r in records if r["verdict"] in verdicts]


def ask(play: JobPlay, run_id: str, verb: str, **options: Any) -> Answer:
    return play.post(f"/api/jobs/requests/{run_id}/{verb}", **options)


@pytest.mark.parametrize("verb", ["cancel", "pause", "resume", "trigger"])
def test_what_is_asked_of_a_finished_run(play: JobPlay, verb: str) -> None:
    run_id = play.start("two")
    play.finish(play.next_task())
    play.finish(play.next_task())
    before = play.show(run_id)
    assert before["job_state"] == "COMPLETED"

    refused = ask(play, run_id, verb)

    assert (refused.status, refused.json["code"]) == (409, "ERR_CONFLICT")
    assert refused.json["job_state"] == "COMPLETED"
    play.settle()
    assert play.show(run_id) == before
    assert told(play, run_id, "refused") == [(verb, refused.json["detail"], "ann")]


def test_a_restart_of_a_running_one(play: JobPlay) -> None:
    run_id = play.start("two")
    before = play.show(run_id)

    refused = ask(play, run_id, "restart")

    assert (refused.status, refused.json["code"]) == (409, "ERR_CONFLICT")
    assert "only one that has ended can be restarted" in refused.json["detail"]
    play.settle()
    assert play.show(run_id) == before
    assert told(play, run_id, "refused") == [("restart", refused.json["detail"], "ann")]


def test_a_response_for_a_task_that_has_ended_is_kept_as_late(play: JobPlay) -> None:
    run_id = play.start("two")
    one = play.next_task()
    play.finish(one)
    before = play.plane.runs.find("acme", run_id)

    assert play.engine.handle(report_of(one, "FAILED")) is Outcome.STALE

    assert play.plane.runs.find("acme", run_id) == before
    late = ("TaskFinished", "the attempt was no longer the current one", "ant-1")
    assert told(play, run_id, "late") == [late]


def test_a_response_for_a_task_that_has_not_begun_is_forged(play: JobPlay) -> None:
    run_id = play.start("two")
    one = play.next_task()
    before = play.show(run_id)
    response = report_of(one).response
    assert response is not None
    other = response.model_copy(update={"task_type": "two"})

    said = report_of(one, event={"task_type": "two", "attempt": 1}, response=other)
    assert play.engine.handle(said) is Outcome.FORGED

    assert play.show(run_id) == before
    assert told(play, run_id, "forged") == [
        ("TaskFinished", "the proof is not that of the attempt", "ant-1")
    ]


def test_a_response_for_a_task_of_another_tenant(play: JobPlay) -> None:
    run_id = play.start("two")
    one = play.next_task()
    before = play.show(run_id)
    # The run of one tenant, told in the name of another; and a run of one's own with its proof.
    assert play.engine.handle(report_of(one, tenant="evil")) is Outcome.UNKNOWN
    play.tenant = "evil"
    play.define(TWO)
    play.start("two")
    strange = play.next_task()
    play.tenant = "acme"
    assert play.engine.handle(report_of(one, proof=strange.proof)) is Outcome.FORGED

    assert play.show(run_id) == before
    assert len(told(play, run_id, "forged")) == 1


@pytest.mark.parametrize("proof", ["", "0" * 32, "a guess"])
def test_a_response_with_a_forged_token(play: JobPlay, proof: str) -> None:
    run_id = play.start("two")
    one = play.next_task()
    before = play.show(run_id)

    assert play.engine.handle(report_of(one, proof=proof)) is Outcome.FORGED

    assert play.show(run_id) == before
    assert [kind for kind, _, _ in told(play, run_id, "forged")] == ["TaskFinished"]


def test_secrets_asked_for_with_a_forged_token(play: JobPlay) -> None:
    run_id = play.start("two")
    one = play.next_task()
    ant = {"ant_id": "ant-1", "methods": ["SHELL"], "tags": [], "max_capacity": 1}
    assert play.post("/api/ants", ant).status == 201
    asked_for = {
        "job_request_id": run_id,
        "job_execution_id": one.request.job_execution_id,
        "task_type": "one",
        "attempt": 1,
        "proof": "a guess",
        "names": ["Password"],
    }
    before = play.show(run_id)

    refused = play.post("/api/ants/ant-1/secrets", asked_for)

    assert (refused.status, refused.json["code"]) == (403, "ERR_FORGED_EVENT")
    assert play.show(run_id) == before
    assert told(play, run_id, "forged") == [
        ("secrets", "the proof is not that of the attempt", "ant-1")
    ]


@pytest.mark.parametrize("status", ["PENDING", "READY", "STARTED", "EXECUTING", "PAUSED"])
def test_a_state_that_no_attempt_ends_in(play: JobPlay, status: str) -> None:
    run_id = play.start("two")
    one = play.next_task()
    before = play.show(run_id)

    assert play.engine.handle(report_of(one, status)) is Outcome.REFUSED

    assert play.show(run_id) == before
    [(kind, reason, by)] = told(play, run_id, "refused")
    assert (kind, by) == ("TaskFinished", "ant-1")
    assert reason.endswith(f"nobody may report that it is {status}")
    play.finish(one)
    assert play.show(run_id)["execution"]["tasks"][0]["task_state"] == "COMPLETED"


@pytest.mark.parametrize(
    ("kind", "event"),
    [
        ("CancelRequested", {"reason": "because I can"}),
        ("RestartRequested", {"hard": True}),
        ("PauseRequested", {}),
        ("ChildFinished", {"task_type": "one", "child_request_id": "x", "state": "COMPLETED"}),
        ("TimerFired", {"timer": "job_timeout"}),
    ],
)
def test_what_only_the_control_plane_may_say_with_the_proof_of_an_attempt(
    play: JobPlay, kind: str, event: dict[str, Any]
) -> None:
    run_id = play.start("two")
    one = play.next_task()
    before = play.show(run_id)

    said = report_of(one, kind=kind, event=event, response=None)
    assert play.engine.handle(said) is Outcome.FORGED

    assert play.show(run_id) == before
    assert [kind for kind, _, _ in told(play, run_id, "forged")] == [kind]


def test_a_submission_that_sets_the_state_of_its_request(play: JobPlay) -> None:
    refused = play.submit("two", job_state="COMPLETED")

    assert (refused.status, refused.json["code"]) == (400, "ERR_VALIDATION")
    assert "job_state" in refused.json["detail"]
    assert play.get("/api/jobs/requests").json["total_records"] == 0


def test_who_was_refused_a_change_is_in_the_log(capsys: pytest.CaptureFixture[str]) -> None:
    play = JobPlay()
    play.api = RestApi(play.plane, Logger(service="audit"))
    play.define(TWO)
    run_id = play.start("two")
    capsys.readouterr()

    ask(play, run_id, "cancel", caller={"tenant": "evil", "user": "eve", "role": "admin"})
    ask(play, run_id, "cancel", caller={"tenant": "acme", "user": "eve", "role": "ant"})
    play.get("/api/jobs/requests/nobody")

    logged = capsys.readouterr().out
    lines = [line for line in logged.splitlines() if "a change was refused" in line]
    assert len(lines) == 2, logged
    for line, status, tenant in zip(lines, (404, 403), ("evil", "acme"), strict=True):
        assert f'"status":{status}' in line
        assert f'"tenant":"{tenant}"' in line
        assert f'"call":"POST /api/jobs/requests/{run_id}/cancel"' in line
