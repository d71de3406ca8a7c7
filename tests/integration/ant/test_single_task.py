"""An ant for the length of one task, as a function has it: on objects and events in memory."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import ClassVar

import pytest

from ant_agent.single_task import FunctionSettings, SingleTaskAnt
from formicary.domain.ant import AttemptAnswer, AttemptQuestion, SecretsAnswer
from formicary.domain.errors import UnavailableError
from formicary.domain.messages import EventMessage
from formicary.domain.states import RequestState
from formicary.domain.task_request import TaskMessage
from tests.integration.ant.workbench import InMemoryObjects
from tests.integration.ant.world import task

PLACE = {"artifacts": {"paths": ["answer"]}}


class _Handler(BaseHTTPRequestHandler):
    go_on = Event()
    asked: ClassVar[list[tuple[str, str | None]]] = []

    def do_GET(self) -> None:
        self.asked.append((self.path, self.headers["X-Token"]))
        if self.path == "/slow":
            self.go_on.wait(30)
        body = f"the session is s3cret-value {self.headers['X-Token']} {self.path}\n".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as web:
        thread = Thread(target=web.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{web.server_port}"
        web.shutdown()
        thread.join()


class Desk:
    """The control plane's desk: it wants the attempt until it is told otherwise."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self.wanted, self.refused = True, ""
        self.questions: list[AttemptQuestion] = []
        self.fault: Exception | None = None

    def ask(self, question: AttemptQuestion) -> AttemptAnswer:
        self.questions.append(question)
        if self.fault:
            raise self.fault
        if not (self.wanted and question.names) or self.refused:
            return AttemptAnswer(wanted=self.wanted, refused=self.refused)
        marks = {name: mark(name) for name in question.names}
        secrets = SecretsAnswer(values=self.values, placeholders=marks)
        return AttemptAnswer(wanted=True, secrets=secrets)


def mark(name: str) -> str:
    return f"FORMICARYSECRET{name.upper()}"


class Bench:
    """What the function has around it."""

    def __init__(self, folder: Path, *, public_only: bool = False, beat: float = 60) -> None:
        self.folder = folder
        self.objects = InMemoryObjects()
        self.sent: list[EventMessage] = []
        self.desk = Desk()
        self.told = Event()
        self.ant = SingleTaskAnt(
            settings=FunctionSettings(http_public_only=public_only),
            store=self.objects,
            send=self._send,
            folder=folder,
            desk=self.desk,
            secrets=lambda: ["s3cret-value"],
            beat_seconds=beat,
        )

    def _send(self, body: str) -> None:
        self.sent.append(EventMessage.model_validate_json(body))
        self.told.set()

    def run(self, message: TaskMessage) -> EventMessage:
        self.ant.run(message)
        return self.sent[-1]


def call(url: str, options: dict[str, object] | None = None, **changes: object) -> TaskMessage:
    return task(url, options={"method": "HTTP_GET"} | (options or {}), **changes)


def test_a_task_is_carried_out_and_reported_with_its_proof(tmp_path: Path, server: str) -> None:
    bench = Bench(tmp_path)
    message = call(f"{server}/x", options=PLACE)

    report = bench.run(message)

    response = report.response
    assert response is not None
    assert report.proof == message.proof
    assert (report.tenant, report.execution_id) == (
        message.tenant,
        message.request.job_execution_id,
    )
    assert (response.status, response.exit_code) == (RequestState.COMPLETED, "200")
    assert response.ant_id == "http-function"
    (artifact,) = response.artifacts
    assert artifact.key.startswith(message.object_prefix)
    assert b"the session is" in bench.objects.objects[artifact.key]
    assert len(bench.sent) == 1


def test_what_no_output_may_show_is_masked_and_nothing_stays_on_disk(
    tmp_path: Path, server: str
) -> None:
    bench = Bench(tmp_path)

    report = bench.run(call(f"{server}/x"))

    assert report.response is not None
    assert "the session is" in report.response.log.inline
    assert "s3cret-value" not in json.dumps(report.model_dump(mode="json"))
    assert list(tmp_path.iterdir()) == []


def test_addresses_inside_are_refused(tmp_path: Path, server: str) -> None:
    report = Bench(tmp_path, public_only=True).run(call(f"{server}/x"))

    assert report.response is not None
    assert report.response.status is RequestState.FAILED
    assert "reach public addresses alone" in report.response.error_message


def test_a_folder_of_the_host_is_no_place_for_a_task(tmp_path: Path, server: str) -> None:
    options = {"working_dir": "/proc/self", "artifacts": {"paths": ["x", "environ"]}}
    bench = Bench(tmp_path)

    report = bench.run(call(f"{server}/x", options=options))

    assert report.response is not None
    assert report.response.error_code == "ERR_VALIDATION"
    assert "names a working_dir of its host" in report.response.error_message
    assert bench.objects.objects == {}


