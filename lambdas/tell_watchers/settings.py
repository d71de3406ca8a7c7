"""What the function that tells watchers reads from its environment."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Names of what the stacks made for the function."""

    model_config = SettingsConfigDict(env_prefix="FORMICARY_", frozen=True)

    table_name: str = Field(description="The table")
    artifact_bucket: str = Field(description="The bucket of artifacts and logs")
    socket_api_id: str = Field(description="The websocket API")
    socket_stage: str = Field(description="The stage of the websocket API")
