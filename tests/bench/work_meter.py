"""Processor time of a piece of work, by who spent it: other load hardly changes it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from tests.bench.local_system import LocalSystem
from tests.bench.process_usage import is_available, own_processor_seconds, usage_of
from tests.bench.report import median_of, note


class WorkMeter:
    """Runs while work is done, several times if need be."""

    def __init__(self, system: LocalSystem, count: int) -> None:
        """Each time it runs, so many equal things are done."""
        self._system = system
        self._count = count
        self._milliseconds: list[Mapping[str, float]] = []

    @contextmanager
    def running(self) -> Iterator[None]:
        """Meter the block."""
        if not is_available():
            yield
            return
        before = self._spent()
        yield
        after = self._spent()
        self._milliseconds.append(
            {who: (after[who] - before[who]) / self._count * 1000 for who in after}
        )

    def show(self, bench: str, of_what: str) -> None:
        """Print the median of what a thing took."""
        if not self._milliseconds:
            note(f"{bench}: no /proc here, so processor time is not measured")
            return
        for who in self._milliseconds[0]:
            metric = f"processor time of {who} for {of_what}"
            median_of(bench, metric, [taken[who] for taken in self._milliseconds], "ms")

    def _spent(self) -> Mapping[str, float]:
        aws, ant = self._system.pids()
        emulator = own_processor_seconds(aws)
        return {
            "the embedded AWS": emulator,
            "functions and snapshots": usage_of([aws]).processor_seconds - emulator,
            "ant and tasks": usage_of([ant]).processor_seconds,
        }
