"""Gates that watch their lines: nobody overtakes who has stood there and could have begun."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from greenlet import getcurrent

from formicary.adapters.memory.in_memory_gates import InMemoryGateRepository
from formicary.domain.gates import Applicant, Claim, Gate
from tests.simulator.broken import BrokenError


class WatchedGates(InMemoryGateRepository):
    """GateRepository that knows who was in line when a function looked.

    Two functions that look at the same moment may both see the last slot, so only who acts on a
    gate that nobody has changed since it looked is judged.
    """

    def __init__(self) -> None:
        super().__init__()
        self._changes: Counter[str] = Counter()
        self._looked: dict[Any, dict[str, int]] = {}

    def find(self, tenant: str, gate: str) -> Gate | None:
        self._looked.setdefault(getcurrent(), {})[gate] = self._changes[gate]
        return super().find(tenant, gate)

    def limit(self, tenant: str, gate: str, limit: int, *, only_new: bool = False) -> Gate:
        self._note(gate)
        return super().limit(tenant, gate, limit, only_new=only_new)

    def take(
        self, tenant: str, claims: Sequence[Claim], applicant: Applicant, *, waited: bool
    ) -> bool:
        for claim in claims:
            self._check_turn(tenant, claim, applicant)
        taken = super().take(tenant, claims, applicant, waited=waited)
        if taken:
            for claim in claims:
                self._note(claim.gate)
        return taken

    def give_back(self, tenant: str, claims: Sequence[Claim], name: str, stint: int) -> bool:
        for claim in claims:
            self._note(claim.gate)
        return super().give_back(tenant, claims, name, stint)

    def wait(self, tenant: str, gate: str, applicant: Applicant) -> None:
        self._note(gate)
        super().wait(tenant, gate, applicant)

    def stop_waiting(self, tenant: str, gate: str, rank: str, stint: int) -> None:
        self._note(gate)
        super().stop_waiting(tenant, gate, rank, stint)

    def _note(self, gate: str) -> None:
        """Count a change; the one who makes it knows of it."""
        looked = self._looked.setdefault(getcurrent(), {})
        if looked.get(gate) == self._changes[gate]:
            looked[gate] += 1
        self._changes[gate] += 1

    def _check_turn(self, tenant: str, claim: Claim, applicant: Applicant) -> None:
        unchanged = self._looked.get(getcurrent(), {}).get(claim.gate) == self._changes[claim.gate]
        stored = self._gates.get((tenant, claim.gate))
        if not unchanged or stored is None or applicant.name in stored.holders:
            return
        before = [rank for rank in stored.waiters if rank < applicant.rank]
        if claim.amount <= stored.free < claim.amount + len(before):
            first = stored.waiters[min(before)]
            raise BrokenError(
                f"{applicant.name[-4:]} takes a slot of {claim.gate} before {first.name[-4:]}"
            )
