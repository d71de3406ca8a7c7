"""Routing keys: which ants may take a task. One task queue stands behind each."""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from formicary.domain.states import TaskMethod

_MAX_QUEUE_NAME = 80
_HASH_LENGTH = 8


@dataclass(frozen=True, slots=True, order=True)
class RoutingKey:
    """A method and the tags that an ant must have; tags compare without case, in any order."""

    method: TaskMethod
    tags: tuple[str, ...] = ()

    @classmethod
    def of(cls, method: TaskMethod, tags: Iterable[str] = ()) -> "RoutingKey":
        """Make the key of a task from the tags as written."""
        return cls(method, tuple(sorted({tag.strip().lower() for tag in tags if tag.strip()})))

    @classmethod
    def parse(cls, text: str) -> "RoutingKey":
        """Read what `str()` wrote."""
        method, _, tags = text.partition("|")
        return cls.of(TaskMethod(method), tags.split(","))

    def __str__(self) -> str:
        """Write it as `SHELL|linux,mac`."""
        return f"{self.method}|{','.join(self.tags)}"

    def served_by(self, methods: Iterable[str], tags: Iterable[str]) -> bool:
        """Whether an ant with these methods and tags may take such tasks."""
        return self.method in set(methods) and set(self.tags) <= {tag.lower() for tag in tags}

    def queue_name(self, prefix: str, tenant: str) -> str:
        """Return the queue's name: readable, unique by a hash, at most 80 characters (SQS)."""
        digest = self.digest(tenant)
        words = "-".join((prefix, tenant, self.method, *self.tags))
        slug = re.sub(r"[^A-Za-z0-9_-]+", "_", words)
        return f"{slug[: _MAX_QUEUE_NAME - _HASH_LENGTH - 1]}-{digest}"

    def digest(self, tenant: str) -> str:
        """Return the end of the queue's name, by which alone a policy can name it."""
        return hashlib.sha256(f"{tenant}|{self}".encode()).hexdigest()[:_HASH_LENGTH]
