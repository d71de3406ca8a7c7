"""Removes what attempts made on an engine: containers, networks, volumes, found by their labels."""

import logging
from collections.abc import Callable, Collection, Iterator
from functools import partial
from typing import Any

from docker.errors import APIError

from ant_agent.executors.containers.labels import TASK
from ant_agent.executors.docker.engine import FAULTS

_log = logging.getLogger(__name__)
_GONE = (404, 409)


def remove(client: Any, label: str, *, keep: Collection[str] = ()) -> None:
    """Remove everything with a label but what attempts in `keep` own; go on when one resists."""
    api = client.api
    for item in _found(api.containers(all=True, filters={"label": label}), keep):
        _try(partial(api.remove_container, item["Id"], force=True, v=True), item["Id"])
    for item in _found(api.networks(filters={"label": label}), keep):
        _try(partial(api.remove_network, item["Id"]), item["Name"])
    for item in _found(api.volumes(filters={"label": label}).get("Volumes") or [], keep):
        _try(partial(api.remove_volume, item["Name"], force=True), item["Name"])


def _found(items: list[dict[str, Any]], keep: Collection[str]) -> Iterator[dict[str, Any]]:
    for item in items:
        if (item.get("Labels") or {}).get(TASK) not in keep:
            yield item


def _try(action: Callable[[], Any], name: str) -> None:
    try:
        action()
    except APIError as error:
        # Gone, or going: somebody else was faster.
        if error.status_code not in _GONE:
            _log.warning("could not remove", extra={"what": name, "error": str(error)})
    except FAULTS as error:
        _log.warning("could not remove", extra={"what": name, "error": str(error)})
