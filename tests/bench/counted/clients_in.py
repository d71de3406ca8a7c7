"""Finds the AWS clients that an object works with, whatever the composition root built."""

from collections.abc import Iterator
from typing import Any

from botocore.client import BaseClient

from formicary.bootstrap.later_client import LaterClient

_OURS = ("formicary.", "ant_agent.", "lambdas.")


def clients_in(root: Any) -> Iterator[BaseClient]:
    """Walk from object to object; a client that would be made later is made now."""
    seen: set[int] = set()
    todo = [root]
    while todo:
        thing = todo.pop()
        if id(thing) in seen:
            continue
        seen.add(id(thing))
        if isinstance(thing, BaseClient):
            yield thing
        else:
            todo += _parts(thing)


def _parts(thing: Any) -> list[Any]:
    if isinstance(thing, LaterClient):
        return [thing._client]
    if isinstance(thing, dict):
        return list(thing.values())
    if isinstance(thing, list | tuple):
        return list(thing)
    if not type(thing).__module__.startswith(_OURS):
        return []
    slots = [name for kind in type(thing).__mro__ for name in getattr(kind, "__slots__", ())]
    values = [getattr(thing, name, None) for name in slots]
    return [*values, *getattr(thing, "__dict__", {}).values()]
