"""Artifacts as the API shows them. Where an object lies in the bucket is nobody's business."""

from datetime import datetime

from pydantic import BaseModel, Field

from formicary.domain.artifact import Artifact, ArtifactKind


class ArtifactView(BaseModel):
    """Metadata of an artifact; `url` is where to download it, with the same token."""

    id: str
    name: str
    path: str = ""
    kind: ArtifactKind
    job_request_id: str = ""
    job_execution_id: str = ""
    task_execution_id: str = ""
    task_type: str = ""
    artifact_order: int = 0
    sha256: str = ""
    content_type: str
    content_length: int
    metadata: dict[str, str] = Field(default_factory=dict)
    user_id: str = ""
    url: str
    expires_at: datetime | None = None
    created_at: datetime | None = None


def artifact_view(artifact: Artifact) -> ArtifactView:
    """Show an artifact."""
    fields = artifact.model_dump(exclude={"key"})
    return ArtifactView(**fields, url=f"/api/artifacts/{artifact.id}/download")
