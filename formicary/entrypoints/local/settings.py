"""What the environment may say to the local system."""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

# What could lead a tool to a real AWS account, another system or another Python.
_NOT_PASSED_ON = ("AWS_", "CDK_", "FORMICARY_", "PYTHON", "VIRTUAL_ENV", "NODE_OPTIONS")


class LocalSettings(BaseSettings):
    """Where the local system lives; two with different values run side by side."""

    model_config = SettingsConfigDict(env_prefix="FORMICARY_", frozen=True, extra="ignore")

    port: int = Field(default=4566, ge=1, le=65535, description="Port of the embedded AWS.")
    home: Path = Field(default=Path(".formicary"), description="Folder of state, logs and tokens.")
    snapshot_seconds: float = Field(
        default=5.0, gt=0, description="Least time between two snapshots of the embedded AWS."
    )
    local_ants: int = Field(default=1, ge=0, le=1, description="0 starts no ant.")


def shell_environment() -> dict[str, str]:
    """The user's environment for the tools we start, without what could mislead them."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(_NOT_PASSED_ON)
    }
    # Nothing on this machine is behind the user's proxy.
    return {**kept, "NO_PROXY": "127.0.0.1,localhost", "no_proxy": "127.0.0.1,localhost"}
