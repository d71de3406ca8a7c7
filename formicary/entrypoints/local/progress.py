"""Tells what is going on, a line a step, on standard error: standard output stays for results."""

from __future__ import annotations

import sys
import time


class Progress:
    """Lines with the seconds since the beginning."""

    def __init__(self) -> None:
        self._started = time.monotonic()

    def tell(self, what: str) -> None:
        """Print one line."""
        seconds = time.monotonic() - self._started
        print(f"[{seconds:5.1f} s] {what}", file=sys.stderr, flush=True)
