"""Records that repositories keep beside the runs."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, Field

from formicary.domain.artifact import Artifact
from formicary.domain.states import RequestState, TaskMethod
from formicary.domain.task_response import TaskLog, TaskResponseTimings

T = TypeVar("T")

IDEMPOTENCY_KEPT = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class DefinitionVersion:
    """An immutable version of a job definition: the text as it came, byte for byte."""

    tenant: str
    job_type: str
    version: int
    text: str
    sha256: str
    created_at: datetime
    user_id: str = ""

    @property
    def id(self) -> str:
        """Public id of the version."""
        return f"{self.job_type}:{self.version}"


@dataclass(frozen=True, slots=True)
class JobTypeRecord:
    """A job type and the version in force; `summary` is what lists show.

    `concurrency` was set by the API, over what the text says; a text that sets it clears this.
    """

    tenant: str
    job_type: str
    version: int
    sha256: str
    created_at: datetime
    updated_at: datetime
    disabled: bool = False
    summary: dict[str, Any] = field(default_factory=dict)
    concurrency: int | None = None

    @property
    def max_concurrency(self) -> int:
        """How many of its runs may go on at once; 0 for any number."""
        stated = self.summary.get("max_concurrency") or 0
        return int(stated) if self.concurrency is None else self.concurrency


class TaskAttempt(BaseModel):
    """The outcome of one attempt; attempts never overwrite each other.

    `late` tells that it came when the attempt was no longer the current one, and changed nothing;
    `assumed` that nobody reported it: the engine ended the attempt by itself.
    """

    job_request_id: str
    job_execution_id: str
    task_type: str
    task_index: int
    attempt: int
    method: TaskMethod
    status: RequestState
    exit_code: str = ""
    exit_message: str = ""
    error_code: str = ""
    error_message: str = ""
    failed_command: str = ""
    ant_id: str = ""
    ant_host: str = ""
    context: dict[str, str] = Field(default_factory=dict)
    artifacts: list[Artifact] = Field(default_factory=list)
    warnings: list[str] = Field(default_factory=list)
    stdout: list[str] = Field(default_factory=list)
    cost_factor: float = 0.0
    timings: TaskResponseTimings = Field(default_factory=TaskResponseTimings)
    log: TaskLog = Field(default_factory=TaskLog)
    late: bool = False
    assumed: bool = False
    started_at: datetime | None = None
    ended_at: datetime


@dataclass(frozen=True, slots=True)
class Reservation:
    """What an `Idempotency-Key` stands for: the id of its request, and what was submitted."""

    request_id: str
    digest: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Principal:
    """Who makes a request, as the authorizer found it.

    `methods` and `tags` are those that ants of a token may have; None is any.
    """

    tenant: str
    user_id: str
    role: str = "admin"
    methods: frozenset[str] | None = None
    tags: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list. `next_token` goes on where it ended; `total` counts all that match."""

    records: tuple[T, ...]
    total: int
    next_token: str | None = None
