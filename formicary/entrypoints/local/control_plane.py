"""Asking the control plane, as deployed, whether it works."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from formicary.entrypoints.local.errors import LocalError

if TYPE_CHECKING:
    from collections.abc import Callable

_HEALTH_SECONDS = 120.0
_LOOK_SECONDS = 0.1
# No proxy: it is on this machine.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True, kw_only=True)
class ControlPlane:
    """The REST API, seen with the user's token."""

    url: str
    token: str

    def wait_healthy(self) -> None:
        """Return when `GET /api/health` says so; this also starts the first function."""
        if not _soon(lambda: self._get("/api/health")[0] == 200):
            status, answer = self._get("/api/health")
            raise LocalError(f"the control plane is not healthy: {status} {answer}")

    def ant_seen_since(self, ant_id: str, since: str, *, runs: Callable[[], bool]) -> bool:
        """Whether the ant has registered since then; false as soon as it no longer runs."""

        def seen() -> bool:
            status, ant = self._get(f"/api/ants/{ant_id}")
            return status == 200 and str(ant.get("updated_at", "")) >= since

        return _soon(lambda: seen() or not runs()) and runs()

    def count_ants(self) -> int:
        """How many ants are registered."""
        return len(self._get("/api/ants")[1].get("records", ()))

    def _get(self, path: str) -> tuple[int, dict[str, Any]]:
        request = urllib.request.Request(  # noqa: S310 (our own http URL)
            self.url + path, headers={"Authorization": f"Bearer {self.token}"}
        )
        try:
            with _OPENER.open(request, timeout=30) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, {"error": error.read(2000).decode(errors="replace")}
        except (OSError, ValueError) as error:
            return 0, {"error": str(error)}


def _soon(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + _HEALTH_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(_LOOK_SECONDS)
    return True
