"""The artifact bucket in memory."""

import threading
from collections.abc import Mapping, Sequence
from urllib.parse import quote


class InMemoryObjectStore:
    """ObjectStore on a dict; `content_types` tells what each object was put as."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._objects: dict[str, bytes] = {}
        self._metadata: dict[str, dict[str, str]] = {}
        self.content_types: dict[str, str] = {}

    def put(
        self, key: str, body: bytes, content_type: str, metadata: Mapping[str, str] | None = None
    ) -> None:
        """Store an object."""
        with self._lock:
            self._objects[key] = bytes(body)
            self.content_types[key] = content_type
            self._metadata[key] = dict(metadata or {})

    def get(self, key: str) -> bytes | None:
        """Return an object, None when there is none."""
        with self._lock:
            return self._objects.get(key)

    def metadata(self, key: str) -> Mapping[str, str]:
        """Return what was noted of an object."""
        with self._lock:
            return self._metadata[key]

    def list_keys(self, prefix: str, limit: int | None = None) -> Sequence[str]:
        """Return the keys below a prefix, sorted: all, or the first ones."""
        with self._lock:
            return sorted(key for key in self._objects if key.startswith(prefix))[:limit]

    def delete(self, keys: Sequence[str]) -> None:
        """Remove objects; those that are not there are no fault."""
        with self._lock:
            for key in keys:
                self._objects.pop(key, None)
                self._metadata.pop(key, None)
                self.content_types.pop(key, None)

    def presigned_get(self, key: str, expires_seconds: int, filename: str | None = None) -> str:
        """Return a URL that names the object; nothing answers it."""
        name = f"&filename={quote(filename)}" if filename else ""
        return f"memory://objects/{quote(key)}?expires={expires_seconds}{name}"
