"""What a task leaves behind, once its scripts have ended: its artifacts and its cache."""

from concurrent.futures import ThreadPoolExecutor

from ant_agent.artifact_selection import Selected, select
from ant_agent.artifact_transfer import ArtifactTransfer
from ant_agent.artifact_upload import UploadError
from ant_agent.cache import Caches, TaskCache, Workplace
from ant_agent.cancellation import StopReason, TaskStoppedError
from ant_agent.executors.base import ExecutorError, TaskContext, TaskSession
from ant_agent.task_outcome import Outcome
from formicary.domain.artifact import Artifact
from formicary.domain.states import ErrorCode
from formicary.domain.task_request import TaskMessage

_UPLOADS_AT_ONCE = 4


class Keeper:
    """Stores what is to be kept, and writes into the outcome what became of it."""

    def __init__(self, transfer: ArtifactTransfer, caches: Caches) -> None:
        self._transfer = transfer
        self.caches = caches

    def keep(
        self,
        message: TaskMessage,
        session: TaskSession,
        task: TaskContext,
        *,
        cache: TaskCache | None,
        outcome: Outcome,
    ) -> None:
        """Keep artifacts when they are wanted, then the cache of a task that succeeded."""
        if outcome.stopped in {StopReason.CANCELLED, StopReason.ABANDONED}:
            return
        config = message.request.executor_opts.artifacts
        wanted = {"always", "onSuccess" if outcome.succeeded else "onFailure"}
        if config.paths and config.when in wanted:
            self._keep_artifacts(message, session, task, outcome)
        if cache is not None:
            if outcome.succeeded:
                self._save_cache(cache, session, task)
            outcome.warnings += cache.warnings

    def _keep_artifacts(
        self, message: TaskMessage, session: TaskSession, task: TaskContext, outcome: Outcome
    ) -> None:
        try:
            outcome.warnings += session.fetch(message.request.executor_opts.artifacts.paths)
            self._upload(message, task, outcome)
        except (UploadError, ExecutorError) as error:
            outcome.fail(ErrorCode.ARTIFACT_UPLOAD, str(error))
        except TaskStoppedError as stopped:
            outcome.stop(stopped.reason, message.request.timeout)
        outcome.reached("artifacts_uploaded_at")

    def _upload(self, message: TaskMessage, task: TaskContext, outcome: Outcome) -> None:
        paths = message.request.executor_opts.artifacts.paths
        check = task.cancellation.check
        selection = select(task.working_dir, paths, check)
        outcome.warnings += selection.warnings

        def store(item: Selected) -> tuple[Artifact, list[str]]:
            return self._transfer.store(
                item, message, task.directory.control, check, task.output.say
            )

        with ThreadPoolExecutor(_UPLOADS_AT_ONCE, thread_name_prefix="artifact") as pool:
            try:
                for artifact, warnings in pool.map(store, selection.selected):
                    outcome.artifacts.append(artifact)
                    outcome.warnings += warnings
            finally:
                pool.shutdown(cancel_futures=True)
        for fault in selection.faults:
            outcome.fail(ErrorCode.ARTIFACT_UPLOAD, fault)

    def _save_cache(self, cache: TaskCache, session: TaskSession, task: TaskContext) -> None:
        place = Workplace(
            task.working_dir, task.directory.control, task.cancellation.check, task.output.say
        )
        try:
            if cache.key:
                session.fetch(cache.config.paths)
            self.caches.save(cache, place)
        except (TaskStoppedError, ExecutorError) as stopped:
            # The work is done; to have kept the cache would only have been nice.
            cache.warnings.append(f"cache not saved: {stopped}")
