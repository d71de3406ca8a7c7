"""The one place where anything that happened to a run becomes a new state and a list of commands.

`decide` is pure, total and deterministic: the same run, event, graph and moment give the same
decision, on a Lambda, in a simulator and offline. It raises on nothing that can arrive: an event
that does not fit the run any more is rejected with the reason, and changes nothing. What each event
does, and in which phase, is the table of `formicary.domain.rules`; what follows by itself is the
order of steps in `Walk.advance`.
"""

from dataclasses import dataclass
from datetime import datetime

from formicary.domain.commands import Command, PlanNext
from formicary.domain.events import Event, event_key
from formicary.domain.job_graph import JobGraph
from formicary.domain.job_run import JobRun, Phase
from formicary.domain.rules import RULES, RejectedError
from formicary.domain.run_draft import EndedTask
from formicary.domain.walk import Walk


@dataclass(frozen=True, slots=True)
class Decision:
    """The new state and what to do; or, when `rejected` says why, the old state and nothing."""

    run: JobRun
    commands: tuple[Command, ...] = ()
    rejected: str = ""
    ended: tuple[EndedTask, ...] = ()


def decide(run: JobRun, event: Event, graph: JobGraph, now: datetime, cause: str = "") -> Decision:
    """Return what `event` does to `run` at `now`.

    `cause` names the queue message that led here, so that its redelivery performs the commands
    again; it is the event's own key unless the event follows from another in the same breath.
    """
    walk = Walk(run, graph, now)
    try:
        RULES[type(event)](walk, event)
    except RejectedError as reason:
        return Decision(run, rejected=str(reason))
    walk.advance()
    if run.occurrence and _has_left(run, walk.run):
        walk.commands.append(PlanNext())
    new_run = walk.committed(cause or event_key(event))
    return Decision(new_run, tuple(walk.commands), ended=tuple(walk.ended))


def _has_left(before: JobRun, after: JobRun) -> bool:
    """Whether a run waits for its time no more; an execution that begins says so once more.

    What the execution before it has left undone is forgotten.
    """
    another = after.execution_id != before.execution_id
    return after.phase is not Phase.WAITING and (before.phase is Phase.WAITING or another)
