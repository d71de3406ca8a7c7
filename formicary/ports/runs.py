"""Runs, the outcomes of their attempts, their artifacts and their history."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from formicary.domain.artifact import Artifact
from formicary.domain.history import HistoryEntry, HistoryNote
from formicary.domain.job_run import JobRun
from formicary.domain.records import Page, Reservation, TaskAttempt
from formicary.domain.tally import ChildCounts, Tally
from formicary.domain.wishes import Wish


class RunRepository(Protocol):
    """Runs, the outcomes of their attempts, and their artifacts."""

    def create(self, run: JobRun) -> JobRun:
        """Store a new run with version 1.

        With a `user_key`: when an unfinished run of the tenant has that key already, store nothing
        and return that run. When the id exists already, return the stored run.
        """

    def reserve(self, tenant: str, key: str, wanted: Reservation) -> Reservation:
        """Reserve the id of a request for a submit that may be repeated under this key.

        Return what was reserved under it before, if that has not expired, else `wanted`.
        """

    def find(self, tenant: str, request_id: str) -> JobRun | None:
        """Return the run, read consistently; None when there is none."""

    def save(self, run: JobRun) -> JobRun:
        """Store the state if the stored version is still `run.version`; return it with version + 1.

        A run that has become terminal frees its `user_key`. ConcurrentUpdateError otherwise.
        """

    def archive_execution(self, run: JobRun) -> None:
        """Keep the current execution of `run` beside the one that will follow it."""

    def put_attempt(
        self,
        tenant: str,
        attempt: TaskAttempt,
        version: int = 0,
        carried: Sequence[HistoryEntry] = (),
    ) -> None:
        """Store the outcome of an attempt; a late one never overwrites one that was in time.

        `version` is the state of the run that it was decided on: ConcurrentUpdateError when one
        decided on a later state is there. `carried` are entries of the run's history.
        """

    def withdraw_attempt(self, tenant: str, attempt: TaskAttempt) -> None:
        """Remove an outcome that was in time, but whose state was never committed."""

    def attempts(
        self, tenant: str, request_id: str, execution_id: str, task_index: int | None = None
    ) -> Sequence[TaskAttempt]:
        """Return the outcomes of an execution (or of one task of it) by task, then by attempt."""

    def put_history(self, tenant: str, request_id: str, carried: Sequence[HistoryEntry]) -> None:
        """Store entries of a run's history by themselves."""

    def history(self, tenant: str, request_id: str) -> Sequence[HistoryEntry]:
        """Return the history of a run, all executions, by version; read consistently."""

    def put_note(self, tenant: str, request_id: str, note: HistoryNote) -> None:
        """Note what was refused; the same thing again replaces the note of it."""

    def notes(self, tenant: str, request_id: str) -> Sequence[HistoryNote]:
        """Return what was refused."""

    def note_wish(
        self, tenant: str, request_id: str, wish: Wish, instead_of: Wish | None
    ) -> Wish | None:
        """Note what is asked of a run, in place of exactly that earlier wish (None: of no one).

        Return None; when another one is noted, change nothing and return that.
        """

    def count_once(
        self, tenant: str, request_id: str, name: str, place: int, counts: ChildCounts
    ) -> Tally:
        """Add counts to a tally of the run, as those of a place, unless the place has its own.

        Return the tally as it then stands; with the first place it begins.
        """

    def tallies(self, tenant: str, request_id: str, prefix: str) -> Mapping[str, Tally]:
        """Return the tallies of a run whose names begin so, by name."""

    def archived(self, tenant: str, request_id: str) -> Sequence[JobRun]:
        """Return the earlier executions of a run, the first one first."""

    def list_runs(
        self,
        tenant: str,
        *,
        job_type: str | None = None,
        states: Iterable[str] = (),
        parent: JobRun | None = None,
        offset: int = 0,
        limit: int = 20,
        token: str | None = None,
    ) -> Page[JobRun]:
        """List runs, the newest first; with `parent`, those that it has forked.

        Only what lists show is filled in: no marks, no params.
        """

    def put_artifact(self, tenant: str, artifact: Artifact) -> None:
        """Store the metadata of an artifact."""

    def find_artifact(self, tenant: str, artifact_id: str) -> Artifact | None:
        """Return an artifact by id."""

    def artifacts_of_run(self, tenant: str, request_id: str) -> Sequence[Artifact]:
        """Return the artifacts of a run in the order of their ids."""

    def list_artifacts(
        self,
        tenant: str,
        *,
        filters: Mapping[str, str],
        offset: int = 0,
        limit: int = 20,
        token: str | None = None,
    ) -> Page[Artifact]:
        """List artifacts, the newest first; `filters` compares fields for equality."""
