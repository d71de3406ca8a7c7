"""W3: many one-task jobs submitted at once by several clients; the local ant has 8 slots."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime

from formicary.adapters.http.control_plane_client import ControlPlaneClient
from tests.bench import jobs
from tests.bench.local_system import LocalSystem, define, finish, seconds_between
from tests.bench.report import median_of, note, percentile, result
from tests.bench.work_meter import WorkMeter

BENCH = "W3"
_CLIENTS = 8
_PATIENCE_SECONDS = 900.0


def run(system: LocalSystem, *, count: int = 200, runs: int = 3) -> None:
    """Print jobs a second and the latency of submits.

    The first round starts a process for each function that is called at once, as many as there are
    clients: it is told apart.
    """
    with system.client() as client:
        define(client, jobs.chain("bench-single", 1))
    cold = _round(system, count, nullcontext())
    result(BENCH, f"{count} one-task jobs at once, functions cold", cold[0], "jobs/s")
    result(BENCH, "submit p95, functions cold", percentile(cold[1], 0.95) * 1000, "ms")
    meter = WorkMeter(system, count)
    rounds = [_round(system, count, meter.running()) for _ in range(runs)]
    meter.show(BENCH, "a one-task job")
    median_of(BENCH, f"{count} one-task jobs at once", [r[0] for r in rounds], "jobs/s")
    for share in (0.5, 0.95):
        values = [percentile(r[1], share) * 1000 for r in rounds]
        median_of(BENCH, f"submit p{share * 100:.0f}", values, "ms")


def _round(
    system: LocalSystem, count: int, meter: AbstractContextManager[None]
) -> tuple[float, list[float]]:
    """Return jobs a second from first submit to last end, and how long each submit took."""
    shares = [len(range(first, count, _CLIENTS)) for first in range(_CLIENTS)]
    clients = [system.client() for _ in shares]
    try:
        for client in clients:
            client.health()  # the connection is made before the clock starts
        begun = datetime.now(UTC)
        with meter:
            with ThreadPoolExecutor(_CLIENTS) as pool:
                parts = list(pool.map(_submit_all, clients, shares))
            note(f"{BENCH}: {count} jobs submitted")
            for part in parts:
                _ended_at(clients[0], part[-1][0])  # by then all are about to be over
        ended = [_ended_at(clients[0], run_id) for part in parts for run_id, _ in part]
    finally:
        for client in clients:
            client.close()
    last = max(seconds_between(begun.isoformat(), moment) for moment in ended)
    return count / last, [seconds for part in parts for _, seconds in part]


def _submit_all(client: ControlPlaneClient, count: int) -> list[tuple[str, float]]:
    done = []
    for _ in range(count):
        begun = time.perf_counter()
        run_id = client.submit({"job_type": "bench-single"})["id"]
        done.append((run_id, time.perf_counter() - begun))
    return done


def _ended_at(client: ControlPlaneClient, run_id: str) -> str:
    """Wait for a run by seldom looks, so that looking does not slow what is measured."""
    return str(finish(client, run_id, _PATIENCE_SECONDS)["ended_at"])
