import json
from datetime import timedelta
from typing import Any

import pytest

from formicary.domain.errors import UnavailableError
from formicary.domain.events import CancelRequested, JobSubmitted
from formicary.domain.job_run import Hold, Phase
from formicary.domain.messages import EventMessage, unpack_event
from formicary.domain.proofs import internal_proof
from formicary.domain.states import RequestState
from tests.unit.lambdas.api_play import HELLO, Answer, ApiPlay


def sent(api: ApiPlay) -> list[EventMessage]:
    received = api.plane.events.receive(10)  # type: ignore[attr-defined]
    return [getattr(got, "message", got) for got in received]


def end(api: ApiPlay, run_id: str, state: RequestState = RequestState.FAILED) -> None:
    run = api.plane.runs.find(api.tenant, run_id)
    assert run is not None
    api.plane.runs.save(run.evolve(state=state, phase=Phase.ENDED))


def test_a_submitted_job_is_pending_and_the_engine_is_told(api: ApiPlay) -> None:
    api.define()

    answer = api.submit(params={"Name": "Ann"}, job_priority=3)

    assert answer.status == 201
    view = answer.json
    assert (view["job_state"], view["job_type"], view["job_version"]) == ("PENDING", "hello", "1")
    assert (view["job_definition_id"], view["params"]) == ("hello:1", {"Name": "Ann"})
    assert (view["user_id"], view["organization_id"]) == ("ann", "acme")
    run = api.plane.runs.find("acme", view["id"])
    assert run is not None
    (message,) = sent(api)
    assert isinstance(unpack_event(message), JobSubmitted)
    assert message.proof == internal_proof(run.key)
    assert run.marks == ".."


def test_the_key_of_a_run_never_shows(api: ApiPlay) -> None:
    api.define()
    answer = api.submit()
    run = api.plane.runs.find("acme", answer.json["id"])
    assert run is not None

    shown = api.get(f"/api/jobs/requests/{run.request_id}")

    assert run.key.encode() not in answer.body + shown.body


def test_two_submits_with_one_user_key_are_one_request(api: ApiPlay) -> None:
    api.define()
    first = api.submit(user_key="nightly")

    second = api.submit(user_key="nightly")

    assert (first.status, second.status) == (201, 200)
    assert first.json["id"] == second.json["id"]
    assert api.get("/api/jobs/requests").json["total_records"] == 1


def submit_with_key(api: ApiPlay, key: str, **fields: Any) -> Answer:
    body = json.dumps({"job_type": "hello", **fields})
    return api.post("/api/jobs/requests", body, headers={"Idempotency-Key": key})


def test_a_submit_that_is_repeated_with_its_idempotency_key_is_one_request(api: ApiPlay) -> None:
    api.define()

    first = submit_with_key(api, "once", params={"Name": "Ann"})
    end(api, first.json["id"])
    again = submit_with_key(api, "once", params={"Name": "Ann"})

    assert (first.status, again.status) == (201, 200)
    assert again.json["id"] == first.json["id"]
    assert again.json["job_state"] == "FAILED"
    assert submit_with_key(api, "another").status == 201


def test_an_idempotency_key_is_used_again_after_a_day(api: ApiPlay) -> None:
    api.define()
    submit_with_key(api, "daily")

    api.clock.advance(24 * 3600)

    assert submit_with_key(api, "daily").status == 201


def test_an_idempotency_key_of_another_submit_is_a_conflict(api: ApiPlay) -> None:
    api.define()
    first = submit_with_key(api, "once")

    other = submit_with_key(api, "once", params={"Name": "Ben"})

    assert (other.status, other.json["request_id"]) == (409, first.json["id"])
    assert submit_with_key(api, "k" * 256).status == 400


def test_a_user_key_is_free_again_when_its_request_has_ended(api: ApiPlay) -> None:
    api.define()
    first = api.submit(user_key="nightly")
    end(api, first.json["id"])

    assert api.submit(user_key="nightly").status == 201


