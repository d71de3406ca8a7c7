"""Limits of tenants as this process knows them: asked for again only after a while."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from formicary.domain.gates import TenantLimits
from formicary.ports import Clock, GateRepository

# How long it may take until the first limit of a tenant is heeded; later changes act at once.
KNOWN_FOR = timedelta(seconds=30)


class KnownLimits:
    """The limits of tenants, read at most every half minute."""

    def __init__(self, gates: GateRepository, clock: Clock) -> None:
        """Read what is not known from `gates`."""
        self._gates = gates
        self._clock = clock
        self._known: dict[str, tuple[datetime, TenantLimits]] = {}

    def of(self, tenant: str) -> TenantLimits:
        """Return the limits of a tenant."""
        now = self._clock.now()
        known = self._known.get(tenant)
        if known is None or now - known[0] >= KNOWN_FOR:
            known = self._known[tenant] = (now, self._gates.tenant_limits(tenant))
        return known[1]

    def forget(self, tenant: str) -> None:
        """Ask again next time."""
        self._known.pop(tenant, None)


def without_zeros(users: Mapping[str, int]) -> dict[str, int]:
    """Return the users that have a limit of their own."""
    return {name: limit for name, limit in sorted(users.items()) if limit > 0}
