"""`python -m tests.simulator --seeds N [--first K] [--workers W]`: exit 1 on the first break."""

import argparse
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor

from tests.simulator.extras import FULL_FROM
from tests.simulator.search import Figures, play_seeds

_CHUNK = 250


def main() -> int:
    """Play the seeds, tell how it went."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulator", description=__doc__)
    parser.add_argument("--seeds", type=int, default=1000, help="how many")
    parser.add_argument("--first", type=int, default=FULL_FROM, help="the first of them")
    parser.add_argument("--workers", type=int, default=1, help="processes")
    arguments = parser.parse_args()
    began = time.monotonic()
    figures = Figures()
    with ProcessPoolExecutor(arguments.workers) as pool:
        chunks = list(_chunks(arguments.first, arguments.seeds))
        for part in pool.map(play_seeds, chunks):
            figures.add(part)
            if figures.broken:
                pool.shutdown(wait=False, cancel_futures=True)
                break
    print(figures)
    print(f"{figures.seeds / (time.monotonic() - began):.1f} seeds a second in all")
    return 1 if figures.broken else 0


def _chunks(first: int, count: int) -> Iterator[range]:
    for start in range(first, first + count, _CHUNK):
        yield range(start, min(start + _CHUNK, first + count))


if __name__ == "__main__":
    sys.exit(main())
