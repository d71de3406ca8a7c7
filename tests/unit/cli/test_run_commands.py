import json

import pytest

from tests.unit.cli.fake_control_plane import Answer
from tests.unit.cli.runs import DEFINITION, RUN_ID, a_page, a_run, a_task, an_artifact

REQUESTS = "/api/jobs/requests"
RUN = f"{REQUESTS}/{RUN_ID}"


def log(text, offset, complete):
    headers = {
        "Content-Type": "text/plain",
        "Formicary-Next-Offset": str(offset),
        "Formicary-Complete": str(complete).lower(),
    }
    return Answer(text, 200, headers)


def test_show_draws_the_way_that_the_run_went(formicary, plane):
    tasks = [
        a_task("hello"),
        a_task("check", exit_code="3"),
        a_task("long", "FAILED", attempts=[{"attempt": 1}, {"attempt": 2}], exit_code="9"),
        a_task("tidy", artifacts=[an_artifact()]),
    ]
    run = a_run("FAILED", tasks, error_code="ERR_TASK_EXECUTE", error_message="long failed")
    plane.on("GET", RUN, Answer(run))
    plane.on("GET", "/api/jobs/definitions/greet:1", Answer(DEFINITION))

    lines = formicary("run", "show", RUN_ID).out.splitlines()

    text = "\n".join(lines)
    assert "ERR_TASK_EXECUTE long failed" in text
    assert "Name=World" in text
    assert "▶ 3: long" in text
    assert "▷ COMPLETED: short" in text
    assert "exit 9, 2 attempts" in text
    assert "report.txt" in text
    assert next(line for line in lines if "· short" in line).endswith("not run")
    assert next(line for line in lines if "tidy" in line).startswith("└ ✔ tidy")


def test_show_works_without_the_definition(formicary, plane):
    plane.on("GET", RUN, Answer(a_run("COMPLETED", [a_task("hello")])))

    outcome = formicary("run", "show", RUN_ID)

    assert outcome.code == 0
    assert "hello" in outcome.out


def test_an_escape_sequence_of_the_server_does_not_reach_the_terminal(formicary, plane):
    plane.on("GET", RUN, Answer(a_run(error_code="E", error_message="a\x1b]0;evil\x07b")))

    assert "\x1b" not in formicary("run", "show", RUN_ID).out


def test_list_passes_the_filters_on(formicary, plane):
    plane.on("GET", REQUESTS, Answer(a_page(a_run())))

    outcome = formicary("run", "list", "--type", "greet", "--state", "failed", "--limit", "5")

    assert RUN_ID in outcome.out
    assert plane.asked[0].query == {"job_type": "greet", "job_state": "FAILED", "page_size": "5"}


def test_the_beginning_of_an_id_is_enough_when_only_one_run_has_it(formicary, plane):
    other = "01K0000001BBBBBBBBBBBBBBBB"
    plane.on("GET", REQUESTS, Answer(a_page(a_run(run_id=other), a_run())))
    plane.on("POST", f"{RUN}/cancel", Answer({}, 202))

    assert formicary("run", "cancel", "01k0000000a").code == 0
    assert formicary("run", "cancel", "01k").code == 2
    assert formicary("run", "cancel", "zzz").code == 3


def test_latest_is_the_newest_run_that_nobody_forked(formicary, plane):
    child = a_run(run_id="01K0000001BBBBBBBBBBBBBBBB", parent_id=RUN_ID)
    plane.on("GET", REQUESTS, Answer(a_page(child, a_run())))
    plane.on("GET", RUN, Answer(a_run()))

    outcome = formicary("run", "show", "latest", "--output", "json")

    assert json.loads(outcome.out)["id"] == RUN_ID


def test_logs_are_printed_task_by_task(formicary, plane):
    plane.on("GET", RUN, Answer(a_run("COMPLETED", [a_task("hello"), a_task("check")])))
    plane.on("GET", f"{RUN}/tasks/hello/log", log(b"h\xff\n", 3, complete=True))
    plane.on("GET", f"{RUN}/tasks/check/log", log(b"c\n", 2, complete=True))

    outcome = formicary("run", "logs", RUN_ID)

    assert outcome.out == "==> hello <==\nh\ufffd\n\n==> check <==\nc\n"


def test_logs_are_asked_for_with_times(formicary, plane):
    plane.on("GET", RUN, Answer(a_run("COMPLETED", [a_task("hello")])))
    plane.on("GET", f"{RUN}/tasks/hello/log", log(b"T h\n", 4, complete=True))

    formicary("run", "logs", RUN_ID, "hello", "--timestamps", "--labels", "--stream=stderr")

    query = plane.asked[-1].query
    assert [query[name] for name in ("timestamps", "labels", "stream")] == ["true"] * 2 + ["stderr"]


