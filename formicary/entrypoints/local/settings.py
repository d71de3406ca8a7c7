"""What the environment may say to the local system."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class LocalSettings(BaseSettings):
    """Where the local system lives; two with different values run side by side."""

    model_config = SettingsConfigDict(env_prefix="FORMICARY_", frozen=True, extra="ignore")

    port: int = Field(default=4566, ge=1, le=65535, description="Port of the embedded AWS.")
    home: Path = Field(default=Path(".formicary"), description="Folder of state, logs and tokens.")
    snapshot_seconds: float = Field(
        default=5.0, gt=0, description="Least time between two snapshots of the embedded AWS."
    )
    local_ants: int = Field(default=1, ge=0, le=1, description="0 starts no ant.")
