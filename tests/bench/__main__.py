"""`python -m tests.bench [--quick] [W1 ... W5 core scale methods ant]`; all without names."""

import argparse
import sys
from collections.abc import Callable

from tests.bench import ants, burst, chain, core, fan_out, idle, methods, scale, task_price
from tests.bench.local_system import BenchError, LocalSystem, local_system
from tests.bench.report import note, note_machine

_ALONE: dict[str, Callable[[bool], None]] = {
    core.BENCH: lambda quick: core.run(runs=2) if quick else core.run(),
    scale.BENCH: lambda quick: (
        scale.run(waiting=(10, 100), children=(10, 100)) if quick else scale.run()
    ),
    methods.BENCH: lambda quick: methods.run(runs=3) if quick else methods.run(),
    ants.BENCH: lambda quick: (
        ants.run(settle_seconds=5, window_seconds=5, mib=64, runs=1) if quick else ants.run()
    ),
    task_price.BENCH: lambda quick: task_price.run(jobs=5, tasks=20) if quick else task_price.run(),
}
_ON_A_SYSTEM: dict[str, Callable[[LocalSystem, bool], None]] = {
    chain.BENCH: lambda system, quick: (
        chain.run(system, tasks=10, runs=2) if quick else chain.run(system)
    ),
    fan_out.BENCH: lambda system, quick: (
        fan_out.run(system, children=10, runs=1) if quick else fan_out.run(system)
    ),
    burst.BENCH: lambda system, quick: (
        burst.run(system, count=24, runs=1) if quick else burst.run(system)
    ),
    idle.BENCH: lambda system, quick: (
        idle.run(system, settle_seconds=5, window_seconds=12, starts=1)
        if quick
        else idle.run(system)
    ),
}
NAMES = (*_ON_A_SYSTEM, *_ALONE)


def main() -> int:
    """Run the benchmarks that are named; 1 when one of them could not be carried out."""
    parser = argparse.ArgumentParser(prog="tests.bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=" ".join(NAMES))
    parser.add_argument("--quick", action="store_true", help="small sizes, to see that it works")
    options = parser.parse_args()
    unknown = set(options.names) - set(NAMES)
    if unknown:
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}")
    wanted = options.names or list(NAMES)
    note_machine()
    failed = [name for name in _ALONE if name in wanted and not _try(name, options.quick)]
    on_a_system = [name for name in _ON_A_SYSTEM if name in wanted]
    if on_a_system:
        failed += _run_on_a_system(on_a_system, options.quick)
    note_machine()
    return 1 if failed else 0


def _run_on_a_system(names: list[str], quick: bool) -> list[str]:
    """Return the names of those that failed."""
    try:
        with local_system() as system:
            return [name for name in names if not _try(name, quick, system)]
    except BenchError as error:
        note(f"the local system: {error}")
        return names


def _try(name: str, quick: bool, system: LocalSystem | None = None) -> bool:
    note(f"{name} begins")
    try:
        if system is None:
            _ALONE[name](quick)
        else:
            _ON_A_SYSTEM[name](system, quick)
    except BenchError as error:
        note(f"{name} failed: {error}")
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
