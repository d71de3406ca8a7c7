"""Job resources: what jobs lease while they run, so many at once as the quota allows."""

from collections.abc import Iterable
from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from formicary.domain.task_definition import BasicResource


class JobResource(BaseModel):
    """A resource of a tenant: a licence, a device, a database that bears three users.

    `variables` are told to those that lease it, as their `extract_config` asks.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    resource_type: str
    description: str = ""
    platform: str = ""
    category: str = ""
    external_id: str = ""
    tags: tuple[str, ...] = ()
    quota: int = 1
    lease_timeout_seconds: float = 0
    disabled: bool = False
    variables: dict[str, str] = Field(default_factory=dict)
    user_id: str = ""
    created_at: datetime
    updated_at: datetime

    def fits(self, wanted: BasicResource) -> bool:
        """Whether it is what a job or task asks for; words compare without case."""
        named = (
            (wanted.resource_type, self.resource_type),
            (wanted.platform, self.platform),
            (wanted.category, self.category),
        )
        own_tags = {tag.lower() for tag in self.tags}
        return all(
            not asked or asked.lower() == has.lower() for asked, has in named
        ) and own_tags.issuperset(tag.lower() for tag in wanted.tags)

    def told_to(self, wanted: BasicResource) -> dict[str, str]:
        """Return the variables that a job or task asks for, under the names it wants."""
        extract = wanted.extract_config
        if extract is None:
            return {}
        return {
            f"{extract.context_prefix}{name}": self.variables[name]
            for name in extract.properties
            if name in self.variables
        }


def amount_of(wanted: BasicResource) -> int:
    """Return how much of a resource is asked for; at least one, as nothing is no lease."""
    return max(1, wanted.value)


def in_words(wanted: BasicResource) -> str:
    """Tell what a job or task asks for."""
    parts: Iterable[tuple[str, object]] = (
        ("resource_type", wanted.resource_type),
        ("platform", wanted.platform),
        ("category", wanted.category),
        ("tags", ", ".join(wanted.tags)),
    )
    return ", ".join(f"{name} {value}" for name, value in parts if value) or "nothing by name"
