"""Names and labels of what an attempt makes on an engine: the reaper finds it by them."""

import hashlib
import re
import secrets
from collections.abc import Mapping

from formicary.domain.task_request import TaskRequest

ANT = "formicary.io/ant"
TASK = "formicary.io/task"
_NOT_PLAIN = re.compile(r"[^a-z0-9]+")
_LABEL = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")


def new_name(request: TaskRequest) -> str:
    """Name an attempt after its task; no two share one, and every engine takes it."""
    plain = _NOT_PLAIN.sub("-", request.task_type.lower()).strip("-")[:24].strip("-")
    return "-".join(filter(None, ("formicary", plain, secrets.token_hex(4))))


def labels_of(request: TaskRequest, ant_id: str, name: str) -> Mapping[str, str]:
    """Return the labels of everything that belongs to an attempt."""
    return {
        ANT: label_value(ant_id),
        TASK: name,
        "AntID": label_value(ant_id),
        "JobType": label_value(request.job_type),
        "JobRequestID": label_value(request.job_request_id),
        "TaskType": label_value(request.task_type),
    }


def label_value(text: str) -> str:
    """Return the text where it can be a label in Kubernetes, else a digest of it."""
    if _LABEL.fullmatch(text):
        return text
    return hashlib.sha256(text.encode()).hexdigest()[:40]
