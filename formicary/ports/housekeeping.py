"""What removes and mends by night."""

from collections.abc import Sequence
from typing import Protocol

from formicary.domain.artifact import Artifact
from formicary.domain.job_run import JobRun


class ObjectRemover(Protocol):
    """The right to remove objects, which housekeeping alone has."""

    def list_keys(self, prefix: str, limit: int | None = None) -> Sequence[str]:
        """Return the keys below a prefix, sorted: all, or the first ones."""

    def delete(self, keys: Sequence[str]) -> None:
        """Remove objects; those that are not there are no fault."""


class RunRemover(Protocol):
    """Removal of what is over, in pieces that may be repeated."""

    def retire(self, run: JobRun) -> None:
        """Take a run out of all lists and note its id, all or nothing.

        ConcurrentUpdateError when it is not stored in that version any more.
        """

    def retired(self, tenant: str, limit: int) -> Sequence[str]:
        """Return the ids of some retired runs of which something is left."""

    def remove_remains(self, tenant: str, request_id: str, limit: int) -> bool:
        """Remove some items of a retired run; the note goes last: True when nothing is left."""

    def delete_artifact(self, tenant: str, artifact: Artifact) -> None:
        """Forget the metadata of an artifact."""


class TenantRegistry(Protocol):
    """The tenants that there are: a tenant is known once it has a token."""

    def tenants(self, after: str, limit: int) -> Sequence[str]:
        """Return tenants by name, from the first after that name on."""


class DeadLetters(Protocol):
    """Events that failed so often that they were laid aside."""

    def send_on(self, limit: int) -> int:
        """Send about so many on to the engine once more, and return how many.

        One that was sent on some times already is left where it is.
        """


class HouseService(Protocol):
    """Whoever sees to it that housekeeping is done."""

    def start(self, tenant: str, name: str) -> None:
        """Begin with the housekeeping of a tenant, once a name."""
