"""What the function of the websockets reads from its environment."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Names of what the stacks made for the function."""

    model_config = SettingsConfigDict(env_prefix="FORMICARY_", frozen=True)

    table_name: str = Field(description="The table")
    events_queue_url: str = Field(description="The queue that feeds the engine")
    socket_api_id: str = Field(description="The websocket API")
    socket_stage: str = Field(description="The stage of the websocket API")
    watch_function: str = Field(description="The function that tells those who watch runs")
