"""Settings of an ant: from its environment, a flag of the command line overrides each."""

import os
import platform
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import AliasChoices, Field, SecretStr, field_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from ant_agent.container_settings import ContainerSettings
from formicary.domain.states import TaskMethod

_NEVER_PASSED = ("AWS_", "FORMICARY_")
_WORDS = tuple[str, ...]


def _host_as_id() -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", platform.node()).strip("-._")[:100] or "ant"


class Settings(ContainerSettings):
    """What an ant may do, where its control plane is and how much it takes on at once."""

    model_config = SettingsConfigDict(
        env_prefix="FORMICARY_ANT_", frozen=True, extra="ignore", populate_by_name=True
    )

    url: str = Field(
        validation_alias=AliasChoices("FORMICARY_ANT_URL", "FORMICARY_URL"),
        pattern=r"^https?://.+",
        description="Base URL of the control plane; paths begin with /api.",
    )
    token: SecretStr = Field(
        validation_alias=AliasChoices("FORMICARY_ANT_TOKEN", "FORMICARY_TOKEN"),
        description="Bearer token that the ant registers with.",
    )
    id: str = Field(
        default_factory=_host_as_id,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$",
        description="Name of the ant, unique within the tenant; the host's name by default.",
    )
    methods: Annotated[tuple[TaskMethod, ...], NoDecode] = Field(
        default=(TaskMethod.SHELL,),
        min_length=1,
        description="Methods that the ant carries out, separated by commas.",
    )
    tags: Annotated[_WORDS, NoDecode] = Field(
        default=(), description="Tags that tasks may ask for, separated by commas."
    )
    capacity: int = Field(default=4, ge=1, le=1000, description="Tasks at once.")
    work_dir: Path = Field(
        default=Path("~/.formicary/ants"),
        description="Folder for working directories and unsent reports, one a name below it.",
    )
    poll_seconds: int = Field(
        default=20,
        ge=1,
        le=20,
        description="How long a poll of a queue waits. Long ones cost least; the last poll of a"
        " killed ant may take a message along.",
    )
    grace_seconds: float = Field(
        default=10.0, ge=0, le=300, description="Time between SIGTERM and SIGKILL of a task."
    )
    after_script_seconds: float = Field(
        default=20.0,
        ge=0,
        le=600,
        description="Time that after_script has at least, also after a timeout or a cancel.",
    )
    output_limit_bytes: int = Field(
        default=64 * 2**20, ge=4096, le=2**30, description="Output of a task that is kept."
    )
    cache_limit_bytes: int = Field(
        default=2 * 2**30, ge=0, description="Largest cache of a task that is restored or saved."
    )
    min_free_disk_bytes: int = Field(
        default=512 * 2**20,
        ge=0,
        description="With less room on the disk of the work folder it takes no tasks.",
    )
    metrics_port: int | None = Field(
        default=None,
        ge=0,
        le=65_535,
        description="Port for /health and /metrics (Prometheus); none unless set.",
    )
    metrics_host: str = Field(
        default="127.0.0.1", description="Address that /health and /metrics listen on."
    )
    http_body_limit_bytes: int = Field(
        default=16 * 2**20, ge=1024, le=2**30, description="Largest response of an HTTP task."
    )
    http_connect_seconds: float = Field(
        default=10.0, gt=0, le=300, description="Time to connect to the server of an HTTP task."
    )
    http_call_seconds: float = Field(
        default=600.0,
        gt=0,
        le=86_400,
        description="Time for the answer to a call of an HTTP task that has no timeout.",
    )
    http_public_only: bool = Field(
        default=False, description="HTTP tasks call public addresses alone, none inside."
    )
    http_closed_addresses: Annotated[_WORDS, NoDecode] = Field(
        default=(),
        description="Addresses with a port, as 10.0.0.5:8080, that HTTP tasks never call.",
    )
    pass_environment: Annotated[_WORDS, NoDecode] = Field(
        default=("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LC_ALL", "TZ"),
        description="Variables of the ant that tasks see too; AWS_* and FORMICARY_* never are.",
    )

    mask_environment: Annotated[_WORDS, NoDecode] = Field(
        default=(),
        description="Variables of the ant whose values are masked in logs, as its token is.",
    )

    @field_validator(
        "methods",
        "tags",
        "http_closed_addresses",
        "pass_environment",
        "mask_environment",
        "host_paths",
        "image_pull_secrets",
        mode="before",
    )
    @classmethod
    def _split_words(cls, value: Any) -> Any:
        if isinstance(value, str):
            return tuple(word.strip() for word in value.split(",") if word.strip())
        return value

    @property
    def home(self) -> Path:
        """The folder of this ant alone."""
        return self.work_dir.expanduser().absolute() / self.id

    def task_environment(self) -> Mapping[str, str]:
        """The part of the ant's own environment that tasks may see: no token, no credentials."""
        return {
            name: os.environ[name]
            for name in self.pass_environment
            if name in os.environ and not name.startswith(_NEVER_PASSED)
        }

    def masked_values(self) -> list[str]:
        """Return the values of the ant's environment that no output may show."""
        return [os.environ[name] for name in self.mask_environment if os.environ.get(name)]
