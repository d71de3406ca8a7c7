"""What the engine reads from its environment."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Names of what the stacks made for the engine."""

    model_config = SettingsConfigDict(env_prefix="FORMICARY_", frozen=True)

    table_name: str = Field(description="The table")
    events_queue_url: str = Field(description="The queue that feeds the engine")
    artifact_bucket: str = Field(description="The bucket of artifacts and logs")
    queue_name_prefix: str = Field(description="How the names of task queues begin")
