"""W5: the calls of AWS that tasks and jobs make, counted, and what they cost at list price."""

import json
import statistics
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from formicary.adapters.aws.dynamodb_token_repository import DynamoDbTokenRepository
from formicary.entrypoints.local.home import CHECKOUT
from formicary.entrypoints.local.settings import shell_environment
from formicary.routes import Role
from formicary.service_layer.create_token import store_token
from tests.bench import bill, prices
from tests.bench.local_system import BenchError
from tests.bench.report import note, result
from tests.contract.backends import REGION, TABLE, aws_clients, make_ant_role, make_table
from tests.contract.emulators import MINISTACK, ministack

BENCH = "W5"
_TOKEN = "fmc_bench_token_of_nobody_else"
_BUS, _BUCKET, _PREFIX, _EVENTS = "bench-bus", "bench-artifacts", "formicary-bench", "bench-events"
_BATCHES = (1, 10)
_MILLION = 1_000_000
_SECONDS = 900
_HEARTBEAT_SECONDS = 5.0
_LOCAL_ANT_QUEUES = 7
Counted = Mapping[str, Any]


def run(*, jobs: int = 50, tasks: int = 100, long_jobs: int = 2) -> None:
    """Count and print."""
    if not MINISTACK.exists():
        raise BenchError("the emulator is not installed: make setup")
    with tempfile.TemporaryDirectory(prefix="formicary-bench-") as folder:
        counted = _count(Path(folder), jobs=jobs, tasks=tasks, long_jobs=long_jobs)
    _print_calls(counted, "single", jobs, "a one-task job")
    _print_calls(counted, "chain", tasks, f"a task, in a job of {tasks}")
    _print_durations(counted)
    _print_items(counted)
    for batch in _BATCHES:
        _print_prices(counted, batch=batch, jobs=jobs, tasks=tasks, long_jobs=long_jobs)
    _print_months(counted)


def _count(folder: Path, **sizes: int) -> Counted:
    """Run the jobs in a process of their own, whose environment is that of the functions."""
    with ministack(folder / "emulator") as endpoint:
        environment = _make_account(endpoint)
        output = folder / "counted.json"
        command = [sys.executable, "-m", "tests.bench.counted"]
        command += [f"--{n.replace('_', '-')}={value}" for n, value in sizes.items()]
        command += [f"--token={_TOKEN}", f"--output={output}"]
        command += [f"--events-queue={environment['FORMICARY_EVENTS_QUEUE_URL']}"]
        with (folder / "errors").open("w+") as errors:
            done = subprocess.run(
                command,
                cwd=CHECKOUT,
                env={**shell_environment(), **environment},
                stdin=subprocess.DEVNULL,
                stderr=errors,
                timeout=_SECONDS,
                check=False,
            )
            errors.seek(0)
            if done.returncode:
                raise BenchError(f"counting failed:\n{errors.read()[-3000:]}")
        counted: Counted = json.loads(output.read_text())
        return counted


def _make_account(endpoint: str) -> dict[str, str]:
    """Make what the stacks make; return the environment of the functions."""
    clients = aws_clients(endpoint)
    session = clients._session
    options = {"endpoint_url": endpoint}
    _make_table(clients.dynamodb)
    events = clients.sqs.create_queue(
        QueueName=_EVENTS, Attributes={"ReceiveMessageWaitTimeSeconds": "20"}
    )["QueueUrl"]
    clients.s3.create_bucket(Bucket=_BUCKET)
    session.create_client("events", **options).create_event_bus(Name=_BUS)
    role = make_ant_role(session.create_client("iam", **options))
    tokens = DynamoDbTokenRepository(clients.dynamodb, TABLE)
    store_token(tokens, _TOKEN, tenant="bench", user_id="bench", role=Role.ADMIN)
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": REGION,
        "FORMICARY_TABLE_NAME": TABLE,
        "FORMICARY_EVENTS_QUEUE_URL": events,
        "FORMICARY_ARTIFACT_BUCKET": _BUCKET,
        "FORMICARY_EVENTS_QUEUE_ARN": f"arn:aws:sqs:{REGION}:000000000000:{_EVENTS}",
        "FORMICARY_TIMER_GROUP": "default",
        "FORMICARY_TIMER_ROLE_ARN": role,
        "FORMICARY_QUEUE_NAME_PREFIX": _PREFIX,
        "FORMICARY_SOCKET_API_ID": "no-sockets",
        "FORMICARY_SOCKET_STAGE": "ws",
        "FORMICARY_HOUSEKEEPING_ARN": "no-housekeeping",
        "FORMICARY_ROOT_KEY_PARAMETER": "/formicary/bench/root-key-of-secrets",
        "FORMICARY_ANT_ROLE_ARN": role,
        "FORMICARY_EVENT_BUS_NAME": _BUS,
        "FORMICARY_WATCH_FUNCTION": "no-watchers",
        "FORMICARY_HTTP_FUNCTION": "no-http-function",
        "FORMICARY_HEARTBEAT_SECONDS": str(_HEARTBEAT_SECONDS),
    }


def _make_table(dynamodb: Any) -> None:
    make_table(dynamodb)
    dynamodb.update_table(
        TableName=TABLE,
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )


