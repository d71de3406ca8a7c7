"""Secrets: never shown, never in a message, handed to the ant of a running attempt alone."""

import json

import pytest

from formicary.domain.secret_placeholders import filled_in
from tests.unit.lambdas.api_play import Answer
from tests.unit.lambdas.job_play import JobPlay

TOKEN = "ghp_s3cr3t-Token"
ORGANIZATION, USER, JOB = (
    f"/api/{path}/configs" for path in ("orgs/me", "users", "jobs/definitions/deploy")
)
TEXT = """\
job_type: deploy
tasks:
- task_type: push
  method: SHELL
  environment:
    GITHUB_TOKEN: "{{.Token}}"
  script:
  - git push
  on_completed: rest
- task_type: rest
  method: SHELL
  script: [echo {{.Plain}}]
"""


@pytest.fixture
def play() -> JobPlay:
    play = JobPlay()
    play.post(ORGANIZATION, {"name": "Token", "value": TOKEN, "secret": True})
    ant = {"ant_id": "ant-1", "methods": ["SHELL"]}
    assert play.post("/api/ants", ant).status == 201
    return play


def started(play: JobPlay, text: str = TEXT, **params: str):
    assert play.define(text).status in (200, 201)
    run_id = play.start("deploy", params=params)
    return run_id, play.next_task()


def asked(play: JobPlay, message, *names: str, ant: str = "ant-1", **more) -> Answer:
    request = message.request
    body = {
        "job_request_id": request.job_request_id,
        "job_execution_id": request.job_execution_id,
        "task_type": request.task_type,
        "attempt": message.attempt,
        "proof": message.proof,
        "names": list(names),
    }
    caller = more.pop("caller", {"tenant": "acme", "user": "ant", "role": "ant"})
    return play.post(f"/api/ants/{ant}/secrets", {**body, **more}, caller=caller)


def test_a_secret_is_never_shown_again(play: JobPlay) -> None:
    added = play.post(USER, {"Name": "Other", "Value": TOKEN, "Secret": True})
    seen = [added, play.get(f"{USER}/Other"), play.get(USER), play.get(f"{ORGANIZATION}/Token")]
    changed = play.call("PUT", f"{USER}/Other", {"value": TOKEN + "2"})

    for answer in [*seen, changed]:
        assert answer.status in (200, 201)
        assert TOKEN not in answer.body.decode()
    assert added.json["value"] == "****"
    assert changed.json["secret"]


def test_it_is_stored_sealed(play: JobPlay) -> None:
    stored = repr(vars(play.plane.configs))

    assert "sealed='1.1." in stored
    assert TOKEN not in stored


def test_the_value_as_shown_keeps_the_secret(play: JobPlay) -> None:
    play.call("PUT", f"{ORGANIZATION}/Token", {"value": "****"})
    _, message = started(play)

    assert asked(play, message, "Token").json["values"] == {"Token": TOKEN}


def test_a_secret_becomes_plain_only_with_another_value(play: JobPlay) -> None:
    path = f"{ORGANIZATION}/Token"

    assert play.call("PUT", path, {"value": "****", "secret": False}).status == 400
    assert play.call("PUT", path, {"value": "public", "secret": False}).json["value"] == "public"


@pytest.mark.parametrize("value", ["", "abc", "x" * 5000, "abc\ud800"])
def test_a_secret_that_cannot_be_kept_is_refused(play: JobPlay, value: str) -> None:
    answer = play.post(USER, {"name": "A", "value": value, "secret": True})

    assert answer.status in (400, 413)
    assert play.get(f"{USER}/A").status == 404


def test_the_message_to_the_ant_holds_a_placeholder(play: JobPlay) -> None:
    _, message = started(play)
    body = message.model_dump_json()

    assert TOKEN not in body
    assert message.secrets == ["Token"]
    assert message.schema_version == 2
    assert message.request.executor_opts.environment["GITHUB_TOKEN"].startswith("FORMICARYSECRET")


def test_the_ant_of_the_attempt_gets_it_and_can_fill_it_in(play: JobPlay) -> None:
    _, message = started(play)

    answer = asked(play, message, "Token")

    assert answer.status == 200
    assert answer.headers["Cache-Control"] == "no-store"
    values = {answer.json["placeholders"]["Token"]: answer.json["values"]["Token"]}
    filled = filled_in(message.request.model_dump(mode="json"), values)
    assert filled["executor_opts"]["environment"] == {"GITHUB_TOKEN": TOKEN}


def test_a_task_that_mentions_none_has_none(play: JobPlay) -> None:
    _, message = started(play)
    play.finish(message)
    rest = play.next_task()

    assert rest.secrets == []
    assert rest.schema_version == 1
    assert asked(play, rest, "Token").status == 400


