"""Runs single attempts on a real engine and looks at what they leave."""

import itertools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ant_agent.cancellation import Cancellation
from ant_agent.executors.containers.labels import ANT
from ant_agent.task_outcome import Outcome
from formicary.domain.task_request import TaskMessage
from tests.integration.ant.workbench import Workbench
from tests.integration.ant.world import task

_numbers = itertools.count()


class DockerBench:
    """A workbench whose tasks are DOCKER ones."""

    def __init__(self, engine: Any, folder: Path, **settings: Any) -> None:
        self.engine = engine
        self.ant_id = f"test-{os.getpid()}-{next(_numbers)}"
        tasks = folder / self.ant_id
        tasks.mkdir()
        self.workbench = Workbench(tasks, methods="DOCKER", id=self.ant_id, **settings)

    def run(
        self,
        *script: str,
        when_started: Callable[[Cancellation], None] | None = None,
        **changes: Any,
    ) -> tuple[Outcome, str]:
        """Run a script; return how it went and all of its output."""
        message = docker_task(*script, **changes)
        outcome = self.workbench.run(message, when_started)
        return outcome, self.workbench.text(message, outcome)

    def output(self, *script: str, **changes: Any) -> str:
        """Run a script that must succeed; return its output."""
        outcome, text = self.run(*script, **changes)
        assert outcome.succeeded, (outcome.result, text)
        return text

    def left(self) -> list[str]:
        """What of this ant is on the engine."""
        label = {"label": f"{ANT}={self.ant_id}"}
        return [
            *(item.name for item in self.engine.containers.list(all=True, filters=label)),
            *(item.name for item in self.engine.networks.list(filters=label)),
            *(item.name for item in self.engine.volumes.list(filters=label)),
        ]

    def close(self) -> None:
        self.workbench.close()


def docker_task(*script: str, **changes: Any) -> TaskMessage:
    """Make the message of a DOCKER task; `container` and the rest are options of the executor."""
    options = {"method": "DOCKER", "container": {"image": "alpine:latest"}}
    options["container"] |= changes.pop("container", {})
    return task(*script, options=options | changes.pop("options", {}), **changes)