def test_following_a_log_prints_each_byte_once_and_ends_with_the_run(formicary, plane):
    busy = a_run("EXECUTING", [a_task("hello", "EXECUTING")])
    plane.on("GET", RUN, Answer(busy), Answer(busy), Answer(a_run("FAILED", [a_task("hello")])))
    pieces = [log(b"one\n", 4, complete=False), log(b"", 4, complete=False)]
    plane.on("GET", f"{RUN}/tasks/hello/log", *pieces, log(b"two\n", 8, complete=True))

    outcome = formicary("run", "logs", RUN_ID, "hello", "-f")

    assert outcome.out == "one\ntwo\n"
    assert outcome.code == 1
    offsets = [asked.query["offset"] for asked in plane.asked if asked.path.endswith("/log")]
    assert offsets == ["0", "4", "4"]


def test_the_log_of_a_task_that_has_not_started_says_which_have(formicary, plane):
    plane.on("GET", RUN, Answer(a_run("EXECUTING", [a_task("hello")])))

    outcome = formicary("run", "logs", RUN_ID, "nope")

    assert outcome.code == 3
    assert "hello" in outcome.err


def test_restart_asks_for_a_hard_one_only_when_told(formicary, plane):
    plane.on("POST", f"{RUN}/restart", Answer({}, 202))

    formicary("run", "restart", RUN_ID)
    formicary("run", "restart", RUN_ID, "--hard")

    formicary("run", "restart", RUN_ID, "--from", "load", "--version", "latest")

    assert [asked.query for asked in plane.asked] == [
        {},
        {"hard": "true"},
        {"from": "load", "version": "latest"},
    ]


@pytest.mark.parametrize("verb", ["pause", "resume", "trigger", "cancel"])
def test_a_verb_is_asked_of_the_run_and_a_refusal_is_told(formicary, plane, verb):
    plane.on("POST", f"{RUN}/{verb}", Answer({}, 202))
    assert formicary("run", verb, RUN_ID).code == 0

    plane.problem("POST", f"{RUN}/{verb}", 409, "The job request is ending.")
    outcome = formicary("run", verb, RUN_ID)
    assert outcome.code != 0
    assert "The job request is ending." in outcome.err


def test_pause_now_interrupts(formicary, plane):
    plane.on("POST", f"{RUN}/pause", Answer({}, 202))

    formicary("run", "pause", RUN_ID, "--now")

    assert plane.asked[0].query == {"now": "true"}


def test_history_tells_what_was_applied_and_what_was_not(formicary, plane):
    at = "2026-01-01T00:00:00Z"
    applied = {"at": at, "kind": "TaskFinished", "verdict": "applied", "version": 4, "reason": ""}
    applied |= {"event": {"task_type": "hello", "attempt": 1, "exit_code": "0"}, "by": ""}
    forged = {"at": at, "kind": "TaskFinished", "verdict": "forged", "version": None, "event": {}}
    forged |= {"reason": "the proof is wrong", "by": "ant-9"}
    plane.on("GET", f"{RUN}/history", Answer(a_page(applied, forged)))

    head, first, second = formicary("run", "history", RUN_ID).out.splitlines()

    assert head.split() == ["VERSION", "AT", "EVENT", "VERDICT", "DETAILS"]
    assert "task_type=hello, attempt=1, exit_code=0" in first
    assert "forged" in second
    assert "by ant-9, the proof is wrong" in second
    as_json = formicary("run", "history", RUN_ID, "--output", "json")
    assert [record["verdict"] for record in json.loads(as_json.out)] == ["applied", "forged"]


def test_notifications_tell_who_was_told_and_who_could_not_be(formicary, plane):
    common = {"updated_at": "2026-11-24T10:00:00Z", "attempts": 1}
    sent = common | {
        "channel": "email",
        "recipient": "ann@example.org",
        "state": "SENT",
        "task_type": "",
        "told_state": "COMPLETED",
        "fixed": True,
        "error": "",
    }
    failing = sent | {
        "channel": "webhook",
        "recipient": "https://hooks.example.org/...",
        "state": "FAILING",
        "task_type": "load",
        "fixed": False,
        "error": "It answered 503.",
    }
    plane.on("GET", f"{RUN}/notifications", Answer({"records": [sent, failing]}))

    _, first, second = formicary("run", "notifications", RUN_ID).out.splitlines()

    assert first.split()[-7:] == ["the", "job", "Fixed", "email", "ann@example.org", "SENT", "1"]
    assert second.endswith("It answered 503.")
    assert "load" in second
    as_json = formicary("run", "notifications", RUN_ID, "--output", "json")
    assert json.loads(as_json.out) == [sent, failing]
