"""Results on standard output, one JSON object a line; all else on standard error."""

import json
import os
import statistics
import sys
import time
from collections.abc import Iterable
from datetime import UTC, datetime

_SHOWN = 6
_STARTED = time.monotonic()


def result(bench: str, metric: str, value: float | None, unit: str) -> None:
    """Print one figure; None where something could not be measured."""
    rounded = None if value is None else float(f"{value:.4g}")
    line = {"bench": bench, "metric": metric, "value": rounded, "unit": unit}
    print(json.dumps(line), flush=True)


def note(text: str) -> None:
    """Tell how it goes."""
    seconds = time.monotonic() - _STARTED
    print(f"[{seconds:6.1f} s] {text}", file=sys.stderr, flush=True)


def note_machine() -> None:
    """Tell what the figures were taken on, and what else it was doing."""
    load = ", ".join(f"{value:.2f}" for value in os.getloadavg())
    version = ".".join(map(str, sys.version_info[:3]))
    moment = datetime.now(UTC).isoformat(timespec="seconds")
    note(f"{moment}: {os.cpu_count()} processors, load {load}, Python {version}")


def median_of(bench: str, metric: str, values: Iterable[float], unit: str) -> None:
    """Print the median and tell the single values."""
    taken = list(values)
    shown = ", ".join(f"{value:.4g}" for value in taken[:_SHOWN])
    note(f"{bench} {metric}: {shown}{' ...' if len(taken) > _SHOWN else ''} {unit}")
    result(bench, metric, statistics.median(taken), unit)


def percentile(values: Iterable[float], share: float) -> float:
    """Return the value below which that share of the values lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
