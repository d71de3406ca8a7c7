"""What the engine reads from its environment."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Names of what the stacks made for the engine."""

    model_config = SettingsConfigDict(env_prefix="FORMICARY_", frozen=True)

    table_name: str = Field(description="The table")
    events_queue_url: str = Field(description="The queue that feeds the engine")
    events_queue_arn: str = Field(description="The same queue, as schedules name it")
    timer_group: str = Field(description="The schedule group of timers for the far future")
    timer_role_arn: str = Field(description="The role by which schedules send to the queue")
    artifact_bucket: str = Field(description="The bucket of artifacts and logs")
    queue_name_prefix: str = Field(description="How the names of task queues begin")
    socket_api_id: str = Field(description="The websocket API")
    socket_stage: str = Field(description="The stage of the websocket API")
    http_function: str = Field(default="", description="The function of HTTP tasks; none if empty")
    housekeeping_arn: str = Field(description="The state machine of housekeeping")
