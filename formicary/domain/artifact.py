"""Artifacts: what a task leaves behind in the object store."""

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field


class ArtifactKind(StrEnum):
    """Why an artifact exists."""

    TASK_ARTIFACTS = "TASK_ARTIFACTS"
    LOGS = "LOGS"
    USER = "USER"


class Artifact(BaseModel):
    """Metadata of one object; `key` is its place in the artifact bucket.

    `artifact_order` is the 1-based place among the paths that the task declared. A folder is stored
    as one gzipped tar archive (`content_type` application/gzip, `metadata["archive"] == "tar.gz"`).
    `path` is where it lies relative to the working directory, with forward slashes.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    name: str
    key: str
    path: str = ""
    kind: ArtifactKind = ArtifactKind.TASK_ARTIFACTS
    job_request_id: str = ""
    job_execution_id: str = ""
    task_execution_id: str = ""
    task_type: str = ""
    artifact_order: int = 0
    sha256: str = ""
    content_type: str = "application/octet-stream"
    content_length: int = 0
    metadata: dict[str, str] = Field(default_factory=dict)
    user_id: str = ""
    expires_at: datetime | None = None
    created_at: datetime | None = None