def test_an_unknown_job_type_is_404_and_nothing_is_stored(api: ApiPlay) -> None:
    api.define()

    answer = api.submit("helo")

    assert answer.status == 404
    assert "'hello'" in answer.json["detail"]
    assert api.get("/api/jobs/requests").json["total_records"] == 0


def test_all_missing_params_are_told_at_once(api: ApiPlay) -> None:
    api.define(HELLO.replace("tasks:", "required_params:\n  - Name\n  - Place\ntasks:", 1))

    answer = api.submit()

    assert (answer.status, answer.json["missing_params"]) == (400, ["Name", "Place"])


@pytest.mark.parametrize("name", ["JobID", "TaskType", "Nonce", "UserID", "FullDate"])
def test_params_cannot_hide_what_the_system_tells(api: ApiPlay, name: str) -> None:
    api.define()

    answer = api.submit(params={name: "x"})

    assert (answer.status, answer.json["params"]) == (400, [name])


def test_unknown_fields_are_refused_with_the_nearest(api: ApiPlay) -> None:
    api.define()

    answer = api.submit(parms={"Name": "x"}, job_priority="high")

    assert answer.status == 400
    faults = {fault["field"]: fault["message"] for fault in answer.json["errors"]}
    assert "'params'" in faults["parms"]
    assert "job_priority" in faults


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ('{"job_type":\n nope}', "line 2, column 2"),
        ("[]", "dictionary"),
        ("", "required"),
        ('{"job_type": "hello", "params": []}', "params"),
        ('{"job_type": "hello", "params": {"A": NaN}}', "finite"),
        ('{"job_type": "hello", "params": {"A": "\\ud800"}}', "surrogate"),
        ('{"job_type": "hello", "params": {"A": ' + "[" * 30 + "]" * 30 + "}}", "deep"),
        ('{"job_type": "hello", "scheduled_at": "2026-06-15T00:00:00"}', "scheduled_at"),
        ('{"job_type": "hello", "job_version": "latest"}', "job_version"),
        ("[" * 100_000, "JSON"),
        (b"\xff\xfe{}", "JSON"),
    ],
)
def test_a_bad_body_is_told_in_words(api: ApiPlay, body: Any, words: str) -> None:
    api.define()

    answer = api.post("/api/jobs/requests", body)

    assert answer.status == 400
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert words in answer.json["detail"]
    assert api.get("/api/jobs/requests").json["total_records"] == 0


def test_large_params_are_refused(api: ApiPlay) -> None:
    api.define()

    assert api.submit(params={"A": "x" * 70_000}).status == 413


def test_a_version_can_be_asked_for(api: ApiPlay) -> None:
    api.define()
    api.define(HELLO.replace("goodbye", "bye"))

    assert api.submit(job_version="1").json["job_definition_id"] == "hello:1"
    assert api.submit(job_version=2).json["job_definition_id"] == "hello:2"
    assert api.submit(job_version="7").status == 404
    assert api.submit(job_version=0).status == 404


def test_a_job_may_be_scheduled(api: ApiPlay) -> None:
    api.define()
    later = (api.clock.now() + timedelta(hours=3)).isoformat()

    answer = api.submit(scheduled_at=later)

    assert answer.json["scheduled_at"] == "2026-01-01T03:00:00Z"


def test_a_submit_that_cannot_be_sent_is_503_and_the_same_key_sends_it_later(api: ApiPlay) -> None:
    api.define()

    class Down:
        def send(self, message: EventMessage, delay_seconds: int = 0) -> None:
            raise UnavailableError("queue.internal does not answer")

    queue = api.plane.events
    api.put_in_place(events=Down())
    answer = api.submit(user_key="k")
    api.put_in_place(events=queue)

    assert answer.status == 503
    assert b"queue.internal" not in answer.body
    assert api.submit(user_key="k").status == 200
    assert len(sent(api)) == 1


