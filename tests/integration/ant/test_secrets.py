"""Secrets are fetched when a task begins, filled in, and kept out of all that leaves the host."""

import json
import logging

import pytest

from formicary.domain.states import ErrorCode, RequestState
from tests.integration.ant.world import World, eventually, task

pytestmark = pytest.mark.emulator
MARK, TOKEN = "FORMICARYSECRET" + "0AF1" * 8, 'ghp_s3cr3t "quoted" $HOME'


@pytest.fixture
def secrets(world: World) -> World:
    world.control_plane.secrets = {"Token": (MARK, TOKEN)}
    return world


def with_secret(*script: str, names=("Token",)):
    options = {"environment": {"TOKEN": MARK}}
    return task(*script, options=options).model_copy(update={"secrets": list(names)})


def test_a_script_gets_the_secret_and_its_output_hides_it(secrets: World) -> None:
    secrets.start_ant()
    script = 'printf %s "$TOKEN" | wc -c; echo "got $TOKEN"; echo "::set-output name=A::$TOKEN"'

    response = secrets.outcome(secrets.send(with_secret(script)))

    assert response.status is RequestState.COMPLETED
    assert response.log.inline.split()[0] == str(len(TOKEN))
    assert "got ***" in response.log.inline
    assert TOKEN not in response.model_dump_json()
    assert "s3cr3t" not in response.model_dump_json()


def test_a_failure_that_shows_the_command_hides_the_secret(secrets: World) -> None:
    secrets.start_ant()

    response = secrets.outcome(secrets.send(with_secret(f"false '{MARK}'")))

    assert response.status is RequestState.FAILED
    assert "s3cr3t" not in response.model_dump_json()


def test_the_proof_of_the_attempt_goes_with_the_question(secrets: World) -> None:
    secrets.start_ant()
    message = secrets.send(with_secret("true"))
    secrets.outcome(message)

    [asked] = secrets.control_plane.secrets_asked
    assert asked["proof"] == message.proof
    assert asked["names"] == ["Token"]


def test_a_task_without_secrets_asks_for_none(secrets: World) -> None:
    secrets.start_ant()

    secrets.run("true")

    assert secrets.control_plane.secrets_asked == []


def test_secrets_that_are_refused_fail_the_task_with_words(secrets: World) -> None:
    secrets.control_plane.forced_status["secrets"] = [400]
    secrets.start_ant()

    response = secrets.outcome(secrets.send(with_secret("echo never")))

    assert response.status is RequestState.FAILED
    assert response.error_code == ErrorCode.VALIDATION
    assert "secrets" in response.error_message


def test_a_control_plane_that_is_away_gives_the_task_to_a_later_attempt(secrets: World) -> None:
    secrets.control_plane.forced_status["secrets"] = [503]
    secrets.control_plane.claim_answer = lambda _: {
        "granted": True,
        "attempt": 2,
        "proof": "second",
        "object_prefix": "acme/second/",
    }
    secrets.start_ant()
    secrets.send(with_secret("true"))

    eventually(secrets.reports)

    assert [asked["attempt"] for asked in secrets.control_plane.secrets_asked] == [2]
    assert secrets.reports()[0].proof == "second"


def test_the_ant_s_own_log_and_its_spool_hold_no_secret(
    secrets: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    secrets.start_ant()

    secrets.outcome(secrets.send(with_secret("echo $TOKEN")))

    told = json.dumps([record.getMessage() for record in caplog.records])
    assert "s3cr3t" not in told
    for path in secrets.work.rglob("*"):
        if path.is_file():
            assert b"s3cr3t" not in path.read_bytes()
