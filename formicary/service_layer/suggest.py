"""Did you mean: the nearest known word to a misspelled one, as a sentence."""

from collections.abc import Iterable

from formicary.domain.faults import nearest


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return a sentence that names the nearest known word, or nothing when none is near."""
    near = nearest(word, known)
    return f" Did you mean {near!r}?" if near else ""
