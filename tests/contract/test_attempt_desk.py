"""The desk of attempts: asked in the same process, and as a function on Lambda."""

import io
import json

import pytest

from formicary.adapters.aws.lambda_attempt_desk import LambdaAttemptDesk
from formicary.domain.ant import AttemptQuestion
from formicary.domain.errors import ForgedEventError, UnavailableError
from formicary.service_layer.answer_attempt import AttemptAnswers
from formicary.service_layer.task_secrets import TaskSecrets
from lambdas.answer_attempt.handler import answer
from tests.unit.lambdas.job_play import JobPlay

VALUE = "ghp_s3cr3t-Token"
CONFIGS = "/api/orgs/me/configs"
TEXT = """
job_type: calls
tasks:
- task_type: ask
  method: HTTP_GET
  url: https://example.org/
  headers: {Authorization: "Bearer {{.Token}}"}
- task_type: clean
  method: SHELL
  script: [echo]
  always_run: true
"""


class FakeLambda:
    """Calls the handler of the function as Lambda does."""

    def __init__(self, desk):
        self._desk = desk

    def invoke(self, *, FunctionName, InvocationType, Payload):  # noqa: N803 - named by AWS
        assert (FunctionName, InvocationType) == ("answer-attempt", "RequestResponse")
        told = answer(self._desk, json.loads(Payload))
        return {"Payload": io.BytesIO(json.dumps(told).encode())}


class Asking(JobPlay):
    """A job that is under way, and who asks about it."""

    def __post_init__(self):
        super().__post_init__()
        self.post(CONFIGS, {"name": "Token", "value": VALUE, "secret": True})
        self.define(TEXT)
        self.run_id = self.start("calls")
        self.message = self.next_task()
        plane = self.plane
        secrets = TaskSecrets(plane.parsed, plane.configs, plane.secrets)
        self.desk = AttemptAnswers(plane.runs, secrets)

    def ask(self, *names, **changes):
        request = self.message.request
        question = AttemptQuestion(
            tenant=self.message.tenant,
            job_request_id=request.job_request_id,
            job_execution_id=request.job_execution_id,
            task_type=request.task_type,
            attempt=self.message.attempt,
            proof=self.message.proof,
            names=list(names),
        )
        return self.desk.ask(question.model_copy(update=changes))


@pytest.fixture(params=["in the process", "on Lambda"])
def play(request):
    play = Asking()
    if request.param == "on Lambda":
        play.desk = LambdaAttemptDesk(FakeLambda(play.desk), "answer-attempt")
    return play


def test_the_secrets_of_an_attempt_that_goes_on_are_handed_out(play):
    told = play.ask("Token")

    assert told.wanted
    assert told.secrets.values == {"Token": VALUE}
    mark = told.secrets.placeholders["Token"]
    assert mark in play.message.request.executor_opts.headers["Authorization"]


def test_who_names_no_secret_hears_whether_the_attempt_is_wanted(play):
    told = play.ask()

    assert told.wanted
    assert told.secrets is None


@pytest.mark.parametrize(
    "change",
    [{"proof": "0" * 32}, {"attempt": 2}, {"task_type": "clean"}, {"job_execution_id": "e"}],
)
def test_who_has_not_the_proof_of_the_attempt_hears_nothing(play, change):
    for names in ([], ["Token"]):
        with pytest.raises(ForgedEventError):
            play.ask(*names, **change)


@pytest.mark.parametrize("change", [{"tenant": "evil"}, {"job_request_id": "other"}])
def test_of_what_is_not_there_nothing_is_wanted(play, change):
    told = play.ask("Token", **change)

    assert not told.wanted
    assert told.secrets is None


def test_a_cancelled_attempt_is_not_wanted_while_the_run_waits_for_its_report(play):
    play.post(f"/api/jobs/requests/{play.run_id}/cancel")
    play.settle()

    assert play.show(play.run_id)["job_state"] == "EXECUTING"
    assert not play.ask().wanted
    assert play.ask("Token").secrets is None


def test_an_attempt_that_has_ended_gets_nothing(play):
    play.finish(play.message)

    assert not play.ask("Token").wanted


@pytest.mark.parametrize("name", ["Token", "Other"])
def test_a_secret_that_is_not_to_be_had_is_told_in_words(play, name):
    play.call("DELETE", f"{CONFIGS}/Token")
    told = play.ask(name)

    assert told.wanted
    assert told.secrets is None
    assert f"The task 'ask' has no secret '{name}'" in told.refused


def test_a_function_that_failed_is_asked_again_later():
    class Failing:
        def invoke(self, **_asked):
            return {"FunctionError": "Unhandled", "Payload": io.BytesIO(b'{"errorMessage": "x"}')}

    play = Asking()
    play.desk = LambdaAttemptDesk(Failing(), "answer-attempt")

    with pytest.raises(UnavailableError):
        play.ask()


def test_the_log_of_the_function_shows_no_value(caplog):
    play = Asking()
    play.desk = LambdaAttemptDesk(FakeLambda(play.desk), "answer-attempt")
    play.ask("Token")

    log = repr([vars(record) for record in caplog.records])
    assert "'secrets': ['Token']" in log
    assert VALUE not in log
    assert play.message.proof not in log
