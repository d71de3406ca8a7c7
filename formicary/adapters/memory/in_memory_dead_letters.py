"""Dead letters in memory."""

from formicary.domain.messages import EventMessage
from formicary.ports import EventQueue


class InMemoryDeadLetters:
    """DeadLetters on a list; it does not count rounds, since nothing comes back to it."""

    def __init__(self, events: EventQueue, letters: list[EventMessage]) -> None:
        self._events = events
        self.letters = letters

    def send_on(self, limit: int) -> int:
        """Send letters on; return how many."""
        going, self.letters = self.letters[:limit], self.letters[limit:]
        self._events.send_all(going)
        return len(going)
