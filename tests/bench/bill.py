"""From counted calls to amounts, from amounts to dollars. Pure; the prices are in `prices`.

Only the control plane is billed here: what an ant costs while it waits for work (heartbeats, empty
receives) depends on time and not on tasks, and is a bill of its own.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from tests.bench import prices

PRICES = {
    "DynamoDB writes": prices.DYNAMODB_WRITES,
    "DynamoDB reads": prices.DYNAMODB_READS,
    "SQS requests": prices.SQS_REQUESTS,
    "Lambda requests": prices.LAMBDA_REQUESTS,
    "Lambda GB-seconds": prices.LAMBDA_GB_SECONDS,
    "HTTP API requests": prices.HTTP_API_REQUESTS,
    "EventBridge events": prices.EVENTBRIDGE_EVENTS,
    "S3 PUTs": prices.S3_PUTS,
    "S3 GETs": prices.S3_GETS,
    "log bytes": prices.LOG_BYTES,
}
# As in stacks/: what a function is given.
MEMORY_MB = {
    "handle_api": 1024,
    "authorize_request": 512,
    "run_engine": 512,
    "publish_changes": 256,
}
_ONE_PROCESSOR_MB = 1769  # https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
_CALL_SECONDS = 0.006  # of DynamoDB, SQS or EventBridge to a function in the same region
ACCESS_LOG_BYTES = 300  # a line of the gateway, in the format of stacks/constructs/http_api.py
_IN_BATCHES = frozenset({"run_engine", "publish_changes"})
# Asked for by users, or at a pace of their own: no part of what a job costs.
_TELLS_OF_TASKS = "heartbeat, busy"  # and sends an event for each that is newly seen
_APART = ("GET ", "POST ", "heartbeat", "authorize")

HOURS_A_MONTH = 730
_LONG_POLL_SECONDS = 20
_QUEUE_POLLERS = 5  # https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
_AUTHORIZER_SECONDS = 300
_CREDENTIALS_SECONDS = 3300

Amounts = Counter[str]


def of_phase(counted: Mapping[str, Any], phase: str, *, tasks: int, batch: int) -> Amounts:
    """Return what the jobs of a phase took, had queue and stream brought so many a batch."""
    total: Amounts = Counter()
    for invocation in counted["invocations"]:
        if invocation["phase"] == phase and not is_apart(invocation):
            total.update(of_invocation(invocation, batch))
        elif invocation["phase"] == phase and invocation["kind"] == _TELLS_OF_TASKS:
            total["SQS requests"] += _sent(invocation)
    total["SQS requests"] += of_ant(counted["ant_calls"][phase], tasks, batch)
    return total


def is_apart(invocation: Mapping[str, Any]) -> bool:
    """Whether the call is no part of what a job costs."""
    return str(invocation["kind"]).startswith(_APART)


def of_invocation(invocation: Mapping[str, Any], batch: int = 1) -> Amounts:
    """Return what one call of a function took, with what AWS bills for bringing it."""
    function = invocation["function"]
    share = 1 / batch if function in _IN_BATCHES else 1.0
    amounts: Amounts = Counter()
    for tally in invocation["tallies"]:
        amounts["DynamoDB writes"] += tally["write_units"]
        amounts["DynamoDB reads"] += tally["read_units"]
        if name := _request_name(tally):
            amounts[name] += tally["requests"]
    amounts["Lambda requests"] += share
    amounts["Lambda GB-seconds"] += _modelled_seconds(invocation) * MEMORY_MB[function] / 1024
    amounts["log bytes"] += invocation["log_bytes"] * share
    if function == "run_engine":
        amounts["SQS requests"] += 2 * share  # Lambda receives a batch and deletes it
    if function == "handle_api":
        amounts["HTTP API requests"] += 1
        amounts["log bytes"] += ACCESS_LOG_BYTES
    return amounts


def of_ant(tallies: Iterable[Mapping[str, Any]], tasks: int, batch: int) -> float:
    """Return the SQS requests of an ant for its tasks: empty receives are not theirs."""
    requests = 0.0
    for tally in tallies:
        if tally["operation"] == "ReceiveMessage":
            requests += tasks
        elif tally["operation"] == "DeleteMessageBatch":
            requests += tasks / batch
        elif tally["service"] == "sqs":
            requests += tally["requests"]
    return requests


def idle_month() -> Amounts:
    """Return what the control plane takes in a month without work: Lambda's long polls."""
    return Counter({"SQS requests": _QUEUE_POLLERS * _times_a_month(_LONG_POLL_SECONDS)})


def idle_ant_month(
    heartbeat: Amounts, authorize: Amounts, renewal: Amounts, *, queues: int, every_seconds: float
) -> Amounts:
    """Return what an ant takes in a month without work."""
    paced = (
        (heartbeat, every_seconds),
        (authorize, _AUTHORIZER_SECONDS),
        (renewal, _CREDENTIALS_SECONDS),
    )
    month: Amounts = Counter({"SQS requests": queues * _times_a_month(_LONG_POLL_SECONDS)})
    for amounts, seconds in paced:
        month.update(times(amounts, _times_a_month(seconds)))
    return month


def mean(invocations: Iterable[Mapping[str, Any]]) -> Amounts:
    """Return the average of some calls."""
    found = [of_invocation(invocation) for invocation in invocations]
    total: Amounts = Counter()
    for amounts in found:
        total.update(amounts)
    return times(total, 1 / len(found)) if found else total


def times(amounts: Amounts, factor: float) -> Amounts:
    """Return so many times the amounts."""
    return Counter({name: amount * factor for name, amount in amounts.items()})


def less(amounts: Amounts, other: Amounts) -> Amounts:
    """Return the difference, which may be below zero."""
    return Counter({name: amounts[name] - other[name] for name in amounts.keys() | other.keys()})


def dollars(amounts: Amounts) -> float:
    """Return the price at list."""
    return sum(PRICES[name].of(amount) for name, amount in amounts.items())


def _modelled_seconds(invocation: Mapping[str, Any]) -> float:
    """Return how long it would take on AWS.

    Processor time is stretched by the share of a processor that the memory buys; the rest is
    waiting for calls. Wall time here is the emulator's and of whatever else the machine does.
    """
    calls = sum(tally["calls"] for tally in invocation["tallies"])
    stretch = max(1.0, _ONE_PROCESSOR_MB / MEMORY_MB[invocation["function"]])
    return float(invocation["processor_seconds"]) * stretch + calls * _CALL_SECONDS


def _sent(invocation: Mapping[str, Any]) -> int:
    return sum(t["requests"] for t in invocation["tallies"] if t["service"] == "sqs")


def _request_name(tally: Mapping[str, Any]) -> str | None:
    if tally["service"] == "s3":
        return "S3 GETs" if tally["operation"].startswith(("Get", "Head")) else "S3 PUTs"
    return {"sqs": "SQS requests", "events": "EventBridge events"}.get(tally["service"])


def _times_a_month(every_seconds: float) -> float:
    return HOURS_A_MONTH * 3600 / every_seconds
