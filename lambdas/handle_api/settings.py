"""What the API function reads from its environment."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Names of what the stacks made for the API."""

    model_config = SettingsConfigDict(env_prefix="FORMICARY_", frozen=True)

    table_name: str = Field(description="The table")
    events_queue_url: str = Field(description="The queue that feeds the engine")
    artifact_bucket: str = Field(description="The bucket of artifacts and logs")
    queue_name_prefix: str = Field(description="How the names of task queues begin")
    root_key_parameter: str = Field(description="The parameter with the root key of secrets")
    watch_function: str = Field(description="The function that tells those who watch runs")
    ant_role_arn: str = Field(description="The role whose rights ants are handed, narrowed")
    serves_http: bool = Field(False, description="Whether a function carries out HTTP tasks")
    heartbeat_seconds: float = Field(default=5.0, ge=0.5, le=60, description="Between heartbeats")
    lease_seconds: int = Field(default=30, ge=10, le=600, description="Of a task")
