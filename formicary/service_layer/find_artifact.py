"""Finding an artifact of the caller's tenant, and where its content can be fetched."""

import re
from datetime import datetime

from formicary.domain.artifact import Artifact
from formicary.domain.errors import NotFoundError
from formicary.domain.records import Principal
from formicary.ports import RunRepository
from formicary.service_layer.control_plane import ControlPlane

DOWNLOAD_SECONDS = 900


def stored_artifact(runs: RunRepository, tenant: str, artifact_id: str, now: datetime) -> Artifact:
    """Return an artifact; NotFoundError when the tenant has none of that id, or it has expired."""
    artifact = runs.find_artifact(tenant, artifact_id)
    if artifact is None:
        raise NotFoundError(f"There is no artifact {artifact_id!r}.")
    if artifact.expires_at is not None and artifact.expires_at <= now:
        raise NotFoundError(
            f"The artifact {artifact_id!r} expired at {artifact.expires_at.isoformat()}."
        )
    return artifact


def find_artifact(plane: ControlPlane, caller: Principal, artifact_id: str) -> Artifact:
    """Return an artifact of the caller's tenant, as `stored_artifact`."""
    return stored_artifact(plane.runs, caller.tenant, artifact_id, plane.clock.now())


def download_url(plane: ControlPlane, caller: Principal, artifact_id: str) -> str:
    """Return a URL from which anybody may fetch the content for a quarter of an hour."""
    artifact = find_artifact(plane, caller, artifact_id)
    return plane.objects.presigned_get(artifact.key, DOWNLOAD_SECONDS, _file_name(artifact))


def _file_name(artifact: Artifact) -> str:
    """A name that a browser may save under: no folders, nothing that ends a header."""
    name = re.sub(r"[^\w. ()+-]+", "_", artifact.name.rsplit("/", 1)[-1]).strip(" .")
    return name[:150] or artifact.id
