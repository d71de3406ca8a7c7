"""Run the phases and write what was counted to a file. The environment is that of the functions."""

import argparse
import json
import sys
import tempfile
import threading
import time
import urllib.request
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.bench import jobs
from tests.bench.counted.functions import Function, Recorder, count_output

_LOG = count_output()

import boto3  # noqa: E402 - the handlers' loggers take standard output when they are imported

from ant_agent.agent import Ant  # noqa: E402
from ant_agent.settings import Settings as AntSettings  # noqa: E402
from formicary.adapters.aws.call_counter import CallCounter  # noqa: E402
from lambdas.authorize_request import handler as authorizer  # noqa: E402
from lambdas.handle_api import handler as api  # noqa: E402
from lambdas.publish_changes import handler as publisher  # noqa: E402
from lambdas.run_engine import handler as engine  # noqa: E402
from tests.bench.counted.clients_in import clients_in  # noqa: E402
from tests.bench.counted.gateway import Gateway, served  # noqa: E402
from tests.bench.counted.pollers import QueuePoller, StreamPoller  # noqa: E402

_LINGER_SECONDS = 1.5  # until the ant has deleted the messages of what it reported
_PATIENCE_SECONDS = 300


class World:
    """A control plane of real functions, and a user's way into it."""

    def __init__(self, url: str, token: str, recorder: Recorder, stream: StreamPoller) -> None:
        self.url = url
        self.token = token
        self.recorder = recorder
        self.stream = stream
        self.ant_calls: dict[str, list[dict[str, Any]]] = {}

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Call the API; an answer that is an error ends the bench."""
        request = urllib.request.Request(
            self.url + path,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"},
            method=method,
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def run(self, job_type: str) -> None:
        """Run a job to its end."""
        path = "/api/jobs/requests"
        run_id = self.call("POST", path, {"job_type": job_type})["id"]
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while (state := self.call("GET", f"{path}/{run_id}")["job_state"]) != "COMPLETED":
            if state in {"FAILED", "CANCELLED"} or time.monotonic() > deadline:
                raise SystemExit(f"the run of {job_type} is {state}")
            time.sleep(0.2)

    def phase(self, name: str, job_type: str, times: int, counter: CallCounter) -> None:
        """Run a job so often, everything counted under the name."""
        print(f"counting: {name}, {times} x {job_type}", file=sys.stderr, flush=True)
        self.stream.drain()
        self.recorder.phase = name
        counter.reset()
        for _ in range(times):
            self.run(job_type)
        time.sleep(_LINGER_SECONDS)
        self.stream.drain()
        self.recorder.phase = "between"
        self.ant_calls[name] = [asdict(tally) for tally in counter.tallies()]


def main() -> None:
    """Count single jobs, one chain, and a task that lasts longer than a heartbeat."""
    parser = argparse.ArgumentParser()
    for name in ("jobs", "tasks", "long-jobs"):
        parser.add_argument(f"--{name}", type=int, required=True)
    for name in ("token", "events-queue", "output"):
        parser.add_argument(f"--{name}", required=True)
    options = parser.parse_args()

    recorder = Recorder(_LOG)
    run_engine = Function("run_engine", engine.handler, engine._engine(), recorder)
    gateway = Gateway(
        api=Function("handle_api", api.handler, api._api(), recorder),
        engine=run_engine,
        authorizer=Function(
            "authorize_request", authorizer.handler, authorizer._tokens(), recorder
        ),
    )
    stream = StreamPoller(
        boto3.client("dynamodbstreams"),
        Function(
            "publish_changes",
            publisher.handler,
            [publisher._bus(), publisher._told_ends()],
            recorder,
        ),
    )
    poller = QueuePoller(boto3.client("sqs"), options.events_queue, run_engine)
    with served(gateway) as url, tempfile.TemporaryDirectory() as folder:
        world = World(url, options.token, recorder, stream)
        poller.start()
        for text in _definitions(options.tasks):
            world.call("POST", "/api/jobs/definitions", text)
        ant, counter = _start_ant(url, options.token, Path(folder))
        world.phase("warm-up", "bench-single", 2, counter)
        world.phase("chain", "bench-chain", 1, counter)
        world.phase("single", "bench-single", options.jobs, counter)
        world.phase("long", "bench-long", options.long_jobs, counter)
        ant.stop()
        ant.stop()
        poller.stop()
    counted = {
        "invocations": [asdict(invocation) for invocation in recorder.invocations],
        "ant_calls": world.ant_calls,
        "items": recorder.items,
    }
    Path(options.output).write_text(json.dumps(counted))


def _definitions(tasks: int) -> list[dict[str, Any]]:
    """The API takes definitions as JSON too: the same document."""
    import yaml

    texts = [
        jobs.chain("bench-single", 1),
        jobs.chain("bench-chain", tasks),
        jobs.chain("bench-long", 1).replace("'true'", "sleep 6"),
    ]
    return [yaml.safe_load(text) for text in texts]


def _start_ant(url: str, token: str, folder: Path) -> tuple[Ant, CallCounter]:
    ant = Ant(AntSettings(url=url, token=token, id="bench-ant", work_dir=folder, capacity=8))
    threading.Thread(target=ant.run, daemon=True).start()
    counter = CallCounter()
    deadline = time.monotonic() + 30
    while not list(clients_in(ant._connection.aws)):
        if time.monotonic() > deadline:
            raise SystemExit("the ant does not register")
        time.sleep(0.05)
    # Clients are made at their first call.
    ant._connection.aws.s3(lambda _: None)
    for client in clients_in(ant._connection.aws):
        counter.attach(client)
    return ant, counter


if __name__ == "__main__":
    main()
