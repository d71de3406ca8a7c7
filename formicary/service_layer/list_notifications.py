"""Who was told how a run, and its tasks, ended, and who could not be."""

from collections.abc import Sequence
from datetime import datetime

from pydantic import BaseModel

from formicary.domain.notification import Channel, Notification, NotificationState
from formicary.domain.records import Principal
from formicary.domain.states import RequestState
from formicary.service_layer.control_plane import ControlPlane
from formicary.service_layer.find_run import find_run


class NotificationView(BaseModel):
    """One recipient of one ending; `task_type` is empty when the run itself has ended.

    `recipient` is what may be shown: of a URL its host. `fixed`: it tells of the first success
    after a failure.
    """

    channel: Channel
    recipient: str
    state: NotificationState
    attempts: int
    error: str
    job_execution_id: str
    task_type: str
    told_state: RequestState
    fixed: bool
    created_at: datetime
    updated_at: datetime


class NotificationsView(BaseModel):
    """All of a run, the oldest first."""

    records: list[NotificationView]


def list_notifications(
    plane: ControlPlane, caller: Principal, request_id: str
) -> NotificationsView:
    """Return who was told; NotFoundError when the tenant has no such run."""
    run = find_run(plane, caller, request_id)
    found: Sequence[Notification] = plane.notifications.list(caller.tenant, run.request_id)
    ordered = sorted(found, key=lambda notification: (notification.created_at, notification.id))
    return NotificationsView(records=[_view(notification) for notification in ordered])


def _view(notification: Notification) -> NotificationView:
    return NotificationView(
        channel=notification.channel,
        recipient=notification.recipient,
        state=notification.state,
        attempts=notification.attempts,
        error=notification.error,
        job_execution_id=notification.job_execution_id,
        task_type=notification.task_type,
        told_state=notification.job_state,
        fixed=notification.fixed,
        created_at=notification.created_at,
        updated_at=notification.updated_at,
    )
