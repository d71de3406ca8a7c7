"""One attempt on a cluster."""

import dataclasses
import logging
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from ant_agent.executors.base import ExecutorError, ExecutorResult, TaskContext
from ant_agent.executors.containers.launcher import GO, HOME, Launch
from ant_agent.executors.containers.marks import Mark
from ant_agent.executors.containers.options import container_options
from ant_agent.executors.containers.outcome import (
    ContainerEnd,
    after_script_warnings,
    script_result,
)
from ant_agent.executors.containers.rules import amounts, check_allowed
from ant_agent.executors.containers.script_run import Order, ScriptRun
from ant_agent.executors.containers.waiting import ask_until
from ant_agent.executors.kubernetes import trouble
from ant_agent.executors.kubernetes.cluster import FAULTS, Cluster, telling
from ant_agent.executors.kubernetes.commands import run
from ant_agent.executors.kubernetes.files import PodFiles
from ant_agent.executors.kubernetes.logs import LogFollower
from ant_agent.executors.kubernetes.pod import PodPlan
from ant_agent.executors.kubernetes.pod_watch import PodWatch
from ant_agent.executors.kubernetes.two_logs import TwoLogs
from ant_agent.settings import Settings
from formicary.domain.log_streams import Stream
from formicary.domain.states import ErrorCode

_log = logging.getLogger(__name__)
_BEGIN_SECONDS = 60.0
_LAST_LINES = 20
# What the launcher adds when both streams came to be one.
_MIXED = "mixed"