def test_requests_are_listed_the_newest_first_and_by_state(api: ApiPlay) -> None:
    api.define()
    ids = []
    for _ in range(3):
        ids.append(api.submit().json["id"])
        api.clock.advance(1)
    end(api, ids[0])

    listed = api.get("/api/jobs/requests").json
    waiting = api.get("/api/jobs/requests", query={"job_state": "waiting"}).json
    done = api.get("/api/jobs/requests", query={"job_state": "DONE", "job_type": "hello"}).json

    assert [record["id"] for record in listed["records"]] == ids[::-1]
    assert [record["id"] for record in waiting["records"]] == ids[:0:-1]
    assert [record["id"] for record in done["records"]] == ids[:1]
    assert api.get("/api/jobs/requests", query={"job_state": "DONNE"}).status == 400


def test_cancel_sends_a_wish_and_moves_nothing(api: ApiPlay) -> None:
    api.define()
    run_id = api.submit().json["id"]
    sent(api)

    answer = api.post(f"/api/jobs/requests/{run_id}/cancel")

    assert (answer.status, answer.json["job_state"]) == (202, "PENDING")
    (message,) = sent(api)
    assert isinstance(unpack_event(message), CancelRequested)


@pytest.mark.parametrize("state", ["COMPLETED", "FAILED", "CANCELLED"])
def test_what_has_ended_cannot_be_cancelled(api: ApiPlay, state: str) -> None:
    api.define()
    run_id = api.submit().json["id"]
    end(api, run_id, RequestState(state))

    answer = api.post(f"/api/jobs/requests/{run_id}/cancel")

    assert (answer.status, answer.json["job_state"]) == (409, state)


def test_only_what_has_ended_can_be_restarted(api: ApiPlay) -> None:
    api.define()
    run_id = api.submit().json["id"]
    path = f"/api/jobs/requests/{run_id}/restart"
    sent(api)

    assert api.post(path).status == 409
    end(api, run_id)
    assert api.post(path, query={"hard": "true"}).status == 202
    (message,) = sent(api)
    assert message.kind == "RestartRequested"
    assert message.event["hard"] is True


def asked(api: ApiPlay, run_id: str, verb: str, **query: str) -> Answer:
    return api.post(f"/api/jobs/requests/{run_id}/{verb}", query=query)


def change(api: ApiPlay, run_id: str, **fields: object) -> None:
    run = api.plane.runs.find("acme", run_id)
    assert run is not None
    api.plane.runs.save(run.evolve(**fields))


def test_pause_and_resume_name_the_pause_that_they_are_about(api: ApiPlay) -> None:
    api.define()
    run_id = api.submit().json["id"]
    assert asked(api, run_id, "resume").status == 409
    sent(api)

    assert asked(api, run_id, "pause", now="true").status == 202
    (message,) = sent(api)
    assert (message.kind, message.event) == ("PauseRequested", {"now": True, "after": 0})

    change(api, run_id, hold=Hold.USER, holds=1, state=RequestState.PAUSED)
    refused = asked(api, run_id, "pause")
    assert (refused.status, refused.json["job_state"]) == (409, "PAUSED")
    assert asked(api, run_id, "trigger").status == 409
    assert asked(api, run_id, "resume").status == 202
    (message,) = sent(api)
    assert (message.kind, message.event) == ("ResumeRequested", {"hold": 1})


def test_only_what_waits_for_its_time_can_be_triggered(api: ApiPlay) -> None:
    api.define()
    run_id = api.submit().json["id"]
    assert asked(api, run_id, "trigger").status == 202

    change(api, run_id, phase=Phase.WALKING, state=RequestState.EXECUTING)
    refused = asked(api, run_id, "trigger")
    assert refused.status == 409
    assert "waits for its time" in refused.json["detail"]


@pytest.mark.parametrize("verb", ["cancel", "pause", "resume"])
def test_a_run_that_only_cleans_up_is_left_alone(api: ApiPlay, verb: str) -> None:
    api.define()
    run_id = api.submit().json["id"]
    change(api, run_id, phase=Phase.FINALIZING, outcome=RequestState.FAILED)

    refused = asked(api, run_id, verb)

    assert refused.status == 409
    assert "is ending (will be FAILED)" in refused.json["detail"]


