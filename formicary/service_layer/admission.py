"""Admission: taking the slots of a run's gates, waiting in line for them, and giving them back.

Waiting runs start in order of priority, then age. Nobody overtakes: a run may take a slot only when
fewer stand before it in the line of a gate than the gate has slots. A wake-up that is lost does no
harm: whoever stands in line looks again after it took its place, and whoever is kept back though
slots are free wakes those before it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from formicary.domain.errors import ConcurrentUpdateError
from formicary.domain.events import (
    Event,
    JobSubmitted,
    RestartRequested,
    ResumeRequested,
    SlotFreed,
    SlotsGranted,
    TimerFired,
    TimerKind,
    TriggerRequested,
)
from formicary.domain.gates import UNLIMITED, Applicant, Claim, Gate, rank_of, wanted
from formicary.domain.job_run import JobRun, Phase
from formicary.domain.messages import EventMessage, pack_event
from formicary.domain.proofs import internal_proof
from formicary.ports import EventQueue, GateRepository

# How far a line is read; who stands further back waits for the next wake-up.
MAX_LOOK = 100
WAKE_AT_ONCE = 10
WAKE_AFTER_PASSING = 2
_TRIES = 10
_BEGINNINGS = (TimerKind.START, TimerKind.JOB_RETRY, TimerKind.PAUSE)


@dataclass(frozen=True, slots=True)
class Admission:
    """Lets runs pass their gates. The cost of each step does not grow with the line."""

    gates: GateRepository
    events: EventQueue

    def acquire(
        self, run: JobRun, stint: int, *, waited: bool, until: datetime | None = None
    ) -> SlotsGranted | None:
        """Take the slots of a run; None when it has to wait, standing in line."""
        applicant = applicant_of(run, stint, until)
        passes = self.pass_gates(run.tenant, wanted(run.gates), applicant, waited=waited)
        return SlotsGranted(stint) if passes else None

    def pass_gates(
        self, tenant: str, claims: Sequence[Claim], applicant: Applicant, *, waited: bool
    ) -> bool:
        """Take the slots of all claims; False when the applicant stands in line for them."""
        standing = ""
        for _ in range(_TRIES):
            full = self._closed(tenant, claims, applicant)
            in_line = waited or bool(standing)
            if full is None:
                if self.gates.take(tenant, claims, applicant, waited=in_line):
                    if in_line:
                        self._wake_after(tenant, claims, applicant)
                    return True
            elif full.gate == standing:
                self._wake_before(tenant, full, applicant)
                return False
            else:
                # It looks again: slots that were given back before it stood there woke others.
                standing = self._stand_in_line(tenant, claims, full, applicant, moves=in_line)
        raise ConcurrentUpdateError("Too many are at the same gates.")

    def _stand_in_line(
        self,
        tenant: str,
        claims: Sequence[Claim],
        full: Claim,
        applicant: Applicant,
        *,
        moves: bool,
    ) -> str:
        self.gates.wait(tenant, full.gate, applicant)
        for other in claims if moves else ():
            if other.gate != full.gate:
                self.leave_line(tenant, other.gate, applicant)
        return full.gate

    def release(self, run: JobRun, stint: int) -> None:
        """Give back the slots of a stint, leave the line, and wake who is next."""
        self.give_back(run.tenant, wanted(run.gates), applicant_of(run, stint))

    def give_back(self, tenant: str, claims: Sequence[Claim], applicant: Applicant) -> None:
        """Give back slots, leave the line, and wake who is next."""
        for claim in claims:
            # One by one: a lease that has ended must not keep the others.
            if self.gates.give_back(tenant, [claim], applicant.name, applicant.stint):
                self._wake(tenant, claim.gate, WAKE_AT_ONCE, _by(applicant))
                continue
            self.gates.stop_waiting(tenant, claim.gate, applicant.rank, applicant.stint)
            # One for one: wake-ups come twice, and must not become more and more.
            self._wake(tenant, claim.gate, 1, _by(applicant))

    def leave_line(self, tenant: str, gate: str, applicant: Applicant) -> None:
        """Take somebody out of a line who was woken for nothing there, in place of the next.

        Who does not stand there wakes nobody: wake-ups come twice, and each would call for more.
        """
        if self.gates.waits(tenant, gate, applicant.rank) is None:
            return
        by = f"{_by(applicant)}:left"
        # Before as well, should the function die in between.
        self._wake(tenant, gate, 1, by, besides=applicant.rank)
        self.gates.stop_waiting(tenant, gate, applicant.rank, applicant.stint)
        self._wake(tenant, gate, 1, by)

    def expire(self, run: JobRun, stint: int) -> None:
        """Take back the leases of a run that may last no longer; its other slots stay."""
        for claim in wanted(run.gates):
            if claim.lease_seconds > 0:
                self.gates.give_back(run.tenant, [claim], run.request_id, stint)
                self._wake(run.tenant, claim.gate, WAKE_AT_ONCE, f"lease:{run.request_id}:{stint}")

    def refused(self, run: JobRun, event: Event) -> None:
        """Clean up after an event about slots that the run has no use for any more.

        It may have been cancelled between its taking the slots and its being told of them.
        """
        if not wanted(run.gates):
            return
        stint = _stint_of(run, event)
        if stint is not None and run.holds_slots and run.stint == stint:
            for claim in wanted(run.gates):
                self.leave_line(run.tenant, claim.gate, applicant_of(run, stint))
        elif stint is not None:
            self.release(run, stint)
        if _may_take(event):
            self._release_stale(run)

    def _release_stale(self, run: JobRun) -> None:
        """Give back what a function took that died before it told the run, which goes on without.

        The run may be several executions further; what it holds by now is of a later stint. One
        that was cancelled before it had slots asks for none while it tidies up, nor ever again in
        that stint.
        """
        asks = run.holds_slots or run.phase is not Phase.FINALIZING
        over = run.stint if asks else run.stint + 1
        held = [self.gates.held(run.tenant, c.gate, run.request_id) for c in wanted(run.gates)]
        for stint in sorted({one.stint for one in held if one and one.stint < over}):
            self.release(run, stint)

    def set_limit(self, tenant: str, gate: str, limit: int | None, by: str) -> None:
        """Change what a gate lets pass, at once; None opens it for all that wait there."""
        if limit is None and self.gates.find(tenant, gate) is None:
            return
        self.gates.limit(tenant, gate, UNLIMITED if limit is None else limit)
        self._wake(tenant, gate, WAKE_AT_ONCE, by)

    def wake(self, tenant: str, gate: str, by: str) -> None:
        """Wake the first in line as far as slots are free."""
        self._wake(tenant, gate, WAKE_AT_ONCE, by)

    def _closed(self, tenant: str, claims: Sequence[Claim], applicant: Applicant) -> Claim | None:
        """Return the first gate that does not let the applicant pass now.

        A function that died after it took slots comes again, and finds its own ones gone.
        """
        for claim in claims:
            gate = self.gates.find(tenant, claim.gate)
            if gate is None:
                gate = self.gates.limit(tenant, claim.gate, claim.limit, only_new=True)
            if not self._open(tenant, gate, claim, applicant) and not self.gates.held(
                tenant, claim.gate, applicant.name
            ):
                return claim
        return None

    def _open(self, tenant: str, gate: Gate, claim: Claim, applicant: Applicant) -> bool:
        if gate.free < claim.amount:
            return False
        look = min(gate.free, MAX_LOOK)
        before = self.gates.line(tenant, gate.name, look, before=applicant.rank)
        return len(before) + claim.amount <= gate.free and len(before) < MAX_LOOK

    def _wake_after(self, tenant: str, claims: Sequence[Claim], applicant: Applicant) -> None:
        for claim in claims:
            self._wake(tenant, claim.gate, WAKE_AFTER_PASSING, f"{_by(applicant)}:passed")

    def _wake_before(self, tenant: str, full: Claim, applicant: Applicant) -> None:
        """Wake the first before it when slots are free: the one who should have may be lost.

        One for one: while calls fail, many look in vain before one passes.
        """
        by = f"{_by(applicant)}:behind"
        self._wake(tenant, full.gate, 1, by, before=applicant.rank)

    def _wake(
        self, tenant: str, name: str, most: int, by: str, *, before: str = "", besides: str = ""
    ) -> None:
        gate = self.gates.find(tenant, name)
        if gate is None or gate.free <= 0:
            return
        most = min(gate.free, most)
        line = self.gates.line(tenant, name, most + bool(besides), before=before)
        first = [who for who in line if who.rank != besides][:most]
        if first:
            self.events.send_all([_wake_up(tenant, who, by) for who in first])


def lease_end(run: JobRun, now: datetime) -> datetime | None:
    """Return when the leases of a run that begins now are taken back, None for never."""
    lasts = [claim.lease_seconds for claim in wanted(run.gates) if claim.lease_seconds > 0]
    return now + timedelta(seconds=min(lasts)) if lasts else None


def applicant_of(run: JobRun, stint: int, until: datetime | None = None) -> Applicant:
    """Return a run as its gates know it."""
    return Applicant(
        request_id=run.request_id,
        execution_id=run.execution_id,
        job_type=run.job_type,
        stint=stint,
        rank=rank_of(run.job_priority, run.created_at, run.request_id),
        proof=internal_proof(run.key),
        expires_at=until,
    )


def _stint_of(run: JobRun, event: Event) -> int | None:
    """Return the stint that an event was about, None for events that have to do with no slots."""
    if isinstance(event, SlotFreed | SlotsGranted):
        return event.stint
    begins = isinstance(event, TimerFired) and event.timer is TimerKind.START
    if begins or isinstance(event, JobSubmitted):
        return run.stint if run.holds_slots else run.stint - 1
    return None


def _may_take(event: Event) -> bool:
    """Whether slots may be taken for what an event begins."""
    if isinstance(event, TimerFired):
        return event.timer in _BEGINNINGS
    return isinstance(event, JobSubmitted | TriggerRequested | RestartRequested | ResumeRequested)


def _by(applicant: Applicant) -> str:
    return f"{applicant.name}:{applicant.stint}"


def _wake_up(tenant: str, who: Applicant, by: str) -> EventMessage:
    event = SlotFreed(who.stint, by, who.task_type)
    return pack_event(tenant, who.request_id, who.execution_id, who.proof, event)
