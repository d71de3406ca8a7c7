"""Clients that are made at their first call: a function that never calls one starts sooner."""

from collections.abc import Callable
from functools import cached_property
from typing import Any


class LaterClient:
    """Stands for a client until it is called."""

    def __init__(self, make: Callable[[], Any]) -> None:
        """Take what makes the client."""
        self._make = make

    @cached_property
    def _client(self) -> Any:
        return self._make()

    def __getattr__(self, name: str) -> Any:
        """Return what the client has of that name."""
        return getattr(self._client, name)


def later(make: Callable[[], Any]) -> Any:
    """Return a stand-in for a client, which type checkers take for the client."""
    return LaterClient(make)
