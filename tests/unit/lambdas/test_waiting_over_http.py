"""Limits over HTTP: changed at once, and a request that waits says what for."""

from dataclasses import replace

import pytest

from tests.unit.lambdas.api_play import HELLO
from tests.unit.lambdas.job_play import JobPlay

LIMITED = HELLO.replace("description:", "max_concurrency: 1\ndescription:")


@pytest.fixture
def play() -> JobPlay:
    play = JobPlay()
    play.define(LIMITED)
    return play


def why(play: JobPlay, run_id: str) -> str:
    return str(play.show(run_id)["why"])


def concurrency(play: JobPlay, count: object) -> int:
    answer = play.call("PUT", "/api/jobs/definitions/hello/concurrency", {"concurrency": count})
    play.settle()
    return answer.status


def register_ant(play: JobPlay, **fields: object) -> None:
    body = {"ant_id": "ant-1", "methods": ["SHELL"], "max_capacity": 1} | fields
    assert play.post("/api/ants", body).status == 201


def test_a_waiting_request_names_the_run_that_has_the_slot(play: JobPlay) -> None:
    first, second, third = play.start(), play.start(), play.start()

    assert play.show(second)["job_state"] == "PENDING"
    assert why(play, second) == f"1 of 1 slots of job type hello taken by run {first}"
    assert why(play, third) == (
        f"1 of 1 slots of job type hello taken by run {first}; 1 request is before it"
    )


def test_wait_time_tells_the_place_and_guesses_from_history(play: JobPlay) -> None:
    done = play.start()
    play.clock.advance(10)
    for _ in range(2):
        play.finish(play.next_task())
    assert play.show(done)["job_state"] == "COMPLETED"
    running, first, second = play.start(), play.start(), play.start()

    answer = play.get(f"/api/jobs/requests/{second}/wait_time").json

    assert answer["queue_number"] == 1
    assert answer["pending_job_ids"] == [first]
    assert answer["average_run_seconds"] == 10
    assert answer["estimated_wait"] == 15
    assert running in answer["why"][0]


def test_wait_time_without_history_guesses_nothing(play: JobPlay) -> None:
    play.start()
    answer = play.get(f"/api/jobs/requests/{play.start()}/wait_time").json

    assert answer["average_run_seconds"] is None
    assert answer["estimated_wait"] is None


def test_a_request_for_later_says_when(play: JobPlay) -> None:
    run_id = play.start(scheduled_at="2030-05-01T12:00:00Z")

    assert why(play, run_id) == "scheduled for 2030-05-01T12:00:00Z"


def test_a_run_that_has_ended_waits_for_nothing(play: JobPlay) -> None:
    run_id = play.start()
    play.post(f"/api/jobs/requests/{run_id}/cancel")
    play.settle()

    assert why(play, run_id) == ""
    assert play.get(f"/api/jobs/requests/{run_id}/wait_time").json["estimated_wait"] == 0


def test_a_task_says_that_no_ant_is_there(play: JobPlay) -> None:
    assert why(play, play.start()) == "task greet: no ant is alive"


def test_a_task_says_which_method_or_tag_no_ant_has(play: JobPlay) -> None:
    play.define(HELLO.replace("method: SHELL", "method: SHELL\n    tags: [Mac, gpu]"))
    register_ant(play, tags=["gpu"])
    assert why(play, play.start()) == "task greet: no ant has tag mac"

    play.define(HELLO.replace("method: SHELL", "method: HTTP_GET").replace("echo", "http://x/"))
    assert why(play, play.start()) == "task greet: no ant has method HTTP_GET"


_TAKEN = "; the function for HTTP tasks has it, or takes it within a minute"
_NOT_TAKEN = ", and the function for HTTP tasks does not carry it out: "
_TOO_LONG = "its tasks end within 840 s, and this one may take longer"


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ("", _TAKEN),
        ("timeout: 1h", _NOT_TAKEN + _TOO_LONG),
        ("headers: {X: '{{.Key}}'}", _TAKEN),
        ("timeout: '{{.Long}}'", _NOT_TAKEN + _TOO_LONG),
        ("timeout: '{{.Short}}'", _TAKEN),
        ("working_dir: '{{.Folder}}'", _NOT_TAKEN + "the task names a working_dir of its host"),
        ("cache: {key: a, paths: [b]}", _NOT_TAKEN + "the task keeps a cache"),
    ],
)
def test_an_http_task_says_what_the_function_has_to_do_with_it(
    play: JobPlay, more: str, reason: str
) -> None:
    environment = replace(play.plane.ant_environment, http_function=True)
    play.put_in_place(ant_environment=environment)
    secret = {"name": "Key", "value": "s3cret", "secret": True}
    assert play.post("/api/orgs/me/configs", secret).status == 201
    play.define(
        "job_type: hello\njob_variables: {Long: 1h, Short: 5m, Folder: /etc}\n"
        "tasks:\n- task_type: greet\n  method: HTTP_GET\n"
        f"  url: http://x.example/\n  {more}\n"
    )

    assert why(play, play.start()) == f"task greet: no ant is alive{reason}"


