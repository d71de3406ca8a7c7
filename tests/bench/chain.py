"""W1: one job of sequential tasks; how long a task takes from hand to hand."""

from typing import Any

from formicary.adapters.http.control_plane_client import ControlPlaneClient
from tests.bench import jobs
from tests.bench.local_system import LocalSystem, define, finish, seconds_between
from tests.bench.report import median_of
from tests.bench.work_meter import WorkMeter

BENCH = "W1"


def run(system: LocalSystem, *, tasks: int = 40, runs: int = 3) -> None:
    """Print the milliseconds a task."""
    with system.client() as client:
        define(client, jobs.chain("bench-chain", tasks))
        meter = WorkMeter(system, tasks)
        done = [_play(client, meter) for _ in range(runs)]
    seconds = [seconds_between(run["started_at"], run["ended_at"]) for run in done]
    median_of(BENCH, f"task in a chain of {tasks}", [s / tasks * 1000 for s in seconds], "ms")
    meter.show(BENCH, f"a task in a chain of {tasks}")


def _play(client: ControlPlaneClient, meter: WorkMeter) -> Any:
    with meter.running():
        return finish(client, client.submit({"job_type": "bench-chain"})["id"])
