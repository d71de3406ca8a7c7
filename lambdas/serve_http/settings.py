"""What the function of HTTP tasks reads from its environment."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Names of what the stacks made for the function."""

    model_config = SettingsConfigDict(env_prefix="FORMICARY_", frozen=True)

    events_queue_url: str = Field(description="The queue that feeds the engine")
    artifact_bucket: str = Field(description="The bucket of artifacts and logs")
    queue_name_prefix: str = Field(description="How the names of task queues begin")
    attempt_function: str = Field(description="The function that answers about an attempt")
    task_role_arn: str = Field(description="The role whose rights a task is given, narrowed")
    private_addresses: bool = Field(False, description="Whether private addresses may be called")
    runtime_api: str = Field(
        default="",
        validation_alias="AWS_LAMBDA_RUNTIME_API",
        description="Where the function is handed its calls; no task may reach that",
    )
