"""Artifacts written to disk: streamed, checked against their SHA-256, never half there."""

import hashlib
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from formicary.adapters.http.control_plane_client import ControlPlaneClient
from formicary.domain.errors import ConflictError, FormicaryError


class ArtifactDamagedError(FormicaryError):
    """The content is not what was stored: its SHA-256 differs."""

    code = "ERR_ARTIFACT_DAMAGED"


def save_artifact(
    client: ControlPlaneClient, artifact: Mapping[str, Any], target: Path | None
) -> Path | None:
    """Write an artifact to `target` (a file, a folder, or - for stdout); return the file."""
    if target is not None and str(target) == "-":
        with tempfile.TemporaryFile() as held:
            _copy(client, artifact, held)
            held.seek(0)
            shutil.copyfileobj(held, sys.stdout.buffer)
            sys.stdout.buffer.flush()
        return None
    final = _final_path(artifact, target)
    partial = final.with_name(f".{final.name}.partial")
    try:
        with partial.open("wb") as file:
            _copy(client, artifact, file)
        partial.replace(final)
    finally:
        partial.unlink(missing_ok=True)
    return final


def _final_path(artifact: Mapping[str, Any], target: Path | None) -> Path:
    # The name comes from outside: only its last part counts, so that it stays in the folder.
    name = Path(str(artifact.get("name") or "").replace("\\", "/")).name or str(artifact["id"])
    if target is not None:
        return target / name if target.is_dir() else target
    final = Path(name)
    if final.exists():
        raise ConflictError(f"{final} exists already; choose a place with -o.")
    return final


def _copy(client: ControlPlaneClient, artifact: Mapping[str, Any], file: IO[bytes]) -> None:
    digest = hashlib.sha256()
    with client.download_artifact(str(artifact["id"])) as pieces:
        for piece in _through(pieces):
            digest.update(piece)
            file.write(piece)
    expected = str(artifact.get("sha256") or "")
    if expected and digest.hexdigest() != expected:
        raise ArtifactDamagedError(
            f"{artifact.get('name')}: expected SHA-256 {expected}, got {digest.hexdigest()}"
        )


def _through(pieces: Iterator[bytes]) -> Iterator[bytes]:
    return (piece for piece in pieces if piece)
