import pytest
from aws_lambda_powertools.logging import Logger

from formicary.domain.task_response import TaskLog
from lambdas.run_engine.answer_claim import answer_claim
from tests.unit.lambdas.api_play import HELLO, gateway_event
from tests.unit.lambdas.job_play import JobPlay, artifact_of

ROUNDS = """\
job_type: rounds
tasks:
  - task_type: build
    method: SHELL
    retry: 1
    script:
      - make
    on_completed: ship
  - task_type: ship
    method: SHELL
    script:
      - make ship
"""
PARENT = """\
job_type: parent
tasks:
  - task_type: split
    method: FORK_JOB
    fork_job_type: hello
    on_completed: join
  - task_type: join
    method: AWAIT_FORKED_JOB
    await_forked_tasks:
      - split
"""


@pytest.fixture
def job() -> JobPlay:
    play = JobPlay()
    play.define()
    play.define(ROUNDS)
    return play


def log(job: JobPlay, run_id: str, task: str = "greet", **query: object):
    path = f"/api/jobs/requests/{run_id}/tasks/{task}/log"
    return job.get(path, query={name: str(value) for name, value in query.items()})


def test_a_finished_job_shows_its_tasks_artifacts_and_contexts(job: JobPlay) -> None:
    run_id = job.start(params={"Name": "Ann"})
    greet = job.next_task()
    job.finish(greet, job_context={"who": "Ann"}, artifacts=[artifact_of(greet, "card.txt")])
    job.finish(job.next_task())

    view = job.show(run_id)

    assert view["job_state"] == "COMPLETED"
    assert {"name": "who", "value": "Ann"} in view["execution"]["contexts"]
    first, second = view["execution"]["tasks"]
    assert (first["task_type"], first["task_state"], first["exit_code"]) == (
        "greet",
        "COMPLETED",
        "0",
    )
    assert (first["method"], first["ant_id"], first["ant_host"]) == ("SHELL", "ant-1", "box")
    assert first["artifacts"][0]["name"] == "card.txt"
    assert first["artifacts"][0]["url"].endswith("/download")
    assert "key" not in first["artifacts"][0]
    assert [attempt["attempt"] for attempt in first["attempts"]] == [1]
    assert second["task_order"] == 1


def test_tasks_that_have_not_begun_are_not_listed(job: JobPlay) -> None:
    run_id = job.start()

    view = job.show(run_id)

    assert view["job_state"] == "EXECUTING"
    assert [(t["task_type"], t["task_state"]) for t in view["execution"]["tasks"]] == [
        ("greet", "READY")
    ]


def test_a_task_that_an_ant_was_seen_with_is_executing(job: JobPlay) -> None:
    run_id = job.start()
    message = job.next_task()
    job.post("/api/ants", {"ant_id": "ant-1", "host": "box", "methods": ["SHELL"]})
    task = {
        "job_request_id": run_id,
        "job_execution_id": message.request.job_execution_id,
        "task_type": "greet",
        "attempt": message.attempt,
        "proof": message.proof,
        "started_at": "2026-01-01T00:00:00Z",
    }
    job.post("/api/ants/ant-1/heartbeat", {"in_flight": [task]})
    job.settle()

    (shown,) = job.show(run_id)["execution"]["tasks"]

    assert (shown["task_state"], shown["ant_id"]) == ("EXECUTING", "ant-1")


def test_earlier_attempts_are_listed_and_the_last_one_counts(job: JobPlay) -> None:
    run_id = job.start("rounds")
    job.finish(job.next_task(), exit_code="2")
    job.clock.advance(10)
    job.settle()
    job.finish(job.next_task())

    build = job.show(run_id)["execution"]["tasks"][0]

    assert (build["task_state"], build["exit_code"], build["retried"]) == ("COMPLETED", "0", 1)
    assert [(a["attempt"], a["exit_code"]) for a in build["attempts"]] == [(1, "2"), (2, "0")]


def test_a_restart_keeps_what_completed_and_shows_it(job: JobPlay) -> None:
    run_id = job.start("rounds")
    job.finish(job.next_task())
    job.finish(job.next_task(), exit_code="1")
    failed = job.show(run_id)
    job.post(f"/api/jobs/requests/{run_id}/restart")
    job.settle()
    job.finish(job.next_task())

    view = job.show(run_id)

    assert (failed["job_state"], view["job_state"], view["retried"]) == ("FAILED", "COMPLETED", 1)
    assert view["last_job_execution_id"] == failed["job_execution_id"]
    build, ship = view["execution"]["tasks"]
    assert build["job_execution_id"] == failed["job_execution_id"]
    assert ship["job_execution_id"] == view["job_execution_id"]
    assert [a["exit_code"] for a in ship["attempts"]] == ["0"]