def _print_calls(counted: Counted, phase: str, tasks: int, of_what: str) -> None:
    """Print calls by caller, service and operation, and what DynamoDB consumed."""
    totals: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for invocation in _billed(counted, phase):
        totals[invocation["function"], "invocations"]["calls"] += 1
        for tally in invocation["tallies"]:
            _add(totals[invocation["function"], _operation(tally)], tally)
    for tally in counted["ant_calls"][phase]:
        _add(totals["ant", _operation(tally)], tally)
    for (caller, operation), total in sorted(totals.items()):
        result(BENCH, f"{caller}: {operation} for {of_what}", total["calls"] / tasks, "calls")
        for kind in ("write", "read"):
            if units := total[f"{kind}_units"]:
                metric = f"{caller}: {kind} units of {operation} for {of_what}"
                result(BENCH, metric, units / tasks, "units")


def _add(total: Counter[str], tally: Mapping[str, Any]) -> None:
    for name in ("calls", "write_units", "read_units"):
        total[name] += tally[name]


def _operation(tally: Mapping[str, Any]) -> str:
    return f"{tally['service']} {tally['operation']}"


def _print_durations(counted: Counted) -> None:
    kinds: dict[tuple[str, str], list[Mapping[str, Any]]] = defaultdict(list)
    for invocation in counted["invocations"]:
        if invocation["phase"] in {"chain", "single", "long"}:
            kinds[invocation["function"], invocation["kind"]].append(invocation)
    for (function, kind), found in sorted(kinds.items()):
        for name in ("wall", "processor"):
            value = statistics.median(i[f"{name}_seconds"] for i in found) * 1000
            result(BENCH, f"{function}: {kind}, {name} time here", value, "ms")
        logged = statistics.median(i["log_bytes"] for i in found)
        result(BENCH, f"{function}: {kind}, logged", logged, "bytes")


def _print_items(counted: Counted) -> None:
    sizes: dict[tuple[str, str], list[int]] = defaultdict(list)
    for phase, _, kind, size in counted["items"]:
        if phase in {"chain", "single"}:
            sizes[phase, kind].append(size)
    for (phase, kind), found in sorted(sizes.items()):
        result(BENCH, f"{kind} item, {phase}, median", statistics.median(found), "bytes")
        result(BENCH, f"{kind} item, {phase}, largest", max(found), "bytes")


def _print_prices(counted: Counted, *, batch: int, jobs: int, tasks: int, long_jobs: int) -> None:
    how = f"batches of {batch}"
    single = bill.times(bill.of_phase(counted, "single", tasks=jobs, batch=batch), 1 / jobs)
    chain = bill.of_phase(counted, "chain", tasks=tasks, batch=batch)
    one_more = bill.times(bill.less(chain, single), 1 / (tasks - 1))
    fixed = bill.less(single, one_more)
    of_long = bill.of_phase(counted, "long", tasks=long_jobs, batch=batch)
    longer = bill.less(bill.times(of_long, 1 / long_jobs), single)
    in_chain, of_single = f"tasks in jobs of {tasks}, {how}", f"one-task jobs, {how}"
    _print_price(in_chain, bill.times(chain, 1 / tasks), in_parts=True)
    _print_price(of_single, single, in_parts=True)
    _print_price(f"one more task in a job, {how}", one_more)
    _print_price(f"a job without its tasks, {how}", fixed)
    _print_price(f"added by a task longer than a heartbeat, {how}", longer)


def _print_price(what: str, amounts: bill.Amounts, *, in_parts: bool = False) -> None:
    unit = "$ per million"
    result(BENCH, what, bill.dollars(amounts) * _MILLION, unit)
    parts = sorted(amounts.items()) if in_parts else ()
    for name, amount in parts:
        if amount:
            note(f"{BENCH} {what}: {amount:.4g} {name} each")
            result(BENCH, f"{what}: {name}", bill.PRICES[name].of(amount) * _MILLION, unit)


def _print_months(counted: Counted) -> None:
    idle = bill.idle_month()
    result(BENCH, "idle control plane: empty receives", idle["SQS requests"], "requests a month")
    result(BENCH, "idle control plane, list price", bill.dollars(idle), "$ a month")
    note(f"{BENCH}: the idle month lies within the million requests a month that SQS gives free")
    beat = bill.mean(_of_kind(counted, "heartbeat, idle"))
    others = bill.mean(_of_kind(counted, "authorize")), bill.mean(_of_kind(counted, "POST ants"))
    for queues in (1, _LOCAL_ANT_QUEUES):
        month = bill.idle_ant_month(beat, *others, queues=queues, every_seconds=_HEARTBEAT_SECONDS)
        result(BENCH, f"idle ant of {queues} queues, list price", bill.dollars(month), "$ a month")
        for name, amount in sorted(month.items()):
            metric = f"idle ant of {queues} queues: {name}"
            result(BENCH, metric, bill.PRICES[name].of(amount), "$ a month")
    note(f"{BENCH}: list prices of {prices.REGION}, {prices.DATE}; see tests/bench/prices.py")


def _of_kind(counted: Counted, kind: str) -> Iterable[Mapping[str, Any]]:
    return [invocation for invocation in counted["invocations"] if invocation["kind"] == kind]


def _billed(counted: Counted, phase: str) -> Iterable[Mapping[str, Any]]:
    return [
        invocation
        for invocation in counted["invocations"]
        if invocation["phase"] == phase and not bill.is_apart(invocation)
    ]