def test_a_task_says_that_the_ants_that_fit_are_busy(play: JobPlay) -> None:
    register_ant(play, max_capacity=2)
    run_id = play.start()
    assert why(play, run_id) == ""

    play.post("/api/ants/ant-1/heartbeat", {"current_load": 2})

    assert why(play, run_id) == "task greet: the ants that fit are all busy (2 of 2 slots)"


def test_an_http_task_says_that_the_function_takes_it_from_ants_that_stay_full(
    play: JobPlay,
) -> None:
    environment = replace(play.plane.ant_environment, http_function=True)
    play.put_in_place(ant_environment=environment)
    play.define(HELLO.replace("method: SHELL", "method: HTTP_GET").replace("echo", "http://x/"))
    register_ant(play, methods=["HTTP_GET"], max_capacity=2)
    play.post("/api/ants/ant-1/heartbeat", {"current_load": 2})

    assert why(play, play.start()) == (
        "task greet: the ants that fit are all busy (2 of 2 slots)"
        "; the function for HTTP tasks takes it when they are full for 10 minutes"
    )


def test_a_higher_concurrency_lets_waiting_requests_begin(play: JobPlay) -> None:
    runs = [play.start() for _ in range(4)]

    assert concurrency(play, 3) == 200

    states = [play.show(run)["job_state"] for run in runs]
    assert states == ["EXECUTING", "EXECUTING", "EXECUTING", "PENDING"]
    assert play.get("/api/jobs/definitions/hello").json["max_concurrency"] == 3


def test_no_concurrency_lets_all_begin(play: JobPlay) -> None:
    runs = [play.start() for _ in range(4)]

    assert concurrency(play, 0) == 200

    assert {play.show(run)["job_state"] for run in runs} == {"EXECUTING"}


def test_a_new_text_takes_the_place_of_the_concurrency_set_before(play: JobPlay) -> None:
    concurrency(play, 5)
    play.define(HELLO + "# without a limit\n")
    assert play.get("/api/jobs/definitions/hello").json["max_concurrency"] == 5

    play.define(LIMITED.replace("max_concurrency: 1", "max_concurrency: 2"))
    runs = [play.start() for _ in range(3)]

    states = [play.show(run)["job_state"] for run in runs]
    assert states == ["EXECUTING", "EXECUTING", "PENDING"]


@pytest.mark.parametrize("count", [-1, "many", None, 10**9])
def test_a_concurrency_that_is_none_is_refused(play: JobPlay, count: object) -> None:
    assert concurrency(play, count) == 400


def test_settings_of_an_unknown_type_name_the_one_that_is_meant(play: JobPlay) -> None:
    answer = play.post("/api/jobs/definitions/helo/disable")

    assert answer.status == 404
    assert "hello" in answer.json["detail"]


def test_a_disabled_type_takes_no_requests_until_it_is_enabled(play: JobPlay) -> None:
    assert play.post("/api/jobs/definitions/hello/disable").json["disabled"] is True
    assert play.submit().status == 409

    assert play.post("/api/jobs/definitions/hello/enable").json["disabled"] is False
    assert play.submit().status == 201


def test_limits_of_a_tenant_hold_for_all_its_jobs(play: JobPlay) -> None:
    play.define(HELLO.replace("job_type: hello", "job_type: other"))
    limits = {"max_concurrency": 2, "user_max_concurrency": 0, "users": {"ann": 1}}
    assert play.call("PUT", "/api/limits", limits).json == limits
    assert play.get("/api/limits").json == limits

    running = play.start("other")
    assert "1 of 1 slots of user ann taken by" in why(play, waiting := play.start("other"))

    play.call("PUT", "/api/limits", {"max_concurrency": 1})
    play.settle()
    told = f"1 of 1 slots of the organization taken by run {running}"
    assert told in why(play, waiting)

    play.call("PUT", "/api/limits", {})
    play.settle()
    assert play.show(waiting)["job_state"] == "EXECUTING"


def test_limits_that_are_none_are_refused_with_the_field(play: JobPlay) -> None:
    answer = play.call("PUT", "/api/limits", {"users": {"ann": -1}, "max_concurency": 1})

    assert answer.status == 400
    assert {fault["field"] for fault in answer.json["errors"]} == {"users.ann", "max_concurency"}
