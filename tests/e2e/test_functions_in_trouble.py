"""Functions whose calls are throttled, that are killed between two calls, and whose events stray.

What they call is the embedded AWS as ever, through a proxy that does what this machine's AWS never
does.
"""

from __future__ import annotations

import json
import random
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.ant_by_hand import AntByHand
from tests.e2e.api import BUSY, Api, eventually, states_of, tasks_of
from tests.e2e.deployed_functions import API, ENGINE, DeployedFunctions
from tests.e2e.proxy import Exchange, Proxy, Response, pass_on

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Behaviour = Callable[[Exchange], Response | None]

JOBS = 20
TWO_TASKS = """
job_type: {name}
tasks:
- {{task_type: a, method: SHELL, tags: [{tag}], script: ['true'], on_completed: b}}
- {{task_type: b, method: SHELL, tags: [{tag}], script: ['true']}}
"""
_DYNAMODB = "DynamoDB_20120810"
KILLS = 6
_WRITES = (".TransactWriteItems", ".PutItem", ".UpdateItem")
_SEND = "AmazonSQS.SendMessage"


@dataclass(frozen=True)
class Wires:
    """What lies between the functions and what they call."""

    engine: Proxy
    api: Proxy

    def behave(self, behaviour: Behaviour) -> None:
        """Have both behave so."""
        self.engine.behaviour = self.api.behaviour = behaviour


class Trouble:
    """The wires, and chance with its seed."""

    def __init__(self, system: Any, wires: Wires) -> None:
        self.system = system
        self.wires = wires
        self.functions = DeployedFunctions(system)
        seed = random.randrange(10**6)
        print(f"seed {seed}")  # noqa: T201 - shown when the test fails
        self._random = random.Random(seed)
        self._lock = threading.Lock()
        self.done: Counter[str] = Counter()

    def happens(self, share: float, what: str = "", *, at_most: int = 10**9) -> bool:
        """Whether it is the turn of something that is to happen to a share of the calls."""
        with self._lock:
            if self.done[what] >= at_most or self._random.random() >= share:
                return False
            self.done[what] += 1
            return True

    def choose(self, number: int) -> int:
        """Choose one of so many."""
        with self._lock:
            return self._random.randrange(number)

    def run_jobs(self, name: str, tag: str = "") -> None:
        """Run jobs while the wires behave as they do; each is to end well, and once."""
        api = self.system.api()
        api.define(TWO_TASKS.format(name=name, tag=tag))
        try:
            with ThreadPoolExecutor(4) as pool:
                requests = list(pool.map(partial(submitted, api, name), range(JOBS)))
            ended = {request: api.ended(request, "COMPLETED") for request in requests}
        finally:
            self.wires.behave(pass_on)
        assert eventually(lambda: self.system.events_under_way() == 0)
        for request, run in ended.items():
            self.ended_once(request, run)

    def ended_once(self, request: str, run: Any) -> None:
        """Whether all that happened to a run led to one end, which stays."""
        api = self.system.api()
        after = api.run(request)
        assert (after["job_state"], after["ended_at"]) == ("COMPLETED", run["ended_at"])
        assert states_of(after) == {"a": "COMPLETED", "b": "COMPLETED"}
        for task in tasks_of(after).values():
            assert [a["status"] for a in task["attempts"] if not a["late"]] == ["COMPLETED"]
        records = api.get(f"/api/jobs/requests/{request}/history")["records"]
        applied = Counter(record["kind"] for record in records if record["verdict"] == "applied")
        assert (applied["JobSubmitted"], applied["TaskFinished"]) == (1, 2)


@pytest.fixture(scope="module")
def wires(system) -> Iterator[Wires]:
    """Proxies that the engine and the API call DynamoDB and SQS through."""
    functions = DeployedFunctions(system)
    with closing(Proxy(system.port)) as engine, closing(Proxy(system.port)) as api:
        told = {
            part: {"AWS_ENDPOINT_URL_DYNAMODB": proxy.url, "AWS_ENDPOINT_URL_SQS": proxy.url}
            for part, proxy in ((ENGINE, engine), (API, api))
        }
        with functions.told(told), functions.events_come_again_after(6):
            yield Wires(engine, api)


@pytest.fixture
def trouble(system, wires) -> Trouble:
    return Trouble(system, wires)


def submitted(api: Api, name: str, number: int) -> str:
    """Submit a request as a client does that means to have it, and have it once."""
    document = {"job_type": name, "user_key": f"{name}-{number}"}
    answers: list[Any] = []

    def accepted() -> bool:
        answers.append(api.post_json("/api/jobs/requests", document))
        return answers[-1].status not in BUSY

    assert eventually(accepted), answers[-1]
    assert answers[-1].status in (200, 201), answers[-1]
    return str(answers[-1].json["id"])


def throttle(kind: int, action: str, body: Any) -> Response:
    """Refuse a call in one of the ways that DynamoDB has for it."""
    reasons = None
    if action == "TransactWriteItems" and kind == 0:
        name = "com.amazonaws.dynamodb.v20120810#TransactionCanceledException"
        codes = ["ThrottlingError", *(["None"] * (len(body["TransactItems"]) - 1))]
        reasons = [{"Code": code} for code in codes]
    elif kind == 1:
        name = "com.amazon.coral.availability#ThrottlingException"
    else:
        name = "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException"
    document = {"__type": name, "message": "Rate of requests exceeds the allowed throughput."}
    if reasons is not None:
        document["CancellationReasons"] = reasons
    headers = {"Content-Type": "application/x-amz-json-1.0"}
    return Response(400, headers, json.dumps(document).encode())


