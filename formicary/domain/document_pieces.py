"""A text made of pieces of another one: finds the way back to where each piece came from."""

from bisect import bisect_right


class Rewritten:
    """A text made of pieces of another one, which remembers where each came from."""

    def __init__(self) -> None:
        """Start empty."""
        self._pieces: list[str] = []
        self._starts: list[int] = []
        self._sources: list[tuple[int, bool]] = []
        self._length = 0
        self._end = -1

    def copy(self, text: str, source: int) -> None:
        """Add a piece as it stands at an offset of the source."""
        self._add(text, source, copied=True)

    def put(self, text: str, source: int) -> None:
        """Add a piece that stands for what is at an offset of the source."""
        self._add(text, source, copied=False)

    def _add(self, text: str, source: int, *, copied: bool) -> None:
        if not text:
            return
        self._pieces.append(text)
        # A copy that goes on where the last one ended needs no mark of its own.
        if not (copied and source == self._end):
            self._starts.append(self._length)
            self._sources.append((source, copied))
        self._end = source + len(text) if copied else -1
        self._length += len(text)

    def __len__(self) -> int:
        """Length of the text so far."""
        return self._length

    @property
    def text(self) -> str:
        """The text so far."""
        return "".join(self._pieces)

    def source(self, offset: int) -> int:
        """Return the source's offset for an offset of this text."""
        if not self._starts:
            return 0
        place = bisect_right(self._starts, offset) - 1
        source, copied = self._sources[place]
        return source + (offset - self._starts[place] if copied else 0)
