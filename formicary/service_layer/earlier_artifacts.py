"""Artifacts that tasks of the run have left: for `dependencies` and for URLs in templates."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from formicary.domain.artifact import Artifact, ArtifactKind
from formicary.domain.job_graph import JobGraph
from formicary.domain.job_run import JobRun
from formicary.domain.records import TaskAttempt
from formicary.domain.states import RequestState, TaskMark, TaskMethod
from formicary.ports import ObjectStore, RunRepository
from formicary.service_layer.child_of_item import child_of_item
from formicary.service_layer.task_attempts import attempts_of_task

ARTIFACT_URL_SECONDS = 6 * 3600
# Of how many children of one fork task another task may be handed the artifacts.
MAX_CHILDREN = 100
_WITH_RESULTS = frozenset({TaskMark.COMPLETED, TaskMark.FAILED, TaskMark.ALLOWED})


@dataclass(frozen=True, slots=True)
class EarlierArtifacts:
    """Looks up what one run's tasks, and the children it awaited, have produced."""

    runs: RunRepository
    objects: ObjectStore
    run: JobRun
    graph: JobGraph

    def url(self, task_type: str, order: int) -> str:
        """Return a time-limited URL of a task's n-th declared artifact, or nothing."""
        for artifact in self._of_task(task_type):
            if artifact.artifact_order == order:
                return self.objects.presigned_get(artifact.key, ARTIFACT_URL_SECONDS)
        return ""

    def context_of_child(self, fork_task: str) -> Mapping[str, str]:
        """Return what the tasks of the child that a task forked have set."""
        child_id = self.run.child_request_id(self.graph.index(fork_task))
        child = self.runs.find(self.run.tenant, child_id)
        return {} if child is None else child.context

    def of_dependencies(self, dependencies: Iterable[str]) -> list[Artifact]:
        """Return all that these tasks left; one that awaits children stands for theirs."""
        found: list[Artifact] = []
        for task_type in dependencies:
            node = self.graph.node(task_type)
            if node.method is TaskMethod.AWAIT_FORKED_JOB:
                found.extend(self._of_children(node.await_forked_tasks))
            else:
                found.extend(self._of_task(task_type))
        return found

    def _of_task(self, task_type: str) -> list[Artifact]:
        try:
            index = self.graph.index(task_type)
        except KeyError:
            return []
        if self.run.mark(index) not in _WITH_RESULTS:
            return []
        execution = self.run.origin_execution_id(index)
        stored = attempts_of_task(self.runs, self.run, task_type, index, execution)
        counted = [attempt for attempt in stored if _counts(attempt)]
        return list(counted[-1].artifacts) if counted else []

    def _of_all_tasks(self, run: JobRun) -> list[Artifact]:
        """Return what the last attempt of each task left that was in time."""
        with_results = [i for i in range(len(run.marks)) if run.mark(i) in _WITH_RESULTS]
        executions = {run.origin_execution_id(i) for i in with_results}
        only = with_results[0] if len(with_results) == 1 else None
        last: dict[int, TaskAttempt] = {}
        for execution in executions:
            for attempt in self.runs.attempts(run.tenant, run.request_id, execution, only):
                if not _counts(attempt):
                    continue
                if run.origin_execution_id(attempt.task_index) == execution:
                    last[attempt.task_index] = attempt
        return [artifact for i in with_results if i in last for artifact in last[i].artifacts]

    def _of_children(self, fork_tasks: Iterable[str]) -> list[Artifact]:
        """Children may leave files of one name: those also stand in a folder named as the fork."""
        folders = [pair for name in fork_tasks for pair in self._folders(name)]
        per_fork = {folder: self._of_child(child) for folder, child in folders}
        paths = Counter(a.path for artifacts in per_fork.values() for a in artifacts)
        shared = {path for path, count in paths.items() if count > 1}
        found: list[Artifact] = []
        placed: set[str] = set()
        for name, artifacts in per_fork.items():
            for artifact in artifacts:
                if artifact.path in shared:
                    found.append(artifact.model_copy(update={"path": f"{name}/{artifact.path}"}))
                if artifact.path not in placed:
                    found.append(artifact)
                    placed.add(artifact.path)
        return found

    def _folders(self, fork_task: str) -> Iterator[tuple[str, JobRun | None]]:
        """Yield the children of a fork task, each with the folder that is named after it."""
        index = self.graph.index(fork_task)
        fan = self.run.fans.get(index)
        if fan is None:
            child_id = self.run.child_request_id(index)
            yield fork_task, self.runs.find(self.run.tenant, child_id)
            return
        for item in range(fan.total):
            yield f"{fork_task}/{item}", child_of_item(self.runs, self.run, index, item)

    def _of_child(self, child: JobRun | None) -> list[Artifact]:
        if child is None:
            return []
        found = self._of_all_tasks(child)
        kept = [a for a in found if a.kind is ArtifactKind.TASK_ARTIFACTS]
        return sorted(kept, key=lambda artifact: artifact.id)


def _counts(attempt: TaskAttempt) -> bool:
    return not attempt.late and attempt.status is not RequestState.CANCELLED


def too_many_children(run: JobRun, graph: JobGraph, dependencies: Iterable[str]) -> str:
    """Tell that a dependency stands for more children than can be read for one task, or nothing."""
    if not run.fans:
        return ""
    awaits = [graph.node(name) for name in dependencies]
    forks = [name for node in awaits for name in node.await_forked_tasks if graph.has(name)]
    fans = {name: run.fans.get(graph.index(name)) for name in forks}
    for name, fan in fans.items():
        if fan is not None and fan.total > MAX_CHILDREN:
            return (
                f"{name} has forked {fan.total:,} children, and a task is handed the artifacts of"
                f" {MAX_CHILDREN} at most: let the children put what is needed somewhere themselves"
            )
    return ""
