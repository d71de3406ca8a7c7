"""What the function is called with: an event of the bus, or an ending that is told again."""

from collections.abc import Mapping
from typing import Any

from formicary.domain.notification import Ending


def read_ending(event: Mapping[str, Any]) -> Ending:
    """Return the ending that is to be told; ValueError for anything else."""
    if "detail" not in event:
        return Ending.model_validate(event)
    detail = event["detail"]
    return Ending.model_validate(
        {
            "tenant": detail["tenant"],
            "job_request_id": detail["job_request_id"],
            "job_execution_id": detail["job_execution_id"],
            "key": str(detail["id"]).partition(":")[2],
            "state": detail["new_state"],
            "task_index": detail.get("task_index"),
        }
    )
