"""What housekeeping reads from its environment."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Names of what the stacks made for housekeeping."""

    model_config = SettingsConfigDict(env_prefix="FORMICARY_", frozen=True)

    table_name: str = Field(description="The table")
    artifact_bucket: str = Field(description="The bucket of artifacts and logs")
    events_queue_url: str = Field(description="The queue that feeds the engine")
    dead_letters_url: str = Field(description="Where events lie that failed too often")
    event_bus_name: str = Field(description="The bus that is told of ends which it never heard of")