def test_jobs_end_right_and_once_while_a_fifth_of_the_calls_of_dynamodb_is_throttled(trouble):
    def throttling(exchange: Exchange) -> Response | None:
        service, _, action = exchange.action.partition(".")
        if service != _DYNAMODB or not trouble.happens(0.2, "throttled"):
            return exchange.forward()
        return throttle(trouble.choose(3), action, json.loads(exchange.body))

    trouble.wires.behave(throttling)
    trouble.run_jobs("e2e-throttled")

    assert trouble.done["throttled"] > JOBS


def test_the_api_asks_to_try_again_while_all_that_it_asks_of_dynamodb_is_throttled(trouble):
    api = trouble.system.api()

    def throttling(exchange: Exchange) -> Response | None:
        service, _, action = exchange.action.partition(".")
        return throttle(2, action, None) if service == _DYNAMODB else exchange.forward()

    trouble.wires.api.behaviour = throttling
    try:
        with ThreadPoolExecutor() as pool:
            reading = pool.submit(api.call, "GET", "/api/jobs/requests")
            writing = pool.submit(api.upload, TWO_TASKS.format(name="e2e-refused", tag=""))
            answers = [reading.result(), writing.result()]
    finally:
        trouble.wires.behave(pass_on)

    for answer in answers:
        assert (answer.status, answer.is_problem) == (503, True), answer
        assert int(answer.headers["Retry-After"]) > 0
        assert answer.json["code"] == "ERR_UNAVAILABLE"
    assert api.call("GET", "/api/jobs/definitions/e2e-refused").status == 404


def test_jobs_end_right_and_once_while_engines_are_killed_between_two_calls(trouble):
    killed: list[int] = []

    def killing(exchange: Exchange) -> Response | None:
        if not trouble.happens(0.06, "killed", at_most=KILLS):
            return exchange.forward()
        if trouble.choose(2):  # it has done what it was to do, but the engine never knows
            exchange.forward()
        killed.append(exchange.kill_client())
        return None

    trouble.wires.engine.behaviour = killing
    trouble.run_jobs("e2e-engines-killed")

    assert len(set(killed)) == KILLS


def test_jobs_end_right_and_once_while_events_are_doubled_delayed_and_out_of_order(trouble):
    queue = trouble.system.events_queue_url().rpartition("/")[2]

    def straying(exchange: Exchange) -> Response | None:
        if not exchange.action.startswith(_SEND):
            return exchange.forward()
        body = json.loads(exchange.body)
        if not body["QueueUrl"].endswith(f"/{queue}"):
            return exchange.forward()
        if trouble.happens(0.2, "answer lost"):  # so the sender sends it again
            exchange.forward()
            return None
        if trouble.happens(0.2, "not sent"):
            return None
        if trouble.happens(0.3, "sent twice"):
            exchange.forward(json.dumps(delayed(body, trouble.choose(3))).encode())
        return exchange.forward(json.dumps(delayed(body, trouble.choose(3))).encode())

    trouble.wires.behave(straying)
    ant = trouble.system.start_ant(
        "straying", tags="straying", more={"AWS_ENDPOINT_URL_SQS": trouble.wires.engine.url}
    )
    trouble.run_jobs("e2e-straying", tag="straying")
    ant.end()

    assert min(trouble.done[what] for what in ("answer lost", "not sent", "sent twice")) > 0


def delayed(body: dict[str, Any], seconds: int) -> dict[str, Any]:
    """Put a message off, which also lets later ones overtake it."""
    entries = body.get("Entries", [body])
    for entry in entries:
        entry["DelaySeconds"] = entry.get("DelaySeconds", 0) + seconds
    return body


def test_of_two_engines_with_the_same_event_at_once_one_applies_it(trouble):
    system = trouble.system
    api = system.api()
    api.define(TWO_TASKS.format(name="e2e-engines", tag="engines"))
    ant = AntByHand(system, "engines")
    request = api.submit("e2e-engines")
    first = ant.receive()
    record = {"messageId": "one", "body": json.dumps(ant.report_of(first))}
    payload = json.dumps({"Records": [record]}).encode()
    both_know_the_run, writers = threading.Barrier(2, timeout=60), set()

    def holding(exchange: Exchange) -> Response | None:
        if exchange.action.endswith(_WRITES):
            writer = exchange.client()
            if writer not in writers:
                writers.add(writer)
                both_know_the_run.wait()
        return exchange.forward()

    assert eventually(lambda: system.events_under_way() == 0)
    trouble.wires.engine.behaviour = holding
    with ThreadPoolExecutor(2) as pool:
        calls = [pool.submit(trouble.functions.invoke, ENGINE, payload) for _ in range(2)]
        answers = [json.loads(call.result()) for call in calls]
    trouble.wires.behave(pass_on)
    assert eventually(lambda: system.events_under_way() == 0)
    # On a slow machine the first task may have been sent again meanwhile, as the same attempt.
    sent = {message.request.task_type: message for message in ant.all_there_is()}
    second = sent.pop("b")
    assert sent in ({}, {"a": first})
    ant.report(second)
    run = api.ended(request, "COMPLETED")

    assert len(writers) == 2
    assert answers == [{"batchItemFailures": []}] * 2
    assert [len(task["attempts"]) for task in tasks_of(run).values()] == [1, 1]
    trouble.ended_once(request, run)
