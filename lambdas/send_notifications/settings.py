"""What the notifier reads from its environment."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Names of what the stacks made for the notifier, and the choices of the deployment."""

    model_config = SettingsConfigDict(env_prefix="FORMICARY_", frozen=True)

    table_name: str = Field(description="The table")
    root_key_parameter: str = Field(description="The parameter with the root key of secrets")
    dead_letters_url: str = Field(description="Where endings lie that nobody could be told of")
    retry_group: str = Field(description="The schedule group of further tries")
    retry_role_arn: str = Field(description="The role by which schedules call this function")
    mail_from: str = Field("", description="The sender of e-mail; empty: none is sent")
    base_url: str = Field("", description="Where the API is, for links; empty: none are written")
    private_webhooks: bool = Field(False, description="Whether private addresses may be called")
    runtime_api: str = Field(
        default="",
        validation_alias="AWS_LAMBDA_RUNTIME_API",
        description="Where the function is handed its calls; no webhook may reach that",
    )