def test_a_restart_may_name_a_task_and_a_version(api: ApiPlay) -> None:
    api.define()
    run_id = api.submit().json["id"]
    end(api, run_id)
    sent(api)

    assert asked(api, run_id, "restart", **{"from": "greet", "version": "latest"}).status == 202
    (message,) = sent(api)
    assert message.event == {"hard": False, "from_task": "greet", "job_version": 1}


@pytest.mark.parametrize(
    ("query", "status", "said"),
    [
        ({"from": "greeet"}, 400, "did you mean"),
        ({"from": "greet", "hard": "true"}, 400, "exclude each other"),
        ({"version": "9"}, 404, "no version 9"),
        ({"version": "newest"}, 400, "a number or latest"),
    ],
)
def test_a_restart_that_cannot_be_is_refused(
    api: ApiPlay, query: dict[str, str], status: int, said: str
) -> None:
    api.define()
    run_id = api.submit().json["id"]
    end(api, run_id)

    refused = asked(api, run_id, "restart", **query)

    assert refused.status == status
    assert said in refused.json["detail"].lower()


VERBS = ("/cancel", "/pause", "/resume", "/trigger", "/restart")


@pytest.mark.parametrize("verb", ["", "/dot", "/dot.png", "/mermaid", *VERBS, "/tasks/greet/log"])
def test_tenants_do_not_see_each_others_requests(api: ApiPlay, verb: str) -> None:
    api.define()
    run_id = api.submit().json["id"]
    method = "POST" if verb in VERBS else "GET"
    stranger = {"tenant": "evil", "user": "eve", "role": "admin"}

    answer = api.call(method, f"/api/jobs/requests/{run_id}{verb}", caller=stranger)

    assert answer.status == 404


def test_tenants_do_not_see_each_others_definitions_and_artifacts(api: ApiPlay) -> None:
    api.define()
    artifact = api.post("/api/artifacts", b"secret").json["id"]
    stranger = {"tenant": "evil", "user": "eve", "role": "admin"}

    for path in ("definitions/hello", "definitions/hello:1/yaml"):
        assert api.get(f"/api/jobs/{path}", caller=stranger).status == 404
    for path in (artifact, f"{artifact}/download"):
        assert api.get(f"/api/artifacts/{path}", caller=stranger).status == 404
    for path in ("jobs/definitions", "jobs/requests", "artifacts", "ants"):
        assert api.get(f"/api/{path}", caller=stranger).json["total_records"] == 0


def test_what_was_refused_is_in_the_history_with_who_asked(api: ApiPlay) -> None:
    api.define()
    run_id = api.submit().json["id"]
    end(api, run_id)
    assert api.post(f"/api/jobs/requests/{run_id}/cancel").status == 409

    answer = api.get(f"/api/jobs/requests/{run_id}/history")

    assert answer.status == 200
    (record,) = answer.json["records"]
    assert (record["kind"], record["verdict"], record["by"]) == ("cancel", "refused", "ann")
    assert "ended already" in record["reason"]
    assert record["version"] is None


def test_the_history_is_paged(api: ApiPlay) -> None:
    api.define()
    run_id = api.submit().json["id"]
    end(api, run_id)
    for verb in ("cancel", "pause", "trigger"):
        assert api.post(f"/api/jobs/requests/{run_id}/{verb}").status == 409
    path = f"/api/jobs/requests/{run_id}/history"

    first = api.get(path, query={"page_size": "2"}).json
    second = api.get(path, query={"page_size": "2", "token": first["next_token"]}).json

    kinds = [record["kind"] for record in first["records"] + second["records"]]
    assert sorted(kinds) == ["cancel", "pause", "trigger"]
    assert (first["total_records"], second["next_token"]) == (3, None)
    assert api.get(path, query={"token": "nonsense"}).status == 400
    assert api.get("/api/jobs/requests/nobody/history").status == 404
