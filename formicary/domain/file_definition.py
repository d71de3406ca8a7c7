"""Files that outlive a task: artifacts and caches."""

from typing import ClassVar, Literal

from pydantic import Field

from formicary.domain.field_types import NeedyPart, Part, Seconds, TextList


class CacheConfig(NeedyPart):
    """Directories kept between runs, under a key."""

    needs: ClassVar[tuple[str, ...]] = ("paths",)

    key: str = Field("", description="Name of the cache; unset: the job and the task.")
    key_paths: TextList = Field(
        default_factory=list, description="Files whose content belongs to the key."
    )
    paths: TextList = Field(default_factory=list, description="Directories to keep.")
    expires_after: Seconds | None = Field(None, description="How long it is kept.")


ArtifactsWhen = Literal["onSuccess", "onFailure", "always"]


class ArtifactPaths(Part):
    """Files that are kept as artifacts of the task."""

    paths: TextList = Field(default_factory=list, description="Paths or globs.")
    when: ArtifactsWhen = Field("onSuccess", description="onSuccess, onFailure or always.")
    expires_after: Seconds | None = Field(
        None, description="How long they are kept; unset: for ever."
    )
