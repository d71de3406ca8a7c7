"""What an ant answers: the article's TaskResponse."""

from datetime import datetime

from pydantic import BaseModel, Field

from formicary.domain.artifact import Artifact
from formicary.domain.states import RequestState


class TaskResponseTimings(BaseModel):
    """When each step of an attempt ended, by the ant's clock.

    `received_at` is when the ant took it, `pod_started_at` when its scripts began, in a container
    or not.
    """

    received_at: datetime | None = None
    pod_started_at: datetime | None = None
    pre_script_finished_at: datetime | None = None
    dependent_artifacts_downloaded_at: datetime | None = None
    script_finished_at: datetime | None = None
    post_script_finished_at: datetime | None = None
    artifacts_uploaded_at: datetime | None = None
    pod_shutdown_at: datetime | None = None

    def steps(self) -> list[tuple[str, float]]:
        """Return the steps in the order they ended, each with seconds since `received_at`."""
        reached = {name: at for name in type(self).model_fields if (at := getattr(self, name))}
        begin = reached.pop("received_at", None)
        if begin is None:
            return []
        seconds = {name: (at - begin).total_seconds() for name, at in reached.items()}
        return sorted(seconds.items(), key=lambda step: step[1])

    @property
    def seconds(self) -> float:
        """How long the attempt took, as far as its ant told: until the last step."""
        steps = self.steps()
        return max(0.0, steps[-1][1]) if steps else 0.0


class TaskLog(BaseModel):
    """Where the output of an attempt is: inline when small, else `chunks` objects in the store.

    `times` and `streams` note when and where what is inline was written (`log_times.py`,
    `log_streams.py`); chunks have these notes as metadata.

    `size` is in bytes of what was kept; `truncated` tells that the output limit was reached.
    """

    inline: str = ""
    chunks: int = 0
    times: str = ""
    streams: str = ""
    size: int = 0
    truncated: bool = False


class TaskResponse(BaseModel):
    """Outcome of an attempt. `status` is COMPLETED, FAILED or CANCELLED.

    `exit_code` is text: a process exit code, an HTTP status, or empty when nothing ran.
    `job_context` holds what the script set with `::set-output name=K::V`.
    """

    job_request_id: str
    task_execution_id: str
    job_type: str
    job_type_version: str
    task_type: str
    co_relation_id: str
    status: RequestState
    ant_id: str
    host: str = ""
    namespace: str = ""
    tags: list[str] = Field(default_factory=list)
    error_message: str = ""
    error_code: str = ""
    exit_code: str = ""
    exit_message: str = ""
    failed_command: str = ""
    task_context: dict[str, str] = Field(default_factory=dict)
    job_context: dict[str, str] = Field(default_factory=dict)
    artifacts: list[Artifact] = Field(default_factory=list)
    warnings: list[str] = Field(default_factory=list)
    stdout: list[str] = Field(default_factory=list)
    cost_factor: float = 0.0
    timings: TaskResponseTimings = Field(default_factory=TaskResponseTimings)
    log: TaskLog = Field(default_factory=TaskLog)
