"""A reaper never takes what belongs to an attempt that begins while it looks."""

from typing import Any

import pytest

from ant_agent.executors.base import Executor, ExecutorHost
from ant_agent.executors.containers.labels import TASK
from ant_agent.executors.docker import DockerExecutor
from ant_agent.executors.kubernetes import KubernetesExecutor
from ant_agent.process_manager import ProcessManager
from ant_agent.settings import Settings


class Busy:
    """An engine and a cluster on which an attempt begins in the moment that they are asked."""

    def __init__(self, executor: Any) -> None:
        self.removed: list[str] = []
        self._executor = executor
        self.api = self

    def _begin(self) -> None:
        self._executor._live.add("new")

    def labelled(self, selector: str) -> list[tuple[str, str, dict[str, str]]]:
        assert "ant-1" in selector
        self._begin()
        return [("pod", name, {TASK: name}) for name in ("new", "old")]

    def delete(self, kind: str, name: str) -> None:
        assert kind == "pod"
        self.removed.append(name)

    def containers(self, **_: Any) -> list[dict[str, Any]]:
        self._begin()
        return [{"Id": name, "Labels": {TASK: name}} for name in ("new", "old")]

    def networks(self, **_: Any) -> list[dict[str, Any]]:
        return []

    def volumes(self, **_: Any) -> dict[str, Any]:
        return {"Volumes": None}

    def remove_container(self, container: str, **_: Any) -> None:
        self.removed.append(container)


@pytest.mark.parametrize("kind", [DockerExecutor, KubernetesExecutor])
def test_what_begins_while_the_engine_is_asked_is_left_alone(kind: type[Executor]) -> None:
    settings = Settings(url="http://nowhere", token="t", id="ant-1")
    executor: Any = kind(ExecutorHost(settings, ProcessManager(grace_seconds=0.1)))
    executor._connected = busy = Busy(executor)

    executor.reap()

    assert busy.removed == ["old"]
