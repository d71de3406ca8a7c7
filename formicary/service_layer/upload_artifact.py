"""Uploading an artifact: content first, then its metadata, so that none is listed in vain."""

import hashlib
import re

from formicary.domain.artifact import Artifact, ArtifactKind
from formicary.domain.errors import InvalidRequestError
from formicary.domain.object_keys import upload_key
from formicary.domain.records import Principal
from formicary.service_layer.control_plane import ControlPlane

_MEDIA_TYPE = re.compile(r"[\w.+-]+/[\w.+-]+(\s*;\s*[\w.+-]+=[\w.+\"-]+)*")
# What curl says of data whose type it was not told.
_NOT_TOLD = "application/x-www-form-urlencoded"
_UNKNOWN = "application/octet-stream"
_MAX_NAME = 255


def upload_artifact(
    plane: ControlPlane, caller: Principal, body: bytes, *, name: str, content_type: str
) -> Artifact:
    """Store content under a new id and return what is known of it."""
    if not body:
        raise InvalidRequestError("The body is empty; send the content of the artifact.")
    if len(name) > _MAX_NAME or not name.isprintable():
        raise InvalidRequestError(
            f"name is at most {_MAX_NAME} printable characters.", field="name"
        )
    artifact_id = plane.ids.ulid()
    artifact = Artifact(
        id=artifact_id,
        name=name or artifact_id,
        key=upload_key(caller.tenant, artifact_id),
        kind=ArtifactKind.USER,
        sha256=hashlib.sha256(body).hexdigest(),
        content_type=_media_type(content_type),
        content_length=len(body),
        user_id=caller.user_id,
        created_at=plane.clock.now(),
    )
    plane.objects.put(artifact.key, body, artifact.content_type)
    plane.runs.put_artifact(caller.tenant, artifact)
    return artifact


def _media_type(text: str) -> str:
    text = text.strip()
    known = len(text) < 200 and text != _NOT_TOLD and _MEDIA_TYPE.fullmatch(text)
    return text if known else _UNKNOWN
