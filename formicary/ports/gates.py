"""What bounds how much runs at once."""

from collections.abc import Sequence
from typing import Protocol

from formicary.domain.gates import (
    Applicant,
    Claim,
    Gate,
    GateMember,
    Holding,
    TenantLimits,
)
from formicary.domain.job_resource import JobResource


class GateRepository(Protocol):
    """Counted limits, who holds their slots, and who waits in line. All reads are consistent."""

    def find(self, tenant: str, gate: str) -> Gate | None:
        """Return a gate as it stands, None when it was never limited."""

    def limit(self, tenant: str, gate: str, limit: int, *, only_new: bool = False) -> Gate:
        """Set how many slots a gate has; `only_new` leaves one that exists as it is.

        What is taken stays taken: a limit below that lets nobody pass until enough is given back.
        """

    def take(
        self, tenant: str, claims: Sequence[Claim], applicant: Applicant, *, waited: bool
    ) -> bool:
        """Take the slots of all claims, or none: False when one of the gates has too few.

        What is the applicant's already is not taken again; that of an earlier stint becomes that of
        this one. `waited` takes it out of the lines of these gates, too.
        ConcurrentUpdateError when others are at the same gates, or a later stint of that run stands
        in line there by now.
        """

    def held(self, tenant: str, gate: str, name: str) -> Holding | None:
        """Return the slots that an applicant of that name has of a gate, None for none."""

    def give_back(self, tenant: str, claims: Sequence[Claim], name: str, stint: int) -> bool:
        """Give back the slots of all claims; False when that stint holds none (any more)."""

    def wait(self, tenant: str, gate: str, applicant: Applicant) -> None:
        """Stand in line, unless a later stint of that run stands there by now."""

    def stop_waiting(self, tenant: str, gate: str, rank: str, stint: int) -> None:
        """Leave the line, unless a later stint of that run stands there by now."""

    def line(self, tenant: str, gate: str, limit: int, *, before: str = "") -> Sequence[Applicant]:
        """Return the first in line, all of them or those before a rank."""

    def holders(self, tenant: str, gate: str, limit: int) -> Sequence[Applicant]:
        """Return some of those that hold slots, by the id of their run."""

    def waits(self, tenant: str, gate: str, rank: str) -> Applicant | None:
        """Return who stands in line with that rank."""

    def names(self, tenant: str, after: str, limit: int) -> Sequence[str]:
        """Return the gates of a tenant by name, from the first after that name on.

        One that has just been made may be missing.
        """

    def members(self, tenant: str, gate: str, after: str, limit: int) -> Sequence[GateMember]:
        """Return those that hold slots, then those in line, from the first after a place on."""

    def put_resource(self, tenant: str, resource: JobResource) -> None:
        """Store a job resource; its quota is the limit of a gate, set apart from it."""

    def find_resource(self, tenant: str, resource_id: str) -> JobResource | None:
        """Return a job resource."""

    def list_resources(self, tenant: str) -> Sequence[JobResource]:
        """Return the job resources by id."""

    def delete_resource(self, tenant: str, resource_id: str) -> None:
        """Forget a job resource."""

    def tenant_limits(self, tenant: str) -> TenantLimits:
        """Return the limits of a tenant and its users."""

    def put_tenant_limits(self, tenant: str, limits: TenantLimits) -> None:
        """Store them."""
