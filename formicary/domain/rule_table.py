"""The form of a rule: what happened, in which phases it counts, and what it does to the walk."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from formicary.domain.events import Event, TimerKind
from formicary.domain.job_run import Phase
from formicary.domain.walk import Walk

WAITING, RETRYING, WALKING = Phase.WAITING, Phase.RETRYING, Phase.WALKING
FINALIZING, ENDED = Phase.FINALIZING, Phase.ENDED
AT_WORK = (WALKING, FINALIZING)
ALWAYS = tuple(Phase)


class RejectedError(Exception):
    """The event does not fit the run as it is now."""


Apply = Callable[[Walk, Any], None]


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the table. In another phase the event is rejected, with `otherwise` as reason."""

    on: type[Event] | TimerKind
    phases: tuple[Phase, ...]
    apply: Apply
    otherwise: str = ""

    @property
    def name(self) -> str:
        """Name of the rule: that of its function."""
        return self.apply.__name__

    @property
    def event_name(self) -> str:
        """What happened, in a word."""
        return f"timer {self.on}" if isinstance(self.on, TimerKind) else self.on.__name__

    @property
    def says(self) -> str:
        """What it does, in a sentence or two."""
        return " ".join((self.apply.__doc__ or "").split())

    def guarded(self) -> Apply:
        """Return the rule as a function that looks at the phase first."""
        phases, apply, otherwise = frozenset(self.phases), self.apply, self.otherwise
        if len(phases) == len(ALWAYS):
            return apply

        def guarded(walk: Walk, event: Any) -> None:
            if walk.run.phase not in phases:
                raise RejectedError(otherwise)
            apply(walk, event)

        return guarded
