"""Gates in memory, with the counting of the table."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

from formicary.domain.errors import ConcurrentUpdateError
from formicary.domain.gates import (
    Applicant,
    Claim,
    Gate,
    GateMember,
    Holding,
    TenantLimits,
)
from formicary.domain.job_resource import JobResource


@dataclass
class _Stored:
    limit: int
    free: int
    holders: dict[str, Applicant] = field(default_factory=dict)
    amounts: dict[str, int] = field(default_factory=dict)
    waiters: dict[str, Applicant] = field(default_factory=dict)

    def later(self, applicant: Applicant) -> bool:
        """Whether a later stint of an applicant stands in line."""
        there = self.waiters.get(applicant.rank)
        return there is not None and there.stint > applicant.stint


class InMemoryGateRepository:
    """GateRepository on dicts."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._resources: dict[str, dict[str, JobResource]] = {}
        self._limits: dict[str, TenantLimits] = {}
        self._gates: dict[tuple[str, str], _Stored] = {}

    def find(self, tenant: str, gate: str) -> Gate | None:
        """Return a gate as it stands, None when it was never limited."""
        with self._lock:
            stored = self._gates.get((tenant, gate))
            return None if stored is None else Gate(gate, stored.limit, stored.free)

    def limit(self, tenant: str, gate: str, limit: int, *, only_new: bool = False) -> Gate:
        """Set how many slots a gate has."""
        with self._lock:
            stored = self._gates.setdefault((tenant, gate), _Stored(limit, limit))
            if not only_new:
                stored.free += limit - stored.limit
                stored.limit = limit
            return Gate(gate, stored.limit, stored.free)

    def take(
        self, tenant: str, claims: Sequence[Claim], applicant: Applicant, *, waited: bool
    ) -> bool:
        """Take the slots of all claims, or none."""
        with self._lock:
            stored = [(self._gates.get((tenant, claim.gate)), claim) for claim in claims]
            gates = [(gate, claim) for gate, claim in stored if gate is not None]
            name = applicant.name
            missing = [(gate, claim) for gate, claim in gates if name not in gate.holders]
            if len(gates) < len(stored) or any(gate.free < c.amount for gate, c in missing):
                return False
            if waited and len(missing) == len(gates) and any(g.later(applicant) for g, _ in gates):
                raise ConcurrentUpdateError(f"A later stint of {name} stands in line.")
            for gate, claim in gates:
                if name not in gate.holders:
                    gate.free -= claim.amount
                    gate.amounts[name] = claim.amount
                before = gate.holders.get(name, applicant)
                gate.holders[name] = max(before, applicant, key=lambda who: who.stint)
                if (waited or not missing) and not gate.later(applicant):
                    gate.waiters.pop(applicant.rank, None)
            return True

    def held(self, tenant: str, gate: str, name: str) -> Holding | None:
        """Return the slots that an applicant of that name has of a gate, None for none."""
        with self._lock:
            stored = self._gates.get((tenant, gate))
            there = stored.holders.get(name) if stored else None
            if stored is None or there is None:
                return None
            return Holding(there.stint, stored.amounts[name])

    def give_back(self, tenant: str, claims: Sequence[Claim], name: str, stint: int) -> bool:
        """Give back the slots of all claims; False when that stint holds none (any more)."""
        with self._lock:
            gates = [(self._gates.get((tenant, claim.gate)), claim) for claim in claims]
            held = [gate.holders.get(name) if gate else None for gate, _ in gates]
            if not all(who is not None and who.stint == stint for who in held):
                return False
            for gate, claim in gates:
                if gate is not None:
                    gate.free += claim.amount
                    del gate.holders[name]
            return True

    def wait(self, tenant: str, gate: str, applicant: Applicant) -> None:
        """Stand in line, unless a later stint of that run stands there by now."""
        with self._lock:
            stored = self._gates.setdefault((tenant, gate), _Stored(0, 0))
            if not stored.later(applicant):
                stored.waiters[applicant.rank] = applicant

    def stop_waiting(self, tenant: str, gate: str, rank: str, stint: int) -> None:
        """Leave the line, unless a later stint of that run stands there by now."""
        with self._lock:
            stored = self._gates.get((tenant, gate))
            there = stored.waiters.get(rank) if stored else None
            if stored is not None and there is not None and there.stint <= stint:
                del stored.waiters[rank]

    def line(self, tenant: str, gate: str, limit: int, *, before: str = "") -> Sequence[Applicant]:
        """Return the first in line, all of them or those before a rank."""
        with self._lock:
            stored = self._gates.get((tenant, gate))
            ranks = sorted(stored.waiters) if stored else []
            wanted = [rank for rank in ranks if not before or rank < before]
            return [stored.waiters[rank] for rank in wanted[:limit]] if stored else []

    def holders(self, tenant: str, gate: str, limit: int) -> Sequence[Applicant]:
        """Return some of those that hold slots, by the id of their run."""
        with self._lock:
            stored = self._gates.get((tenant, gate))
            return (
                [stored.holders[name] for name in sorted(stored.holders)[:limit]] if stored else []
            )

    def waits(self, tenant: str, gate: str, rank: str) -> Applicant | None:
        """Return who stands in line with that rank."""
        with self._lock:
            stored = self._gates.get((tenant, gate))
            return stored.waiters.get(rank) if stored else None

    def names(self, tenant: str, after: str, limit: int) -> Sequence[str]:
        """Return the gates of a tenant by name, from the first after that name on."""
        with self._lock:
            found = (name for owner, name in self._gates if owner == tenant and name > after)
            return sorted(found)[:limit]

    def members(self, tenant: str, gate: str, after: str, limit: int) -> Sequence[GateMember]:
        """Return those that hold slots, then those in line, from the first after a place on."""
        with self._lock:
            stored = self._gates.get((tenant, gate))
            if stored is None:
                return []
            holders = [
                GateMember(f"H#{name}", who, stored.amounts[name])
                for name, who in sorted(stored.holders.items())
            ]
            line = [GateMember(f"W#{r}", who, 0) for r, who in sorted(stored.waiters.items())]
            return [one for one in (*holders, *line) if one.place > after][:limit]

    def put_resource(self, tenant: str, resource: JobResource) -> None:
        """Store a job resource."""
        with self._lock:
            self._resources.setdefault(tenant, {})[resource.id] = resource

    def find_resource(self, tenant: str, resource_id: str) -> JobResource | None:
        """Return a job resource."""
        with self._lock:
            return self._resources.get(tenant, {}).get(resource_id)

    def list_resources(self, tenant: str) -> Sequence[JobResource]:
        """Return the job resources by id."""
        with self._lock:
            return [found for _, found in sorted(self._resources.get(tenant, {}).items())]

    def delete_resource(self, tenant: str, resource_id: str) -> None:
        """Forget a job resource."""
        with self._lock:
            self._resources.get(tenant, {}).pop(resource_id, None)

    def tenant_limits(self, tenant: str) -> TenantLimits:
        """Return the limits of a tenant and its users."""
        with self._lock:
            return self._limits.get(tenant, TenantLimits())

    def put_tenant_limits(self, tenant: str, limits: TenantLimits) -> None:
        """Store them."""
        with self._lock:
            self._limits[tenant] = limits