@pytest.mark.parametrize(
    "more", [{"proof": "0" * 32}, {"attempt": 2}, {"task_type": "rest"}, {"job_execution_id": "e"}]
)
def test_without_the_proof_of_the_attempt_nothing_is_handed_out(play: JobPlay, more) -> None:
    _, message = started(play)

    answer = asked(play, message, "Token", **more)

    assert answer.status == 403
    assert TOKEN not in answer.body.decode()


def test_an_attempt_that_is_over_gets_nothing(play: JobPlay) -> None:
    _, message = started(play)
    play.finish(message)

    assert asked(play, message, "Token").status == 409


def test_neither_another_tenant_nor_an_unknown_ant_gets_it(play: JobPlay) -> None:
    _, message = started(play)
    evil = {"tenant": "evil", "user": "ant", "role": "ant"}

    assert asked(play, message, "Token", caller=evil).status == 404
    assert asked(play, message, "Token", ant="ant-2").status == 404


def test_a_deleted_secret_is_told_by_its_name(play: JobPlay) -> None:
    _, message = started(play)
    play.call("DELETE", f"{ORGANIZATION}/Token")

    answer = asked(play, message, "Token")

    assert (answer.status, answer.json["secrets"]) == (400, ["Token"])


def test_the_secret_of_the_job_goes_over_those_of_user_and_organization(play: JobPlay) -> None:
    play.post(USER, {"name": "Token", "value": "of-the-user", "secret": True})
    _, message = started(play)
    assert asked(play, message, "Token").json["values"]["Token"] == "of-the-user"

    play.post(JOB, {"name": "Token", "value": "of-the-job", "secret": True})
    assert asked(play, message, "Token").json["values"]["Token"] == "of-the-job"


def test_a_plain_variable_over_a_secret_leaves_no_secret(play: JobPlay) -> None:
    _, message = started(play, Token="from-params")

    assert message.secrets == []
    assert message.request.executor_opts.environment == {"GITHUB_TOKEN": "from-params"}
    assert "FORMICARYSECRET" not in message.model_dump_json()


def test_the_placeholder_of_one_task_is_not_that_of_another(play: JobPlay) -> None:
    text = TEXT.replace("{{.Plain}}", "{{.Token}}")
    _, first = started(play, text)
    play.finish(first)
    second = play.next_task()

    mark = first.request.executor_opts.environment["GITHUB_TOKEN"]
    assert mark not in second.model_dump_json()


@pytest.mark.parametrize(
    ("field", "line"),
    [
        ("tags", 'tags: ["{{.Token}}"]'),
        ("artifacts", 'artifacts: {paths: ["{{.Token}}"]}'),
        ("description", 'description: "{{.Token}}"'),
        ("working_dir", 'working_dir: "/tmp/{{.Token}}"'),
    ],
)
def test_a_secret_where_users_would_see_it_fails_the_task(
    play: JobPlay, field: str, line: str
) -> None:
    play.define(TEXT.replace("  script:\n  - git push", f"  {line}\n  script: [git push]"))
    view = play.show(play.start("deploy"))

    assert view["error_code"] == "ERR_VALIDATION"
    assert field in view["error_message"]
    assert TOKEN not in json.dumps(view)


def test_a_secret_is_not_handed_to_what_takes_websocket_tasks(play: JobPlay) -> None:
    play.define(TEXT.replace("method: SHELL", "method: WEBSOCKET"))
    view = play.show(play.start("deploy"))

    assert "is not handed to a WEBSOCKET task" in view["error_message"]


def test_a_secret_is_not_handed_to_a_child_job(play: JobPlay) -> None:
    text = TEXT.replace(
        "task_type: push\n  method: SHELL",
        "task_type: push\n  method: FORK_JOB\n"
        "  fork_job_type: deploy\n  variables: {Given: '{{.Token}}'}",
    )
    play.define(text)
    view = play.show(play.start("deploy"))

    assert "is not handed to a child job" in view["error_message"]


def test_fields_that_the_engine_obeys_see_no_secrets(play: JobPlay) -> None:
    text = TEXT.replace("on_completed: rest", "on_completed: rest\n  allow_failure: '{{.Token}}'")
    play.define(text)
    view = play.show(play.start("deploy"))

    assert TOKEN not in json.dumps(view)
    assert view["error_code"] == "ERR_VALIDATION"


def test_no_view_of_a_run_shows_the_secret(play: JobPlay) -> None:
    run_id, message = started(play)
    play.finish(message)

    for path in ("", "/dot", "/mermaid"):
        assert TOKEN not in play.get(f"/api/jobs/requests/{run_id}{path}").body.decode()
