"""What the authorizer of websockets reads from its environment."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Names of what the stacks made for it."""

    model_config = SettingsConfigDict(env_prefix="FORMICARY_", frozen=True)

    table_name: str = Field(description="The table")
