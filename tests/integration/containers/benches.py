"""Runs single attempts on real engines and looks at what they leave."""

import itertools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

from ant_agent.cancellation import Cancellation
from ant_agent.executors.base import Executor
from ant_agent.executors.containers.labels import ANT
from ant_agent.executors.kubernetes.cluster import Cluster
from ant_agent.task_outcome import Outcome
from formicary.domain.states import TaskMethod
from formicary.domain.task_request import TaskMessage
from tests.engines import IMAGE
from tests.integration.ant.workbench import Workbench
from tests.integration.ant.world import task

_numbers = itertools.count()


class ContainerBench:
    """A workbench whose tasks are of one method."""

    method: ClassVar[TaskMethod]

    def __init__(self, engine: Any, folder: Path, **settings: Any) -> None:
        self.engine = engine
        self.ant_id = f"test-{os.getpid()}-{next(_numbers)}"
        tasks = folder / self.ant_id
        tasks.mkdir()
        self.workbench = Workbench(tasks, methods=self.method, id=self.ant_id, **settings)

    @property
    def executor(self) -> Executor:
        return self.workbench.executors[self.method]

    def message(self, *script: str, **changes: Any) -> TaskMessage:
        """Make a task; `container` and `options` are those of the executor."""
        container = {"image": IMAGE, **changes.pop("container", {})}
        options = {"method": self.method, "container": container, **changes.pop("options", {})}
        return task(*script, options=options, **changes)

    def run(
        self,
        *script: str,
        when_started: Callable[[Cancellation], None] | None = None,
        **changes: Any,
    ) -> tuple[Outcome, str]:
        """Run a script; return how it went and all of its output."""
        message = self.message(*script, **changes)
        outcome = self.workbench.run(message, when_started)
        return outcome, self.workbench.text(message, outcome)

    def output(self, *script: str, **changes: Any) -> str:
        """Run a script that must succeed; return its output."""
        outcome, text = self.run(*script, **changes)
        assert outcome.succeeded, (outcome.result, text)
        return text

    def log_so_far(self) -> str:
        """What a running task has written."""
        return self.workbench.log_so_far()

    def left(self) -> list[str]:
        """What of this ant is on the engine."""
        raise NotImplementedError

    def close(self) -> None:
        self.workbench.close()


class DockerBench(ContainerBench):
    method = TaskMethod.DOCKER

    def left(self) -> list[str]:
        api, label = self.engine.api, {"label": f"{ANT}={self.ant_id}"}
        # Only names: what is being removed cannot be looked at any more.
        return [
            *(item["Names"][0] for item in api.containers(all=True, filters=label)),
            *(item["Name"] for item in api.networks(filters=label)),
            *(item["Name"] for item in api.volumes(filters=label)["Volumes"] or ()),
        ]


class KubernetesBench(ContainerBench):
    method = TaskMethod.KUBERNETES
    engine: Cluster

    def left(self) -> list[str]:
        return [name for _, name, _ in self.engine.labelled(f"{ANT}={self.ant_id}")]