class KubernetesSession:
    """A pod with the scripts, a helper where files move, services; and its secrets."""

    def __init__(
        self,
        cluster: Cluster,
        settings: Settings,
        task: TaskContext,
        *,
        name: str,
        labels: dict[str, str],
        ended: Callable[[], None],
    ) -> None:
        self._cluster = cluster
        self._settings = settings
        self._task = task
        self._name = name
        self._labels = labels
        self._ended = ended
        self._made: list[tuple[str, str]] = []
        self._plan: PodPlan | None = None
        self._run: ScriptRun | None = None
        self._ready = False
        self._logs: LogFollower | TwoLogs | None = None
        self._warnings: list[str] = []

    def run_scripts(self) -> ExecutorResult:
        """Make the pod, run the scripts, tell how they went."""
        plan = self._plan = self._make_plan()
        limit = amounts(plan.options.container, self._settings).memory_limit
        self._make(plan)
        self._await_running(plan)
        started_at = datetime.now(UTC)
        self._files(plan).put()
        run = self._begin(plan)
        end = run.script()
        result = script_result(
            end,
            plan.launch.script,
            memory_limit=limit,
            gone=self._how_it_ended,
            started_at=started_at,
            border_at=run.border_at,
        )
        return dataclasses.replace(result, warnings=(*result.warnings, *self._warnings))

    def run_after_script(self) -> list[str]:
        """Run it in the same container, in a shell of its own."""
        if self._run is None or not self._ready:
            return ["after_script was not run: the pod did not start"]
        try:
            return after_script_warnings(self._run.after_script())
        except (ExecutorError, *FAULTS) as error:
            return [f"after_script could not be run: {error}"]

    def fetch(self, patterns: Sequence[str]) -> list[str]:
        """Copy what the patterns name out of the pod."""
        if self._run is None or self._plan is None:
            return []
        return self._files(self._plan).fetch(patterns)

    def close(self) -> None:
        """Delete the pod and its secrets."""
        try:
            for kind, name in reversed(self._made):
                self._cluster.delete(kind, name)
        except FAULTS as error:
            facts = {"attempt": self._name, "error": str(error)}
            _log.warning("left to the reaper", extra=facts)
        finally:
            if self._logs is not None:
                self._logs.close()
            if self._run is not None:
                self._run.close()
            self._ended()

    def _make_plan(self) -> PodPlan:
        request = self._task.request
        options = container_options(request.executor_opts)
        check_allowed(options, self._settings)
        inputs = any(self._task.working_dir.iterdir())
        moves = inputs or request.executor_opts.artifacts.paths or request.executor_opts.cache
        return PodPlan(
            name=self._name,
            labels=self._labels,
            task_name=request.executor_opts.name or request.task_type,
            options=options,
            settings=self._settings,
            launch=Launch.of(request, self._task.streams),
            environment=self._task.environment,
            with_helper=bool(moves or options.helper.image),
            timeout_seconds=request.timeout,
        )

    def _make(self, plan: PodPlan) -> None:
        with telling("the pod cannot be made"):
            for secret in plan.secrets():
                self._task.cancellation.check()
                self._made.append(("secret", secret["metadata"]["name"]))
                self._cluster.create_secret(secret)
            self._made.append(("pod", self._name))
            self._cluster.create_pod(plan.pod())

    def _await_running(self, plan: PodPlan) -> None:
        watch = PodWatch(self._cluster, self._settings, self._name, self._task.output.say)
        most = self._settings.pull_seconds + self._settings.schedule_seconds
        with telling("cannot look after the pod"):
            ready = ask_until(lambda: watch.running(plan.containers), most, self._task.cancellation)
            if ready is None:
                raise watch.too_late()

    def _begin(self, plan: PodPlan) -> ScriptRun:
        self._logs = self._follow(plan)
        run = self._run = ScriptRun(
            self._logs.blocks(),
            launch=plan.launch,
            send=self._send,
            output=self._task.output,
            cancellation=self._task.cancellation,
            grace_seconds=self._settings.grace_seconds,
        )
        # Followed before the first line: a cluster may turn a log over before anybody has read it,
        # and of two logs the order would be lost.
        self._await(run, "waiting", plan, _BEGIN_SECONDS)
        self._let_go(plan)
        patience = self._settings.service_seconds if plan.services else _BEGIN_SECONDS
        ready = self._await(run, "ready", plan, patience)
        self._ready = True
        if _MIXED in ready.words:
            self._warnings.append(
                f"the log does not tell the streams apart: image {plan.helper_image} has no cat or"
                " no mkfifo, which separate_streams needs; name one that has as helper.image"
            )
        return run

    def _let_go(self, plan: PodPlan) -> None:
        """Let the scripts begin: by their own user, since the helper's may not write there."""
        command = ["/bin/sh", "-c", f": >{GO}"]
        cancellation = self._task.cancellation
        run(self._cluster, self._name, plan.main, command, cancellation=cancellation)

    def _follow(self, plan: PodPlan) -> LogFollower | TwoLogs:
        def follower(container: str, stream: Stream) -> LogFollower:
            def has_ended() -> bool:
                return self._end_of(container) is not None

            return LogFollower(self._cluster, self._name, container, has_ended, stream=stream)

        stdout = follower(plan.main, Stream.STDOUT)
        if not plan.is_carried:
            return stdout
        return TwoLogs(stdout, follower(plan.carrier, Stream.STDERR), self._carrier_is_whole)

    def _await(self, run: ScriptRun, kind: str, plan: PodPlan, patience: float) -> Mark:
        """Wait for what the launcher tells before it begins."""
        end = time.monotonic() + patience
        found = None
        while found is None and time.monotonic() < end:
            found = run.until(kind, 1.0)
            self._task.cancellation.check()
            if found is None:
                self._blame_services(plan)
        if isinstance(found, Mark):
            return found
        if found is None and plan.services and kind == "ready":
            raise self._not_ready(plan, patience)
        words = (
            self._how_it_ended().words
            if found is not None
            else f"nothing is heard of its shell after {patience:g} s"
        )
        raise ExecutorError(ErrorCode.CONTAINER, f"the container did not start: {words}")

    def _blame_services(self, plan: PodPlan) -> None:
        with telling("cannot look after the services"):
            pod = self._cluster.pod(self._name)
            for name, service in plan.services.items():
                end = trouble.terminated(pod, name)
                if end is not None:
                    starved = end.get("reason") == "OOMKilled"
                    how = "was killed for lack of memory" if starved else "ended"
                    code = end.get("exitCode")
                    self._show_last_lines(name, service.name)
                    raise ExecutorError(
                        ErrorCode.SERVICE_NOT_READY,
                        f"service {service.name} did not get ready: it {how} with exit code {code}"
                        " before the task began; its last output is in the log of the task",
                    )

    def _not_ready(self, plan: PodPlan, seconds: float) -> ExecutorError:
        ports = [str(port.number) for service in plan.options.services for port in service.ports]
        for container, service in plan.services.items():
            self._show_last_lines(container, service.name)
        who = ", ".join(dict.fromkeys(service.name for service in plan.services.values()))
        return ExecutorError(
            ErrorCode.SERVICE_NOT_READY,
            f"service {who} did not get ready: nobody listens on all of {', '.join(ports)} after"
            f" {seconds:g} s (FORMICARY_ANT_SERVICE_SECONDS); the last output is in the log",
        )

    def _show_last_lines(self, container: str, service: str) -> None:
        with telling(f"cannot read the output of service {service}"):
            said = self._cluster.last_lines(self._name, container, _LAST_LINES)
        if said:
            self._task.output.say(f"[last output of service {service}]\n{said}")

    def _send(self, order: Order) -> None:
        assert self._plan is not None  # noqa: S101 - it runs
        # The launcher sends TERM on to everybody in its container, this shell too.
        words = ["/bin/sh", "-c", f"trap '' TERM; kill -{order.value} 1"]
        run(self._cluster, self._name, self._plan.main, words)

    def _end_of(self, container: str) -> dict[str, Any] | None:
        """Tell how a container ended, None where it has not or nobody can tell."""
        try:
            return trouble.terminated(self._cluster.pod(self._name), container)
        except FAULTS:
            return None

    def _carrier_is_whole(self) -> bool:
        """Whether stderr came to its end because nobody is left who could write."""
        assert self._plan is not None  # noqa: S101 - it runs
        end = self._end_of(self._plan.carrier)
        return end is not None and end.get("exitCode") == 0

    def _how_it_ended(self) -> ContainerEnd:
        assert self._plan is not None  # noqa: S101 - it ran
        try:
            pod = self._cluster.pod(self._name)
        except FAULTS as error:
            return ContainerEnd(None, words=f"the cluster cannot tell ({error})")
        end = trouble.terminated(pod, self._plan.main)
        if end is None:
            return ContainerEnd(None, words=trouble.why_unfollowed(pod, self._plan.carrier))
        reason, message = end.get("reason", ""), end.get("message", "")
        words = ": ".join(filter(None, (reason, message))) or f"exit code {end.get('exitCode')}"
        if (pod.get("status") or {}).get("reason"):
            words = trouble.end_of_pod(pod)
        return ContainerEnd(end.get("exitCode"), out_of_memory=reason == "OOMKilled", words=words)

    def _files(self, plan: PodPlan) -> PodFiles:
        """Use the helper where it sees the files, else the main container."""
        folder = plan.launch.working_dir
        shared = plan.with_helper and folder.is_relative_to(HOME)
        container = plan.helper if shared else plan.main
        return PodFiles(self._cluster, self._name, container, folder, self._task)