def test_a_longer_task_tells_that_it_has_begun(tmp_path: Path, server: str) -> None:
    _Handler.go_on.clear()
    bench = Bench(tmp_path, beat=0.01)
    worker = Thread(target=bench.run, args=(call(f"{server}/slow"),))
    worker.start()
    assert bench.told.wait(30)
    _Handler.go_on.set()
    worker.join()

    assert [message.kind for message in bench.sent] == ["TaskStarted", "TaskFinished"]
    assert bench.sent[0].event["ant_id"] == "http-function"


def test_a_task_that_times_out_is_reported(tmp_path: Path, server: str) -> None:
    _Handler.go_on.clear()

    report = Bench(tmp_path).run(call(f"{server}/slow", timeout=0.3))

    _Handler.go_on.set()
    assert report.response is not None
    assert report.response.error_code == "ERR_TASK_TIMED_OUT"


def test_a_fault_of_the_store_reaches_the_user(tmp_path: Path, server: str) -> None:
    bench = Bench(tmp_path)
    bench.objects.failures = 99

    report = bench.run(call(f"{server}/x", options=PLACE))

    assert report.response is not None
    assert report.response.status is RequestState.FAILED
    assert report.response.error_code == "ERR_ARTIFACT_UPLOAD"


def with_token(server: str) -> TaskMessage:
    options: dict[str, object] = {"headers": {"X-Token": mark("Token")}, **PLACE}
    message = call(f"{server}/x?key={mark('Token')}", options=options)
    return message.model_copy(update={"secrets": ["Token"], "schema_version": 2})


def test_secrets_reach_the_server_and_nothing_else(
    tmp_path: Path, server: str, caplog: pytest.LogCaptureFixture
) -> None:
    bench = Bench(tmp_path)
    bench.desk.values = {"Token": "ghp_v4lue"}
    message = with_token(server)

    report = bench.run(message)

    assert _Handler.asked[-1] == ("/x?key=ghp_v4lue", "ghp_v4lue")
    (question,) = bench.desk.questions
    assert (question.tenant, question.proof) == (message.tenant, message.proof)
    assert question.names == ["Token"]
    assert report.response is not None
    assert report.response.status is RequestState.COMPLETED
    assert "*** /x?key=***" in report.response.log.inline
    assert "ghp_v4lue" not in report.model_dump_json()
    assert "ghp_v4lue" not in caplog.text
    assert list(tmp_path.iterdir()) == []


def test_a_fault_shows_no_secret_either(tmp_path: Path, server: str) -> None:
    bench = Bench(tmp_path, public_only=True)
    bench.desk.values = {"Token": "ghp_v4lue"}

    report = bench.run(with_token(server))

    assert report.response is not None
    assert report.response.status is RequestState.FAILED
    assert "ghp_v4lue" not in report.model_dump_json()


def test_a_secret_that_is_not_to_be_had_fails_the_task_in_words(
    tmp_path: Path, server: str
) -> None:
    bench = Bench(tmp_path)
    bench.desk.refused = "The task 'work' has no secret 'Token'"

    report = bench.run(with_token(server))

    assert report.response is not None
    assert report.response.error_code == "ERR_VALIDATION"
    assert "no secret 'Token'" in report.response.error_message


def test_an_attempt_that_nobody_wants_any_more_is_not_begun(tmp_path: Path, server: str) -> None:
    _Handler.asked.clear()
    bench = Bench(tmp_path)
    bench.desk.wanted = False

    report = bench.run(with_token(server))

    assert report.response is not None
    assert report.response.status is RequestState.CANCELLED
    assert _Handler.asked == []


def test_without_an_answer_the_task_is_not_begun_and_lambda_starts_it_again(
    tmp_path: Path, server: str
) -> None:
    _Handler.asked.clear()
    bench = Bench(tmp_path)
    bench.desk.fault = UnavailableError("no answer")

    with pytest.raises(UnavailableError):
        bench.run(with_token(server))

    assert bench.sent == []
    assert _Handler.asked == []
    assert list(tmp_path.iterdir()) == []


def test_a_cancel_ends_a_call_that_is_under_way(tmp_path: Path, server: str) -> None:
    _Handler.go_on.clear()
    bench = Bench(tmp_path, beat=0.01)
    bench.desk.wanted = False

    report = bench.run(call(f"{server}/slow"))

    _Handler.go_on.set()
    assert report.response is not None
    assert report.response.status is RequestState.CANCELLED


def test_a_desk_that_does_not_answer_ends_no_task(tmp_path: Path, server: str) -> None:
    _Handler.go_on.clear()
    bench = Bench(tmp_path, beat=0.01)
    bench.desk.fault = UnavailableError("no answer")
    worker = Thread(target=bench.run, args=(call(f"{server}/slow"),))
    worker.start()
    assert bench.told.wait(30)
    while len(bench.desk.questions) < 3:
        bench.told.wait(0.01)
    _Handler.go_on.set()
    worker.join()

    report = bench.sent[-1]
    assert report.response is not None
    assert report.response.status is RequestState.COMPLETED
    assert [message.kind for message in bench.sent].count("TaskStarted") == 1
