"""Gates: counted limits that a run passes before it begins, and gives its slots back to at its end.

A gate is the `max_concurrency` of a job type, a limit of a tenant or user, or the quota of a job
resource. Only what is limited has gates, so nothing else pays for them. The slots of all gates of
a run are taken together or not at all.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

UNLIMITED = 1_000_000_000
_HIGHEST_PRIORITY = 1000

TENANT_GATE = "tenant"
_RESOURCE = "resource:"


@dataclass(frozen=True, slots=True)
class Claim:
    """What a run needs of a gate; 0 of one that an ancestor has passed for it.

    `limit` is what the gate had when the run was stored: it counts only while nobody has passed.
    After `lease_seconds` the slots are taken back, whoever holds them; 0 for never.
    """

    gate: str
    amount: int = 1
    limit: int = UNLIMITED
    lease_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Gate:
    """A gate as it stands; `free` is below 0 after a limit was lowered under what is taken."""

    name: str
    limit: int
    free: int


@dataclass(frozen=True, slots=True)
class TenantLimits:
    """How many jobs of a tenant, and of each of its users, may go on at once; 0 for any number."""

    max_concurrency: int = 0
    user_max_concurrency: int = 0
    users: Mapping[str, int] = field(default_factory=dict)

    def of_user(self, user_id: str) -> int:
        """Return the limit of a user: the own one, or the one of every user."""
        return self.users.get(user_id, self.user_max_concurrency)


@dataclass(frozen=True, slots=True)
class Applicant:
    """Who asks: a run, or a task of it, in its `stint`, which grows when slots were given back.

    `proof` lets whoever frees a slot tell the run without reading it.
    """

    request_id: str
    execution_id: str
    job_type: str
    stint: int
    rank: str
    proof: str
    expires_at: datetime | None = None
    task_type: str = ""

    @property
    def name(self) -> str:
        """What its slots are kept under."""
        return applicant_name(self.request_id, self.task_type)


@dataclass(frozen=True, slots=True)
class Holding:
    """The slots that somebody has of a gate."""

    stint: int
    amount: int


@dataclass(frozen=True, slots=True)
class GateMember:
    """Somebody at a gate: who holds `amount` slots of it, or with none stands in line.

    `place` is where a list of them goes on.
    """

    place: str
    applicant: Applicant
    amount: int


def applicant_name(request_id: str, task_type: str = "") -> str:
    """Name who holds slots: a run, or a task of it."""
    return f"{request_id}:{task_type}" if task_type else request_id


def type_gate(job_type: str) -> str:
    """Name the gate of a job type's `max_concurrency`."""
    return f"type:{job_type}"


def user_gate(user_id: str) -> str:
    """Name the gate of a user's limit."""
    return f"user:{user_id}"


def resource_gate(resource_id: str) -> str:
    """Name the gate of a job resource's quota."""
    return f"{_RESOURCE}{resource_id}"


def is_resource_gate(gate: str) -> bool:
    """Whether what a gate lets have is a lease."""
    return gate.startswith(_RESOURCE)


def fork_gate(request_id: str, index: int, fork: str) -> str:
    """Name the gate of a fork task's `fork_max_parallel`, by its place and how often it forked."""
    return f"fork:{request_id}:{index}:{fork}"


def rank_of(priority: int, created_at: datetime, request_id: str) -> str:
    """Return what waiting runs are sorted by: the higher priority first, then the older."""
    inverted = _HIGHEST_PRIORITY - max(-_HIGHEST_PRIORITY, min(_HIGHEST_PRIORITY, priority))
    return f"{inverted:04d}#{int(created_at.timestamp() * 1000):014d}#{request_id}"


def wanted(claims: Iterable[Claim]) -> tuple[Claim, ...]:
    """Return the claims that the run itself has to take."""
    return tuple(claim for claim in claims if claim.amount > 0)


def for_child(own: Iterable[Claim], inherited: Iterable[Claim]) -> tuple[Claim, ...]:
    """Return the claims of a child: what its family has passed already is not asked for again.

    A child that waited for the slot of the parent that awaits it would wait for ever.
    """
    passed = {claim.gate: Claim(claim.gate, 0, claim.limit) for claim in inherited}
    return (*passed.values(), *(claim for claim in own if claim.gate not in passed))
