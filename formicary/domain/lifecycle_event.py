"""What the world is told when the state of a job changes: no params, no secrets."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

SOURCE = "formicary"
DETAIL_TYPE = "JobExecutionLifecycleEvent"


@dataclass(frozen=True, slots=True)
class JobExecutionLifecycleEvent:
    """A job went from one state to another; `old_state` is empty for a new one."""

    id: str
    tenant: str
    job_request_id: str
    job_execution_id: str
    job_type: str
    job_version: int
    old_state: str
    new_state: str
    error_code: str
    user_id: str

    def to_json(self) -> dict[str, Any]:
        """Return it as listeners get it."""
        return asdict(self)


def state_change(
    tenant: str, old: Mapping[str, Any], new: Mapping[str, Any]
) -> JobExecutionLifecycleEvent | None:
    """Return the change between two summaries of a run, None when its state stayed.

    The id is the same whenever the same change is told again, so that listeners can drop doubles.
    """
    old_state, new_state = str(old.get("job_state", "")), str(new["job_state"])
    if old_state == new_state:
        return None
    execution_id = str(new.get("job_execution_id", ""))
    return JobExecutionLifecycleEvent(
        id=f"{new['id']}:{execution_id}:{new_state}",
        tenant=tenant,
        job_request_id=str(new["id"]),
        job_execution_id=execution_id,
        job_type=str(new.get("job_type", "")),
        job_version=int(new.get("job_version", 0)),
        old_state=old_state,
        new_state=new_state,
        error_code=str(new.get("error_code", "")),
        user_id=str(new.get("user_id", "")),
    )
