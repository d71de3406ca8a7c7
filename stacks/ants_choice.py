"""What ants a deployment brings along, read from the CDK context and checked first."""

from __future__ import annotations

import re
from dataclasses import dataclass

_WHERE = ("", "ecs", "ec2")
_WORDS = re.compile(r"[A-Za-z0-9_,.:-]*")


@dataclass(frozen=True, kw_only=True)
class AntsChoice:
    """Where ants of the deployment's own run, how many and for what tasks."""

    where: str = ""
    count: int = 1
    methods: str = "SHELL"
    tags: str = ""
    image: str = ""

    def __post_init__(self) -> None:
        if self.where not in _WHERE:
            raise ValueError(f"formicary:ants must be ecs or ec2, not {self.where!r}")
        if not 0 <= self.count <= 100:
            raise ValueError(f"formicary:ant-count must be 0 to 100, not {self.count}")
        for key, words in (("methods", self.methods), ("tags", self.tags)):
            if not _WORDS.fullmatch(words):
                raise ValueError(f"formicary:ant-{key} must be words and commas, not {words!r}")
        if self.where == "ecs" and not self.image:
            raise ValueError(
                "formicary:ants=ecs needs formicary:ant-image, the name of the image"
                " that was pushed (docs/install/ecs.md)"
            )
