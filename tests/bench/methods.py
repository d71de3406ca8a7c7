"""`methods`: what an executor adds to the bare command `true`; no queue, no control plane."""

import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ant_agent.executors import ExecutorUnavailableError
from formicary.domain.states import TaskMethod
from tests.bench.report import median_of, note, result
from tests.integration.ant.workbench import Workbench
from tests.integration.ant.world import task

BENCH = "methods"
_IMAGE = "alpine:latest"
_METHODS = (TaskMethod.SHELL, TaskMethod.DOCKER, TaskMethod.KUBERNETES)


def run(*, runs: int = 20) -> None:
    """Time the bare command, then an attempt of each method that this machine can carry out."""
    bare = _times(runs, lambda: subprocess.run(["/bin/true"], check=True))
    median_of(BENCH, "bare command", bare, "ms")
    for method in _METHODS:
        with tempfile.TemporaryDirectory() as folder:
            _measure(method, Path(folder), runs, statistics.median(bare))


def _measure(method: TaskMethod, folder: Path, runs: int, bare: float) -> None:
    bench = Workbench(folder, methods=method, id="bench")
    try:
        bench.executors[method].check()
    except ExecutorUnavailableError as error:
        note(f"{BENCH}: {method} left out: {error}")
        bench.close()
        return
    options: dict[str, Any] = {"method": method}
    if method is not TaskMethod.SHELL:
        options["container"] = {"image": _IMAGE}

    def attempt() -> None:
        outcome = bench.run(task("true", options=options))
        assert outcome.succeeded, outcome.result

    attempt()
    taken = _times(runs, attempt)
    median_of(BENCH, f"one attempt by {method}", taken, "ms")
    added = statistics.median(taken) - bare
    result(BENCH, f"what {method} adds to the bare command", added, "ms")
    bench.close()


def _times(runs: int, action: Callable[[], Any]) -> list[float]:
    taken = []
    for _ in range(runs):
        began = time.perf_counter()
        action()
        taken.append((time.perf_counter() - began) * 1000)
    return taken