def test_a_fork_shows_the_child_and_the_child_its_parent(job: JobPlay) -> None:
    job.define(PARENT)
    run_id = job.start("parent")
    fork = job.show(run_id)["execution"]["tasks"][0]

    child = job.show(fork["forked_job_id"])

    assert (child["parent_id"], child["job_type"]) == (run_id, "hello")
    job.finish(job.next_task())
    job.finish(job.next_task())
    job.settle()
    view = job.show(run_id)
    assert view["job_state"] == "COMPLETED"
    assert [task["method"] for task in view["execution"]["tasks"]] == [
        "FORK_JOB",
        "AWAIT_FORKED_JOB",
    ]


def test_the_graph_of_a_request_shows_states_and_the_ways_gone(job: JobPlay) -> None:
    run_id = job.start()
    job.finish(job.next_task(), exit_code="3")

    dot = job.get(f"/api/jobs/requests/{run_id}/dot").body.decode()
    flowchart = job.get(f"/api/jobs/requests/{run_id}/mermaid").body.decode()

    assert run_id in dot
    assert "SHELL FAILED" in dot
    assert "penwidth=2" in dot
    assert "==>" in flowchart


def test_the_picture_of_a_request_changes_with_its_states(job: JobPlay) -> None:
    run_id = job.start()
    before = job.get(f"/api/jobs/requests/{run_id}/dot.png").body
    job.finish(job.next_task(), exit_code="3")

    after = job.get(f"/api/jobs/requests/{run_id}/dot.png")

    assert after.headers["Content-Type"] == "image/png"
    assert after.body.startswith(b"\x89PNG")
    assert after.body != before


def test_a_cancelled_job_ends_cancelled(job: JobPlay) -> None:
    run_id = job.submit(scheduled_at="2026-01-01T05:00:00Z").json["id"]
    job.settle()
    job.post(f"/api/jobs/requests/{run_id}/cancel")
    job.settle()

    view = job.show(run_id)

    assert (view["job_state"], view["error_code"]) == ("CANCELLED", "ERR_JOB_CANCELLED")


def test_a_small_log_comes_inline(job: JobPlay) -> None:
    run_id = job.start()
    job.finish(job.next_task())

    answer = log(job, run_id)

    assert (answer.status, answer.body) == (200, b"done\n")
    assert answer.headers["Formicary-Complete"] == "true"
    assert log(job, run_id, offset=answer.headers["Formicary-Next-Offset"]).body == b""


def test_a_log_is_followed_while_the_task_runs(job: JobPlay) -> None:
    run_id = job.start()
    message = job.next_task()
    prefix = message.object_prefix + "log/"
    job.plane.objects.put(prefix + "000000", b"caf\xc3", "text/plain")

    first = log(job, run_id)
    job.plane.objects.put(prefix + "000001", b"\xa9\xff\n", "text/plain")
    job.finish(message, log=TaskLog(chunks=2, size=7))
    second = log(job, run_id, offset=first.headers["Formicary-Next-Offset"])

    assert (first.body, first.headers["Formicary-Complete"]) == (b"caf\xc3", "false")
    assert (second.body, second.headers["Formicary-Complete"]) == (b"\xa9\xff\n", "true")


def test_a_long_log_comes_in_bounded_pieces(job: JobPlay) -> None:
    run_id = job.start()
    message = job.next_task()
    whole = bytes(index % 251 for index in range(3 * 1024 * 1024))
    for number in range(3):
        job.plane.objects.put(f"{message.object_prefix}log/{number:06d}", whole, "text/plain")
    job.finish(message, log=TaskLog(chunks=3, size=9 * 1024 * 1024))

    pieces, offset, complete = [], "0", "false"
    while complete == "false":
        answer = log(job, run_id, offset=offset)
        pieces.append(answer.body)
        offset = answer.headers["Formicary-Next-Offset"]
        complete = answer.headers["Formicary-Complete"]

    assert b"".join(pieces) == whole * 3
    assert max(map(len, pieces)) <= 4 * 1024 * 1024


