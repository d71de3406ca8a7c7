"""Progress strings as they are stored: runs of one letter are written once, with their length."""

import itertools
import re

_LETTERS = re.compile(r"(.)(?:\{(\d+)\})?", re.DOTALL)
_SHORTEST_RUN = 4


def fold(letters: str) -> str:
    """Write a progress string short: `CCCCCCa.` as `C{6}a.`."""
    return "".join(_fold_run(letter, len(list(run))) for letter, run in itertools.groupby(letters))


def unfold(folded: str) -> str:
    """Read what `fold` wrote."""
    return "".join(letter * int(count or 1) for letter, count in _LETTERS.findall(folded))


def _fold_run(letter: str, length: int) -> str:
    return letter * length if length < _SHORTEST_RUN else f"{letter}{{{length}}}"
