"""A job played over the API, the engine and an ant, all in memory."""

from typing import Any

from formicary.domain.artifact import Artifact
from formicary.domain.messages import pack_response
from formicary.domain.states import RequestState
from formicary.domain.task_request import TaskMessage
from formicary.domain.task_response import TaskLog, TaskResponse
from formicary.service_layer.handle_event import Engine
from tests.unit.lambdas.api_play import ApiPlay


class JobPlay(ApiPlay):
    """The API with an engine behind it; the test is the ant."""

    def __post_init__(self) -> None:
        super().__post_init__()
        plane = self.plane
        self.engine = Engine(
            runs=plane.runs,
            definitions=plane.definitions,
            ants=plane.ants,
            events=plane.events,
            task_queues=plane.task_queues,
            objects=plane.objects,
            clock=plane.clock,
            ids=plane.ids,
            gates=plane.gates,
            configs=plane.configs,
        )

    def settle(self) -> None:
        """Have the engine apply what is on the events queue."""
        events: Any = self.plane.events
        while received := events.receive(10):
            for got in received:
                self.engine.handle(got.message)
                events.delete(got.receipt)

    def next_task(self) -> TaskMessage:
        """Receive the next task that is queued."""
        queues: Any = self.plane.task_queues
        for url in queues.urls():
            for got in queues.receive(url):
                queues.delete(url, got.receipt)
                return got.message
        raise AssertionError("no task is queued")

    def finish(self, message: TaskMessage, exit_code: str = "0", **fields: Any) -> None:
        """Report the outcome of a task and have the engine take it."""
        request = message.request
        status = RequestState.COMPLETED if exit_code == "0" else RequestState.FAILED
        response = TaskResponse(
            job_request_id=request.job_request_id,
            task_execution_id=request.task_execution_id,
            job_type=request.job_type,
            job_type_version=request.job_type_version,
            task_type=request.task_type,
            co_relation_id=request.co_relation_id,
            ant_id="ant-1",
            host="box",
            exit_code=exit_code,
            **({"status": status, "log": TaskLog(inline="done\n", size=5)} | fields),
        )
        self.plane.events.send(
            pack_response(
                self.tenant, message.attempt, message.proof, request.job_execution_id, response
            )
        )
        self.settle()

    def start(self, job_type: str = "hello", **fields: Any) -> str:
        """Submit a job, have it begin, and return its id."""
        run_id: str = self.submit(job_type, **fields).json["id"]
        self.settle()
        return run_id

    def show(self, run_id: str) -> Any:
        return self.get(f"/api/jobs/requests/{run_id}").json


def artifact_of(message: TaskMessage, name: str) -> Artifact:
    """An artifact as an ant reports it."""
    return Artifact(
        id=f"{message.request.task_type}-{name}",
        name=name,
        key=f"{message.object_prefix}artifacts/{name}",
        path=name,
        content_length=3,
    )