def test_a_log_is_shown_with_the_times_of_its_lines(job: JobPlay) -> None:
    first = job.start()
    times = "1 1767225600000 0:0 4:1500"
    job.finish(job.next_task(), log=TaskLog(inline="one\ntwo\n", times=times))
    job.finish(job.next_task())
    second = job.start()
    message = job.next_task()
    for number, (body, new_line) in enumerate([(b"one\ntw", 1), (b"o\nend\n", 0)], start=1):
        note = {"times": f"{new_line} 1767225600000 0:{number * 1000}"}
        key = f"{message.object_prefix}log/{number:06d}"
        job.plane.objects.put(key, body, "text/plain", note)
    job.finish(message, log=TaskLog(chunks=2, size=13))

    inline, chunks = (log(job, run_id, timestamps="true").body for run_id in (first, second))

    assert inline == b"2026-01-01T00:00:00.000Z one\n2026-01-01T00:00:01.500Z two\n"
    assert chunks == (
        b"2026-01-01T00:00:01.000Z one\n2026-01-01T00:00:01.000Z two\n"
        b"2026-01-01T00:00:02.000Z end\n"
    )
    assert log(job, first).body == b"one\ntwo\n"


def test_a_log_is_shown_by_stream(job: JobPlay) -> None:
    first = job.start()
    job.finish(job.next_task(), log=TaskLog(inline="one\nbad\n", streams="4"))
    job.finish(job.next_task())
    second = job.start()
    message = job.next_task()
    for number, body in enumerate([b"one\n", b"bad\nend\n"], start=1):
        note = {"times": f"1 1767225600000 0:{number * 1000}", "streams": "0 4"}
        key = f"{message.object_prefix}log/{number:06d}"
        job.plane.objects.put(key, body, "text/plain", note if number > 1 else {})
    job.finish(message, log=TaskLog(chunks=2, size=12))

    assert log(job, first, labels="true").body == b"stdout one\nstderr bad\n"
    assert log(job, first, stream="stderr").body == b"bad\n"
    assert log(job, second, stream="stdout", labels="true", timestamps="true").body == (
        b"stdout one\n2026-01-01T00:00:02.000Z stdout end\n"
    )
    assert log(job, second).body == b"one\nbad\nend\n"


def test_the_times_of_a_log_make_no_answer_too_large(job: JobPlay) -> None:
    run_id = job.start()
    message = job.next_task()
    note = {"times": "1 1767225600000 0:0"}
    job.plane.objects.put(message.object_prefix + "log/000001", b"\n" * 2**20, "text/plain", note)

    answer = log(job, run_id, timestamps="true")

    assert len(answer.body) <= 4 * 1024 * 1024
    assert answer.headers["Formicary-Next-Offset"] == str(len(answer.body) // 26)


def test_the_log_of_an_earlier_attempt_can_be_asked_for(job: JobPlay) -> None:
    run_id = job.start("rounds")
    job.finish(job.next_task(), exit_code="2", log=TaskLog(inline="first\n"))
    job.clock.advance(10)
    job.settle()
    job.finish(job.next_task(), log=TaskLog(inline="second\n"))

    assert log(job, run_id, "build").body == b"second\n"
    assert log(job, run_id, "build", attempt=1).body == b"first\n"
    assert log(job, run_id, "build", attempt=9).status == 404
    assert log(job, run_id, "bild").status == 404
    assert log(job, run_id, "build", attempt=0).status == 400
    assert log(job, run_id, "build", offset=-1).status == 400


def claim(job: JobPlay, body: str, role: str = "ant", tenant: str = "acme"):
    caller = {"tenant": tenant, "user": "x", "role": role}
    event = gateway_event("POST", "/api/ants/ant-2/claims", body, caller=caller)
    return answer_claim(job.engine, event, Logger(service="test"))


def test_a_message_delivered_before_is_claimed_as_a_new_attempt(job: JobPlay) -> None:
    run_id = job.start()
    message = job.next_task()
    body = {
        "job_request_id": run_id,
        "job_execution_id": message.request.job_execution_id,
        "task_type": "greet",
        "attempt": message.attempt,
        "proof": message.proof,
    }
    text = str(body).replace("'", '"')

    answer = claim(job, text)

    assert answer["statusCode"] == 200
    assert '"granted":true' in answer["body"]
    assert claim(job, text.replace(message.proof, "0" * 32))["statusCode"] == 403
    assert claim(job, text, tenant="evil")["statusCode"] == 404
    assert claim(job, "{}")["statusCode"] == 400
    assert claim(job, "no json")["statusCode"] == 400


def test_the_hello_of_the_tests_is_a_sound_definition(job: JobPlay) -> None:
    assert job.define(HELLO).status == 200
