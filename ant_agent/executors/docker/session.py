"""One attempt on a Docker engine."""

import logging
import tempfile
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any

from docker.errors import NotFound

from ant_agent.executors.base import ExecutorError, ExecutorResult, TaskContext
from ant_agent.executors.containers import staging
from ant_agent.executors.containers.labels import TASK
from ant_agent.executors.containers.launcher import CONTROL, STATE, WORK, Launch
from ant_agent.executors.containers.options import ContainerOptions, container_options
from ant_agent.executors.containers.outcome import (
    ContainerEnd,
    after_script_warnings,
    script_result,
)
from ant_agent.executors.containers.rules import amounts, check_allowed
from ant_agent.executors.containers.script_run import Gone, ScriptRun
from ant_agent.executors.docker.attachment import Attachment
from ant_agent.executors.docker.cleaning import remove
from ant_agent.executors.docker.engine import FAULTS, telling
from ant_agent.executors.docker.images import Images
from ant_agent.executors.docker.services import Services
from ant_agent.executors.docker.specification import (
    Naming,
    main_arguments,
    network_of,
    volumes_to_make,
)
from ant_agent.settings import Settings
from formicary.domain.states import ErrorCode

_log = logging.getLogger(__name__)
_BEGIN_SECONDS = 60.0


class DockerSession:
    """A main container with the scripts, its services, their network and volumes."""

    def __init__(
        self,
        client: Any,
        settings: Settings,
        task: TaskContext,
        naming: Naming,
        ended: Callable[[], None],
    ) -> None:
        self._client = client
        self._settings = settings
        self._task = task
        self._naming = naming
        self._ended = ended
        self._launch = Launch.of(task.request, task.streams)
        self._made_something = False
        self._main: Any = None
        self._output: Attachment | None = None
        self._run: ScriptRun | None = None

    def run_scripts(self) -> ExecutorResult:
        """Make everything, run the scripts, tell how they went."""
        options = container_options(self._task.request.executor_opts)
        check_allowed(options, self._settings)
        limits = amounts(options.container, self._settings)
        self._make(options)
        started_at = datetime.now(UTC)
        run = self._begin()
        end = run.script()
        return script_result(
            end,
            self._launch.script,
            memory_limit=limits.memory_limit,
            gone=self._how_it_ended,
            started_at=started_at,
            border_at=run.border_at,
        )

    def run_after_script(self) -> list[str]:
        """Run it in the same container, in a shell of its own."""
        if self._run is None:
            return ["after_script was not run: the container did not start"]
        try:
            return after_script_warnings(self._run.after_script())
        except FAULTS as error:
            return [f"after_script could not be run: {error}"]

    def fetch(self, patterns: Sequence[str]) -> list[str]:
        """Copy what the patterns name out of the container, alive or dead."""
        if self._main is None:
            return []
        warnings: list[str] = []
        for root in staging.roots(patterns):
            with telling(f"cannot copy {root} out of the container", ErrorCode.ARTIFACT_UPLOAD):
                warnings += self._fetch(root, patterns)
        return warnings

    def close(self) -> None:
        """Remove everything that the attempt made."""
        try:
            if self._made_something:
                remove(self._client, f"{TASK}={self._naming.name}")
            if self._output is not None:
                self._output.close()
            if self._run is not None:
                self._run.close()
        except FAULTS as error:
            facts = {"attempt": self._naming.name, "error": str(error)}
            _log.warning("left to the reaper", extra=facts)
        finally:
            self._ended()

    def _make(self, options: ContainerOptions) -> None:
        network, is_ours = network_of(options, self._naming)
        images = Images(self._client, self._settings)
        for image in dict.fromkeys((options.image, *(s.image for s in options.services))):
            images.ensure(image, self._task.cancellation)
        self._made_something = True
        labels = dict(self._naming.labels)
        with telling("a network or volume cannot be made"):
            if is_ours:
                self._client.networks.create(network, driver="bridge", labels=labels)
            for name, how in volumes_to_make(options, self._naming).items():
                self._client.volumes.create(name, labels=labels, **how)
        services = Services(self._client, self._settings, self._task, self._naming)
        services.start(options, network)
        self._task.cancellation.check()
        with telling("the container cannot be made"):
            arguments = main_arguments(
                options,
                self._naming,
                amounts(options.container, self._settings),
                network,
                self._launch.command(),
            )
            self._main = self._client.containers.create(
                environment=dict(self._task.environment),
                working_dir=str(self._launch.working_dir),
                **arguments,
            )
            self._put_files()
        services.await_ready()

    def _put_files(self) -> None:
        texts = {CONTROL / name: text for name, text in self._launch.files().items()}
        tree = (self._task.working_dir, self._launch.working_dir)
        with tempfile.TemporaryFile(dir=self._task.directory.control) as archive:
            staging.write_tar(archive, texts=texts, open_folders=(STATE, WORK), tree=tree)
            archive.seek(0)
            self._main.put_archive("/", archive)

    def _begin(self) -> ScriptRun:
        self._task.cancellation.check()
        with telling("the container cannot be started"):
            self._output = Attachment(self._client, self._main.id)
            self._main.start()
        self._run = ScriptRun(
            self._output.blocks(),
            launch=self._launch,
            send=lambda order: self._main.kill(signal=order.value),
            output=self._task.output,
            cancellation=self._task.cancellation,
            grace_seconds=self._settings.grace_seconds,
        )
        found = self._run.until("ready", _BEGIN_SECONDS)
        self._task.cancellation.check()
        if found is None or isinstance(found, Gone):
            words = self._how_it_ended().words or "its shell does not begin"
            raise ExecutorError(ErrorCode.CONTAINER, f"the container did not start: {words}")
        return self._run

    def _how_it_ended(self) -> ContainerEnd:
        try:
            self._main.reload()
        except FAULTS as error:
            return ContainerEnd(None, words=f"the engine cannot tell ({error})")
        state = self._main.attrs["State"]
        if state["Running"]:
            return ContainerEnd(None, words="the engine broke off its output")
        code = int(state["ExitCode"])
        words = state.get("Error") or f"exit code {code}"
        return ContainerEnd(code, out_of_memory=bool(state["OOMKilled"]), words=words)

    def _fetch(self, root: PurePosixPath, patterns: Sequence[str]) -> list[str]:
        everything = root == PurePosixPath()
        path = self._launch.working_dir / root
        try:
            blocks, _ = self._main.get_archive(f"{path}/." if everything else str(path))
        except NotFound:
            return []
        below = PurePosixPath() if everything else root.parent
        reader = staging.BlockReader(self._heeding(blocks))
        return staging.unpack(reader, self._task.working_dir, below, patterns)

    def _heeding(self, blocks: Iterator[bytes]) -> Iterator[bytes]:
        for block in blocks:
            self._task.cancellation.check()
            yield block
