"""Children of fork tasks with items, watched: one an item, counted once, bounded, and ended."""

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from formicary.domain.commands import CancelItems
from formicary.domain.events import CancelDue
from formicary.domain.fork_items import BATCH
from formicary.domain.job_run import Fan, JobRun, ParentLink, Phase
from formicary.domain.messages import EventMessage
from formicary.domain.states import ChildMark, ErrorCode, RequestState, TaskMark
from formicary.domain.tally import Tally, tally_prefix, whole_tally
from tests.simulator.broken import BrokenError

if TYPE_CHECKING:
    from tests.simulator.ledger import Ledger

_STOPPED = frozenset({ErrorCode.JOB_CANCELLED, ErrorCode.JOB_TIMED_OUT})
_MARKS = {
    RequestState.COMPLETED: ChildMark.COMPLETED,
    RequestState.FAILED: ChildMark.FAILED,
    RequestState.CANCELLED: ChildMark.CANCELLED,
}


@dataclass(frozen=True)
class FanName:
    """The children that a fork task forked at once: its run, its place and how often it forked."""

    request_id: str
    index: int
    fork: str


@dataclass
class Families:
    """What is known of all fans; `ended` tells how each child has ended, once or more."""

    ledger: "Ledger"
    members: dict[FanName, dict[int, str]] = field(default_factory=dict)
    _fan_of: dict[str, FanName] = field(default_factory=dict)
    _ended: dict[str, list[ChildMark]] = field(default_factory=dict)
    _ended_at: dict[str, int] = field(default_factory=dict)
    _stopped_at: dict[str, int] = field(default_factory=dict)
    _cancelled: dict[FanName, set[int]] = field(default_factory=dict)
    _commits: int = 0

    def born(self, child: JobRun) -> None:
        """A child is made: it must be that of an item that its parent has listed."""
        if child.parent is None or child.parent.item < 0 or child.request_id in self._fan_of:
            return
        item, fan_name = child.parent.item, self._find_fan(child, child.parent)
        fan = self._listed(fan_name)
        if fan is None or not item < fan.total:
            raise BrokenError(f"a child is made for item {item}, which is not listed: {fan}")
        if (child.params["Thing"], child.params["Place"]) != (f"item {item}", str(item)):
            raise BrokenError(f"the child for item {item} is given {child.params}")
        siblings = self.members.setdefault(fan_name, {})
        if siblings.setdefault(item, child.request_id) != child.request_id:
            raise BrokenError(f"item {item} has two children")
        self._fan_of[child.request_id] = fan_name

    def committed(self, before: JobRun, after: JobRun) -> None:
        """A run has changed: a child, or a parent."""
        self._commits += 1
        if after.request_id in self._fan_of:
            self._note_child(before, after)
        if after.fans:
            self._check_parent(before, after)

    def handles(self, message: EventMessage) -> None:
        """Hear of children that are about to be cancelled."""
        if message.kind == CancelDue.__name__:
            event = message.event
            name = FanName(message.request_id, event["index"], event["fork"])
            end = min(event["end"], event["begin"] + BATCH)
            self._cancelled.setdefault(name, set()).update(range(event["begin"], end))

    def children_of(self, request_id: str) -> list[str]:
        """Return the children of a run that fork tasks with items have made, by their items."""
        return [
            child
            for name, members in self.members.items()
            if name.request_id == request_id
            for _, child in sorted(members.items())
        ]

    def item_of(self, request_id: str) -> int:
        """Return the place of a run among the items that it is a child for, -1 for others."""
        link = self.ledger.latest(request_id).parent
        return link.item if link is not None else -1

    def gave_up(self, child: JobRun) -> bool:
        """Whether the parent has called for the end of a child."""
        name = self._fan_of.get(child.request_id)
        if name is None or child.parent is None:
            return False
        item = child.parent.item
        return any(
            isinstance(entry.command, CancelItems)
            and (entry.command.index, entry.command.fork) == (name.index, name.fork)
            and entry.command.begin <= item < entry.command.end
            for state in self.ledger.states(name.request_id)
            for entry in state.outbox
        )

    def check_end(self, run: JobRun) -> None:
        """The world has come to rest: all children are there, and counted as they ended."""
        for index, fan in run.fans.items():
            name = FanName(run.request_id, index, run.forks[index])
            members = self._standing(name, fan)
            whole = run.mark(index) is TaskMark.COMPLETED
            if whole and set(members) != set(range(fan.total)):
                raise BrokenError(f"of {fan.total} items these have children: {sorted(members)}")
            self._check_tallies(run, name, fan)
            self._check_reached(run, name)

    def _standing(self, name: FanName, fan: Fan) -> dict[int, str]:
        """Return the children that stand for the items: its own, and those that a restart kept."""
        found: dict[int, str] = {}
        for back in range(fan.resumed, -1, -1):
            earlier = FanName(name.request_id, name.index, chr(ord(name.fork) - back))
            found |= {
                item: child
                for item, child in self.members.get(earlier, {}).items()
                if not back or ChildMark.COMPLETED in self._ended.get(child, [])
            }
        return found

    def _find_fan(self, child: JobRun, parent: ParentLink) -> FanName:
        run = self.ledger.latest(parent.request_id)
        index = self.ledger.names(run).index(parent.task_type)
        for letter in range(ord(run.forks[index]), ord("0"), -1):
            if run.item_request_id(index, chr(letter), parent.item) == child.request_id:
                return FanName(run.request_id, index, chr(letter))
        raise BrokenError(f"a child for item {parent.item} is made that no fork called for")

    def _listed(self, name: FanName) -> Fan | None:
        """Return what a committed state of the parent says of a fan."""
        for state in reversed(self.ledger.states(name.request_id)):
            if state.forks[name.index] == name.fork and name.index in state.fans:
                return state.fans[name.index]
        return None

    def _note_child(self, before: JobRun, after: JobRun) -> None:
        child = after.request_id
        if after.state.terminal and not before.state.terminal:
            self._ended.setdefault(child, []).append(_MARKS[after.state])
            self._ended_at.setdefault(child, self._commits)
        name = self._fan_of[child]
        task = self.ledger.task(name.request_id, name.index)
        if not task.item_parallel or not self.ledger.goes_on(after):
            return
        members = self.members[name].values()
        going_on = [one for one in members if self.ledger.goes_on(self.ledger.latest(one))]
        if len(going_on) > task.item_parallel:
            raise BrokenError(
                f"{len(going_on)} children of {task.name} go on, but {task.item_parallel} may"
            )

    def _check_parent(self, before: JobRun, after: JobRun) -> None:
        for index, fan in after.fans.items():
            name = FanName(after.request_id, index, after.forks[index])
            if set(range(fan.forked)) - set(self._standing(name, fan)):
                raise BrokenError(f"{fan.forked} children are forked, but not all are there")
            counted = fan.completed + fan.failed + fan.cancelled
            if counted or after.child(index) is ChildMark.COMPLETED:
                self._check_all_ended(name, fan, counted)
        self._check_awaits(before, after)
        stops = after.outcome is RequestState.CANCELLED or (
            after.failure is not None and after.failure.error_code in _STOPPED
        )
        if stops and after.phase in (Phase.FINALIZING, Phase.ENDED):
            self._stopped_at.setdefault(after.execution_id, self._commits)

    def _check_all_ended(self, name: FanName, fan: Fan, counted: int) -> None:
        if counted != fan.total:
            raise BrokenError(f"{counted} of {fan.total} children have ended, and it is told so")
        members = self._standing(name, fan)
        at_work = [item for item, child in members.items() if child not in self._ended]
        if at_work or len(members) != fan.total:
            raise BrokenError(f"all children are said to have ended, but not those for {at_work}")

    def _check_awaits(self, before: JobRun, after: JobRun) -> None:
        """A task that awaits children completes when all of them have."""
        names = self.ledger.names(after)
        for name in set(before.active) - set(after.active):
            task = self.ledger.task(after.request_id, names.index(name))
            if after.mark(names.index(name)) is not TaskMark.COMPLETED:
                continue
            children = {fork: after.child(names.index(fork)) for fork in task.awaits}
            if set(children.values()) - {ChildMark.COMPLETED}:
                raise BrokenError(f"{name} has awaited {children}, and is completed")

    def _check_tallies(self, run: JobRun, name: FanName, fan: Fan) -> None:
        """Each child is counted once, as it has ended."""
        prefix = tally_prefix(name.index, name.fork)
        found = dict(self.ledger.tallies(run.tenant, run.request_id, prefix))
        whole = found.pop(whole_tally(name.index, name.fork), None)
        places = {
            int(key.removeprefix(prefix)) * 100 + place: mark
            for key, tally in found.items()
            for place, mark in tally.marks.items()
        }
        members = self._standing(name, fan)
        for item, mark in places.items():
            ends = self._ended.get(members.get(item, ""), [])
            if mark not in ends:
                raise BrokenError(f"the child for item {item} is counted as {mark}, not as {ends}")
        if sum((_sums(tally) for tally in found.values()), Counter()) != Counter(places.values()):
            raise BrokenError(f"the sums of the tallies are not those of {places}: {found}")
        lost = self.ledger.world.faults.counts()["event lost"]
        own = self.members.get(name, {})
        told = {item for item in members if item in own or item < fan.forked}
        # The batch at which the run was stopped may have told of children that it kept.
        perhaps = {item for item in members if item < fan.forked + BATCH} if fan.resumed else set()
        if not lost and not told <= set(places) <= told | perhaps:
            raise BrokenError(f"counted are {sorted(places)}, but there are {sorted(told)}")
        known = Counter({ChildMark.COMPLETED: fan.completed, ChildMark.FAILED: fan.failed})
        known[ChildMark.CANCELLED] = fan.cancelled
        if known.total() and (whole is None or +known != _sums(whole)):
            raise BrokenError(f"the run knows {fan}, but counted are {whole}")

    def _check_reached(self, run: JobRun, name: FanName) -> None:
        """A cancel reaches all children that had not ended, those that were just being made too."""
        stopped = self._stopped_at.get(run.execution_id)
        if stopped is None or self.ledger.world.faults.counts()["event lost"]:
            return
        told = self._cancelled.get(name, set())
        for item, child in self.members.get(name, {}).items():
            if item not in told and self._ended_at.get(child, stopped) >= stopped:
                raise BrokenError(f"the run was cancelled, but not its child for item {item}")


def _sums(tally: Tally) -> Counter[ChildMark]:
    counts = tally.counts
    return +Counter(
        {
            ChildMark.COMPLETED: counts.completed,
            ChildMark.FAILED: counts.failed,
            ChildMark.CANCELLED: counts.cancelled,
        }
    )
