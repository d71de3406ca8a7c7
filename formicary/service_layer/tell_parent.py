"""What a parent is told of a child that has ended."""

from formicary.domain.events import ChildFinished
from formicary.domain.job_run import JobRun, ParentLink
from formicary.domain.messages import EventMessage, pack_event


def notice_of_end(child: JobRun, parent: ParentLink) -> EventMessage:
    """Return the notice; its proof is the one that the parent gave to its child."""
    event = ChildFinished(
        parent.task_type,
        child.request_id,
        child.state,
        child.error_code,
        child.error_message,
        parent.item,
    )
    return pack_event(child.tenant, parent.request_id, parent.execution_id, parent.proof, event)
