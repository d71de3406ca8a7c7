"""Housekeeping in a simulated world: a chore a function, each of which may die anywhere."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from formicary.adapters.memory.fake_clock import EPOCH
from formicary.adapters.memory.in_memory_dead_letters import InMemoryDeadLetters
from formicary.adapters.memory.in_memory_object_store import InMemoryObjectStore
from formicary.domain.errors import FormicaryError
from formicary.domain.housekeeping import Chore
from formicary.domain.sweep import Stall
from formicary.service_layer.control_plane import ControlPlane
from formicary.service_layer.keep_house import HouseKeeper
from tests.simulator.ants import TENANT
from tests.simulator.broken import BrokenError
from tests.simulator.extras import LOSSES
from tests.simulator.functions import SimulatedKillError

if TYPE_CHECKING:
    from tests.simulator.world import World

_TRIES = 5
_PAUSE_SECONDS = 2
# As many kind nights as anything may take that was lost; each but the last finds something.
_NIGHTS = 15


@dataclass
class Nights:
    """Keeps house every so often while the world is noisy, later whenever it has come to rest."""

    world: "World"
    mended: Counter[str] = field(default_factory=Counter)
    kind: bool = False
    held: int = 0
    _chore: Chore | None = None
    _at: datetime | None = None
    _failures: int = 0
    _under_way: bool = False
    _kind_nights: int = 0
    _mended_at_rest: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        """Set the first night."""
        self._between = timedelta(minutes=self.world.scenario.extras.losses.minutes_between_nights)
        if self._between:
            self._at = EPOCH + self._between

    def next_moment(self) -> datetime | None:
        return None if self._under_way else self._at

    def act(self) -> None:
        """Begin a night, or do its next chore."""
        if self._chore is None:
            self.world.say("a night begins")
            self._chore = Chore(tenant=TENANT)
        self._under_way = True
        chore = self._chore
        self.world.call(
            "housekeeping", lambda _engine, plane: self._keeper(plane).do(chore), self._done
        )

    def hold_one_more(self) -> bool:
        """Let another night come, a day later, if there are any; False when one found nothing."""
        self.kind = True
        if not (self._between or self.world.left_alone) or self._found_nothing():
            return False
        self._kind_nights += 1
        if self._kind_nights > _NIGHTS:
            raise BrokenError(f"every night finds something to mend: {dict(self.mended)}")
        self._chore, self._failures = None, 0
        self._at = self.world.clock.now() + timedelta(days=1)
        return True

    def check_end(self) -> None:
        """Where nothing was lost, or left alone, a kind world left nothing to mend.

        Before, an event may fail for longer than the sweep has patience.
        """
        lost = set(LOSSES) & set(self.world.faults.counts())
        found = {
            kind: count
            for kind, count in self._mended_at_rest.items()
            if not (kind == Stall.UNTOLD_END and self.world.stream.lost)
        }
        if found and not lost and not self.world.left_alone:
            raise BrokenError(f"nothing was lost, but housekeeping mended {found}")
        ends = self.world.runs.ends() if self._between else ()
        untold = self.world.stream.told_ends.untold(TENANT, ends)
        told = [event.id for event in self.world.stream.bus.published]
        if untold or len(told) != len(set(told)):
            raise BrokenError(f"ends were not told, or twice: {untold}, {told}")

    def _found_nothing(self) -> bool:
        done = self._chore is not None and self._chore.done
        return self._kind_nights > 0 and done and not self._chore.mended

    def _keeper(self, plane: ControlPlane) -> HouseKeeper:
        return HouseKeeper(
            registry=plane.tokens,
            definitions=plane.definitions,
            runs=plane.runs,
            remover=plane.runs,
            objects=InMemoryObjectStore(),
            events=plane.events,
            dead_letters=InMemoryDeadLetters(plane.events, []),
            clock=plane.clock,
            ants=plane.ants,
            sockets=plane.sockets,
            gates=plane.gates,
            queues=self.world.task_queues,
            bus=self.world.stream.bus,
            told_ends=self.world.stream.told_ends,
            ids=plane.ids,
        )

    def _done(self, answer: Chore | None, error: Any) -> None:
        self._under_way = False
        now = self.world.clock.now()
        if error is not None and not isinstance(error, FormicaryError | SimulatedKillError):
            raise BrokenError(f"housekeeping ends with {error!r}") from error
        if answer is None:
            self._failures += 1
            self._at = now + timedelta(seconds=_PAUSE_SECONDS)
            if self._failures > _TRIES:
                self._end(now)
            return
        self._chore = Chore.model_validate_json(answer.model_dump_json())
        self._failures, self._at = 0, now
        if answer.done:
            self.world.say(f"the night is over: {dict(answer.mended)}")
            self.held += 1
            self.mended.update(answer.mended)
            if self._kind_nights:
                self._mended_at_rest.update(answer.mended)
            self._end(now)

    def _end(self, now: datetime) -> None:
        """Wait for the next night; a kind one comes when it is asked for."""
        if self.kind:
            self._at = None
        else:
            self._chore, self._failures = None, 0
            self._at = now + self._between
