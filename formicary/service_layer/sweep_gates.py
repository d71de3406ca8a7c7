"""The sweep over gates: slots that are held for nobody, lines in which nobody is woken."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from formicary.domain.gates import Applicant, Claim, GateMember
from formicary.domain.sweep import Stall, gate_fault
from formicary.ports import Clock, EventQueue, GateRepository, RunRepository
from formicary.service_layer.admission import Admission
from formicary.service_layer.sweep_runs import Swept

_MEMBERS = 200


@dataclass(frozen=True, slots=True)
class GateSweeper:
    """Looks at the gates of a tenant, some of those that hold slots or wait at a time."""

    gates: GateRepository
    runs: RunRepository
    events: EventQueue
    clock: Clock

    def sweep(self, tenant: str, page: str) -> Swept:
        """Look at some members of one gate, which the page names; then at the next gate."""
        before, _, place = page.partition("\n")
        names = self.gates.names(tenant, before, 1)
        if not names:
            return Swept(Counter(), None)
        gate = names[0]
        first = self._first_kept_back(tenant, gate)
        members = self.gates.members(tenant, gate, place, _MEMBERS)
        now = self.clock.now()
        faults = [self._mend(tenant, gate, member, now) for member in members]
        found = Counter(fault.value for fault in faults if fault is not None)
        if len(members) == _MEMBERS:
            return Swept(found, f"{before}\n{members[-1].place}")
        # Seen twice: whoever is only just being woken has left by now.
        if first is not None and self._first_kept_back(tenant, gate) == first:
            self._admission.wake(tenant, gate, f"sweep:{now.isoformat()}")
            found[Stall.UNWOKEN.value] += 1
        return Swept(found, f"{gate}\n")

    @property
    def _admission(self) -> Admission:
        return Admission(self.gates, self.events)

    def _mend(self, tenant: str, gate: str, member: GateMember, now: datetime) -> Stall | None:
        who = member.applicant
        run = self.runs.find(tenant, who.request_id)
        fault = gate_fault(member, gate, run, now)
        if fault is Stall.DEAD_WAITER:
            self.gates.stop_waiting(tenant, gate, who.rank, who.stint)
        elif fault is not None:
            self._admission.give_back(tenant, [Claim(gate, member.amount)], who)
        return fault

    def _first_kept_back(self, tenant: str, gate: str) -> Applicant | None:
        """Return who is first in line though as many slots are free as it needs."""
        found = self.gates.find(tenant, gate)
        line: Sequence[Applicant] = self.gates.line(tenant, gate, 1) if found else ()
        if found is None or not line:
            return None
        run = self.runs.find(tenant, line[0].request_id)
        claims = [claim.amount for claim in run.gates if claim.gate == gate] if run else []
        # What a task needs is in its definition: one slot, hardly ever more.
        return line[0] if found.free >= (claims[0] if claims else 1) else None
