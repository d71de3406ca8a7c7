"""Processor time of a piece of work, by who spent it: other load hardly changes it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from tests.bench.local_system import LocalSystem
from tests.bench.process_usage import is_available, own_processor_seconds, usage_of
from tests.bench.report import note, result


@contextmanager
def metered(system: LocalSystem, bench: str, of_what: str, count: int) -> Iterator[None]:
    """Print the milliseconds of processor time that the block takes, for each of `count` things."""
    if not is_available():
        note(f"{bench}: no /proc here, so processor time is not measured")
        yield
        return
    before = _spent(system)
    yield
    after = _spent(system)
    for who, seconds in after.items():
        spent = (seconds - before[who]) / count * 1000
        result(bench, f"processor time of {who} for {of_what}", spent, "ms")


def _spent(system: LocalSystem) -> Mapping[str, float]:
    aws, ant = system.pids()
    emulator = own_processor_seconds(aws)
    return {
        "the embedded AWS": emulator,
        "functions and snapshots": usage_of([aws]).processor_seconds - emulator,
        "ant and tasks": usage_of([ant]).processor_seconds,
    }
