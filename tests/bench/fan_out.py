"""W2: one job that forks children and joins them."""

from tests.bench import jobs
from tests.bench.local_system import LocalSystem, define, finish, seconds_between
from tests.bench.report import median_of

BENCH = "W2"


def run(system: LocalSystem, *, children: int = 100, runs: int = 3) -> None:
    """Print the seconds from submit to the end of the join."""
    with system.client() as client:
        define(client, jobs.chain("bench-child", 1))
        define(client, jobs.fan_out("bench-fan-out", "bench-child", children))
        done = [
            finish(client, client.submit({"job_type": "bench-fan-out"})["id"]) for _ in range(runs)
        ]
    seconds = [seconds_between(run["created_at"], run["ended_at"]) for run in done]
    median_of(BENCH, f"fork and join of {children} children", seconds, "s")
