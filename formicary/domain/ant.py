"""Ants as the control plane knows them, and what they say to each other over HTTP."""

import re
from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from formicary.domain.states import TaskMethod

# Ants before this version do not understand what they are told any more.
MINIMUM_ANT_VERSION = (0, 1)


class TaskInFlight(BaseModel):
    """An attempt that an ant is working on."""

    model_config = ConfigDict(frozen=True)

    job_request_id: str
    job_execution_id: str
    task_type: str
    attempt: int
    proof: str
    started_at: datetime


class AntRegistrationRequest(BaseModel):
    """Body of `POST /api/ants`; with `trial` the answer is given and nothing is stored."""

    ant_id: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")
    host: str = ""
    version: str = ""
    methods: list[TaskMethod] = Field(min_length=1)
    tags: list[str] = Field(default_factory=list)
    max_capacity: int = Field(default=1, ge=1, le=1000)
    trial: bool = False


class AwsCredentials(BaseModel):
    """Short-lived credentials, scoped to what the ant needs."""

    access_key_id: str
    secret_access_key: str
    session_token: str
    expires_at: datetime


class QueueDirective(BaseModel):
    """A task queue that the ant shall poll."""

    model_config = ConfigDict(frozen=True)

    routing_key: str
    queue_url: str


class AntDirectives(BaseModel):
    """Answer to a heartbeat: what the ant shall do now. `cancel` holds task keys.

    `drain` asks it to take no more tasks, end those that run, and go.
    """

    queues: list[QueueDirective]
    cancel: list[str] = Field(default_factory=list)
    drain: bool = False
    heartbeat_seconds: float = 5.0
    lease_seconds: int = 30


class AntRegistrationAnswer(BaseModel):
    """Answer to `POST /api/ants`: where everything is and the right to use it."""

    ant_id: str
    tenant: str
    region: str
    artifact_bucket: str
    events_queue_url: str
    messaging_queue_prefix: str = ""
    credentials: AwsCredentials
    directives: AntDirectives


class Heartbeat(BaseModel):
    """Body of `POST /api/ants/{id}/heartbeat`; `condition` tells why it takes no tasks now."""

    current_load: int = Field(default=0, ge=0)
    total_executed: int = Field(default=0, ge=0)
    in_flight: list[TaskInFlight] = Field(default_factory=list)
    condition: str = Field(default="", max_length=500)


class ClaimRequest(BaseModel):
    """Body of `POST /api/ants/{id}/claims`: asks to run what was delivered before."""

    job_request_id: str
    job_execution_id: str
    task_type: str
    attempt: int
    proof: str
    delivery: int = Field(default=0, ge=0, description="How often the message was delivered")


class SecretsRequest(ClaimRequest):
    """Body of `POST /api/ants/{id}/secrets`: asks for the secrets that a task mentions."""

    names: list[str] = Field(min_length=1, max_length=200)


class SecretsAnswer(BaseModel):
    """The values by name, and what stands for each in the task's message."""

    values: dict[str, str]
    placeholders: dict[str, str]


class AttemptQuestion(ClaimRequest):
    """What the function of HTTP tasks asks about its attempt: is it wanted; secrets by `names`."""

    tenant: str
    names: list[str] = Field(default_factory=list, max_length=200)


class AttemptAnswer(BaseModel):
    """Whether an attempt is to go on, and its secrets, or in words why it does not get them."""

    wanted: bool
    secrets: SecretsAnswer | None = None
    refused: str = ""


class ClaimAnswer(BaseModel):
    """Either a new attempt with its fencing token, or `granted` false: delete the message."""

    granted: bool
    attempt: int = 0
    proof: str = ""
    object_prefix: str = ""
    reason: str = ""


class AntRegistration(BaseModel):
    """An ant as stored and as `GET /api/ants` shows it."""

    ant_id: str
    host: str = ""
    version: str = ""
    methods: list[TaskMethod]
    tags: list[str]
    max_capacity: int
    current_load: int = 0
    total_executed: int = 0
    in_flight: list[TaskInFlight] = Field(default_factory=list)
    condition: str = ""
    draining: bool = False
    created_at: datetime
    updated_at: datetime
    alive: bool = True


def is_too_old(version: str) -> bool:
    """Whether an ant of this version is no longer understood; one that tells none is taken."""
    numbers = re.match(r"\d+(\.\d+)*", version)
    if not numbers:
        return False
    return tuple(int(part) for part in numbers[0].split(".")) < MINIMUM_ANT_VERSION
