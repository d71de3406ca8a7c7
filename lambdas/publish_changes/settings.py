"""What the publisher reads from its environment."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Names of what the stacks made for the publisher."""

    model_config = SettingsConfigDict(env_prefix="FORMICARY_", frozen=True)

    event_bus_name: str = Field(description="The bus that everybody may listen to")
    table_name: str = Field(
        description="The table, for who watches runs and for notes of what was told"
    )
    watch_function: str = Field(description="The function that tells those who watch runs")
