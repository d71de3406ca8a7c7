"""ToldEnds in a set."""

from collections.abc import Collection, Sequence

from formicary.domain.lifecycle_event import RunEnd


class InMemoryToldEnds:
    """ToldEnds in memory; nothing is forgotten."""

    def __init__(self) -> None:
        self.noted: set[RunEnd] = set()

    def note(self, ends: Sequence[RunEnd]) -> None:
        """Note that the bus has taken them."""
        self.noted.update(ends)

    def untold(self, tenant: str, ends: Collection[RunEnd]) -> Collection[RunEnd]:
        """Return those that nobody has noted."""
        return [end for end in ends if end.tenant == tenant and end not in self.noted]
