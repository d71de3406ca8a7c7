"""Which gates a run has to pass: fixed when it is stored, so that no limit costs nothing."""

from formicary.domain.gates import (
    TENANT_GATE,
    Claim,
    TenantLimits,
    type_gate,
    user_gate,
)
from formicary.domain.records import JobTypeRecord


def gates_of_run(record: JobTypeRecord, user_id: str, limits: TenantLimits) -> tuple[Claim, ...]:
    """Return the claims of a run that a user or a schedule asks for."""
    stated = (
        (TENANT_GATE, limits.max_concurrency),
        (user_gate(user_id), limits.of_user(user_id) if user_id else 0),
    )
    limited = tuple(Claim(gate, 1, limit) for gate, limit in stated if limit > 0)
    return (*gates_of_child(record), *limited)


def gates_of_child(record: JobTypeRecord) -> tuple[Claim, ...]:
    """Return the claims of a forked run: it counts with its family for the tenant and the user."""
    limit = record.max_concurrency
    return (Claim(type_gate(record.job_type), 1, limit),) if limit > 0 else ()
