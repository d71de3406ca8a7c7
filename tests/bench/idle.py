"""W4: what the local system takes when nothing runs, and how soon a prepared clone works."""

import statistics
import time

from tests.bench import jobs
from tests.bench.local_system import BenchError, LocalSystem, define
from tests.bench.process_usage import is_available, usage_of
from tests.bench.report import median_of, note, result

BENCH = "W4"
_SAMPLES = 6
_TRIES = 4  # a start; those that find the checkout changed do not count


def run(
    system: LocalSystem, *, settle_seconds: float = 150, window_seconds: float = 60, starts: int = 3
) -> None:
    """Print memory and processor use, then seconds from `up` to the first finished job."""
    if is_available():
        _measure_idle(system, settle_seconds, window_seconds)
    else:
        note(f"{BENCH}: no /proc here, so memory and processor use are not measured")
        result(BENCH, "idle memory (PSS)", None, "MB")
    _measure_starts(system, starts)


def _measure_idle(system: LocalSystem, settle_seconds: float, window_seconds: float) -> None:
    busy = usage_of(system.pids())
    result(BENCH, "memory at the end of work (PSS)", busy.pss_mb, "MB")
    note(f"{BENCH}: letting it settle for {settle_seconds:g} s: functions unused for 120 s end")
    time.sleep(settle_seconds)
    samples = [usage_of(system.pids())]
    begun = time.monotonic()
    for _ in range(_SAMPLES):
        time.sleep(window_seconds / _SAMPLES)
        samples.append(usage_of(system.pids()))
    seconds = time.monotonic() - begun
    used = samples[-1].processor_seconds - samples[0].processor_seconds
    result(BENCH, "idle memory (PSS)", statistics.median(s.pss_mb for s in samples), "MB")
    result(BENCH, "idle memory (RSS)", statistics.median(s.rss_mb for s in samples), "MB")
    result(BENCH, "idle processes", samples[-1].processes, "processes")
    result(BENCH, "idle processor use", 100 * used / seconds, "% of a core")


def _measure_starts(system: LocalSystem, starts: int) -> None:
    with system.client() as client:
        define(client, jobs.chain("bench-hello", 1))
    ups: list[float] = []
    firsts: list[float] = []
    for _ in range(_TRIES * starts):
        system.down()
        begun = time.monotonic()
        deployed = system.up()
        up = time.monotonic() - begun
        system.formicary("job", "run", "bench-hello", "--wait")
        first = time.monotonic() - begun
        if deployed:
            note(f"{BENCH}: the checkout changed and was deployed again; not counted")
            continue
        ups.append(up)
        firsts.append(first)
        if len(ups) == starts:
            break
    if not ups:
        raise BenchError("the checkout changes all the time")
    median_of(BENCH, "up, set up and deployed before", ups, "s")
    median_of(BENCH, "up to first finished job", firsts, "s")
