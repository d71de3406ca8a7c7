"""Runs in memory, with the same versions, keys and order as in the table."""

import collections
import copy
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from formicary.adapters.memory.in_memory_artifacts import InMemoryArtifacts
from formicary.adapters.paging import scope_of, slice_page
from formicary.adapters.repeats import note_key, place_of, settled
from formicary.adapters.run_summary import listed_run, summary_of
from formicary.domain.errors import ConcurrentUpdateError
from formicary.domain.history import HistoryEntry, HistoryNote, in_order
from formicary.domain.job_run import JobRun
from formicary.domain.records import IDEMPOTENCY_KEPT, Page, Reservation, TaskAttempt
from formicary.domain.states import RequestState
from formicary.domain.tally import ChildCounts, Tally
from formicary.domain.wishes import Wish


class InMemoryRunRepository(InMemoryArtifacts):
    """RunRepository and RunRemover on dicts; what goes in and out is a copy, as over a wire."""

    def __init__(self) -> None:
        super().__init__()
        self._runs: dict[str, dict[str, JobRun]] = {}
        self._user_keys: dict[tuple[str, str], str] = {}
        self._reserved: dict[tuple[str, str], Reservation] = {}
        self._retired: set[tuple[str, str]] = set()
        self._archive: dict[tuple[str, str, str], JobRun] = {}
        self._decided_on: dict[tuple[Any, ...], int] = {}
        self._carried: dict[tuple[str, str], dict[Any, tuple[HistoryEntry, ...]]] = (
            collections.defaultdict(dict)
        )
        self._notes: dict[tuple[str, str], dict[str, HistoryNote]] = {}
        self._wishes: dict[tuple[str, str], Wish] = {}
        self._tallies: dict[tuple[str, str, str], Tally] = {}
        self._attempts: dict[tuple[str, str, str], dict[tuple[int, int, str], TaskAttempt]] = {}

    def create(self, run: JobRun) -> JobRun:
        """Store a new run with version 1, or return the one that has its id or key already."""
        with self._lock:
            there = self.find(run.tenant, run.request_id) or self._owner(run)
            if there is not None:
                return there
            if run.user_key:
                self._user_keys[run.tenant, run.user_key] = run.request_id
            return self._store(run.evolve(version=1))

    def reserve(self, tenant: str, key: str, wanted: Reservation) -> Reservation:
        """Reserve an id under a key, or return what was reserved under it before."""
        with self._lock:
            there = self._reserved.get((tenant, key))
            if there is not None and there.expires_at > wanted.expires_at - IDEMPOTENCY_KEPT:
                return there
            self._reserved[tenant, key] = wanted
            return wanted

    def find(self, tenant: str, request_id: str) -> JobRun | None:
        """Return the run, None when there is none."""
        with self._lock:
            run = self._runs.get(tenant, {}).get(request_id)
            return None if run is None else _copy_of(run)

    def save(self, run: JobRun) -> JobRun:
        """Store the state if nobody else did since it was read."""
        with self._lock:
            stored = self._runs.get(run.tenant, {}).get(run.request_id)
            if stored is None or stored.version != run.version:
                raise ConcurrentUpdateError(f"Run {run.request_id} was changed by somebody else.")
            saved = self._store(run.evolve(version=run.version + 1))
            owner = (run.tenant, run.user_key)
            if run.state.terminal and self._user_keys.get(owner) == run.request_id:
                del self._user_keys[owner]
            return saved

    def previous_ended(self, run: JobRun) -> JobRun | None:
        """Return the newest COMPLETED or FAILED run of its type submitted before it."""
        with self._lock:
            found = [
                other
                for other in self._runs.get(run.tenant, {}).values()
                if (other.job_type, other.request_id < run.request_id) == (run.job_type, True)
                and other.state in {RequestState.COMPLETED, RequestState.FAILED}
            ]
            newest = max(found, key=lambda other: other.request_id, default=None)
            return listed_run(run.tenant, summary_of(newest)) if newest else None

    def archive_execution(self, run: JobRun) -> None:
        """Keep the current execution of `run`."""
        with self._lock:
            self._archive[run.tenant, run.request_id, run.execution_id] = _copy_of(run)

    def put_attempt(
        self,
        tenant: str,
        attempt: TaskAttempt,
        version: int = 0,
        carried: Sequence[HistoryEntry] = (),
    ) -> None:
        """Store the outcome of an attempt, unless one decided on a later state is there."""
        execution = (tenant, attempt.job_request_id, attempt.job_execution_id)
        with self._lock:
            of_execution = self._attempts.setdefault(execution, {})
            key = (attempt.task_index, attempt.attempt, place_of(attempt))
            place = (*execution, *key)
            if self._decided_on.get(place, 0) > version and not attempt.late:
                raise ConcurrentUpdateError("An outcome decided on a later state is there.")
            of_execution[key] = attempt.model_copy(deep=True)
            self._decided_on[place] = version
            self._carried[tenant, attempt.job_request_id][place] = tuple(carried)

    def withdraw_attempt(self, tenant: str, attempt: TaskAttempt) -> None:
        """Remove an outcome; what it carried stays."""
        execution = (tenant, attempt.job_request_id, attempt.job_execution_id)
        with self._lock:
            self._attempts.get(execution, {}).pop(
                (attempt.task_index, attempt.attempt, place_of(attempt)), None
            )

    def attempts(
        self, tenant: str, request_id: str, execution_id: str, task_index: int | None = None
    ) -> Sequence[TaskAttempt]:
        """Return the outcomes by task, then by attempt, late ones after the one in time."""
        with self._lock:
            stored = self._attempts.get((tenant, request_id, execution_id), {})
            found = [
                stored[key].model_copy(deep=True)
                for key in sorted(stored)
                if task_index is None or key[0] == task_index
            ]
            return settled(found, lambda: self.history(tenant, request_id))

    def put_history(self, tenant: str, request_id: str, carried: Sequence[HistoryEntry]) -> None:
        """Store entries of a run's history by themselves."""
        with self._lock:
            self._carried[tenant, request_id][carried[0].version] = tuple(carried)

    def history(self, tenant: str, request_id: str) -> Sequence[HistoryEntry]:
        """Return the history of a run by version."""
        with self._lock:
            run = self.find(tenant, request_id)
            tail = run.tail if run else ()
            carried = self._carried[tenant, request_id].values()
            return in_order([*(entry for some in carried for entry in some), *tail])

    def put_note(self, tenant: str, request_id: str, note: HistoryNote) -> None:
        """Note what was refused."""
        with self._lock:
            self._notes.setdefault((tenant, request_id), {})[note_key(note)] = note

    def notes(self, tenant: str, request_id: str) -> Sequence[HistoryNote]:
        """Return what was refused."""
        with self._lock:
            notes = self._notes.get((tenant, request_id), {})
            return [notes[key] for key in sorted(notes)]

    def note_wish(
        self, tenant: str, request_id: str, wish: Wish, instead_of: Wish | None
    ) -> Wish | None:
        """Note what is asked of a run, in place of exactly that earlier wish."""
        with self._lock:
            noted = self._wishes.get((tenant, request_id))
            if noted is not None and noted != instead_of:
                return noted
            self._wishes[tenant, request_id] = wish
            return None

    def count_once(
        self, tenant: str, request_id: str, name: str, place: int, counts: ChildCounts
    ) -> Tally:
        """Add counts to a tally, once a place."""
        with self._lock:
            before = self._tallies.get((tenant, request_id, name), Tally())
            self._tallies[tenant, request_id, name] = after = before.with_place(place, counts)
            return after

    def tallies(self, tenant: str, request_id: str, prefix: str) -> Mapping[str, Tally]:
        """Return the tallies of a run whose names begin so."""
        with self._lock:
            found = {k[2]: t for k, t in self._tallies.items() if k[:2] == (tenant, request_id)}
        return {name: found[name] for name in sorted(found) if name.startswith(prefix)}

    def archived(self, tenant: str, request_id: str) -> Sequence[JobRun]:
        """Return the earlier executions of a run."""
        with self._lock:
            found = [r for key, r in self._archive.items() if key[:2] == (tenant, request_id)]
            return sorted(found, key=lambda run: run.retried)

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
        """List runs, the newest first."""
        wanted = frozenset(states)
        with self._lock:
            stored = dict(self._runs.get(tenant, {}))
        found = [
            listed_run(tenant, summary_of(stored[request_id]))
            for request_id in sorted(stored, reverse=True)
            if job_type in (None, stored[request_id].job_type)
            and (not wanted or stored[request_id].state in wanted)
            and (parent is None or _is_child(stored[request_id], parent))
        ]
        return slice_page(
            found,
            scope=scope_of(
                "runs",
                tenant,
                {
                    "type": (job_type or "",),
                    "states": tuple(wanted),
                    "parent": (parent.request_id if parent else "",),
                },
            ),
            sort_key=lambda run: run.request_id,
            offset=offset,
            limit=limit,
            token=token,
            descending=True,
        )

    def retire(self, run: JobRun) -> None:
        """Take a run out of all lists and note its id."""
        with self._lock:
            stored = self._runs.get(run.tenant, {}).get(run.request_id)
            if stored is None or stored.version != run.version:
                raise ConcurrentUpdateError(f"Run {run.request_id} was changed by somebody else.")
            del self._runs[run.tenant][run.request_id]
            self._retired.add((run.tenant, run.request_id))

    def retired(self, tenant: str, limit: int) -> Sequence[str]:
        """Return the ids of some retired runs of which something is left."""
        with self._lock:
            return sorted(run for owner, run in self._retired if owner == tenant)[:limit]

    def remove_remains(self, tenant: str, request_id: str, limit: int) -> bool:
        """Remove some items of a retired run; the note goes last."""
        with self._lock:
            stores: tuple[dict[Any, Any], ...] = (
                self._archive,
                self._attempts,
                self._decided_on,
                self._carried,
                self._notes,
                self._wishes,
                self._tallies,
            )
            left = [(s, key) for s in stores for key in s if key[:2] == (tenant, request_id)]
            artifacts = self._artifacts.get(tenant, {})
            left += [(artifacts, a.id) for a in self.artifacts_of_run(tenant, request_id)]
            for store, key in left[:limit]:
                del store[key]
            if len(left) >= limit:
                return False
            self._retired.discard((tenant, request_id))
            return True

    def _owner(self, run: JobRun) -> JobRun | None:
        owner_id = self._user_keys.get((run.tenant, run.user_key)) if run.user_key else None
        return self.find(run.tenant, owner_id) if owner_id else None

    def _store(self, run: JobRun) -> JobRun:
        stored = run.evolve(
            params=json.loads(json.dumps(dict(run.params))),
            context=dict(run.context),
            active=dict(run.active),
            fans=dict(run.fans),
        )
        self._runs.setdefault(run.tenant, {})[run.request_id] = stored
        return _copy_of(stored)


def _copy_of(run: JobRun) -> JobRun:
    return run.evolve(
        params=copy.deepcopy(dict(run.params)),
        context=dict(run.context),
        active=dict(run.active),
    )


def _is_child(run: JobRun, parent: JobRun) -> bool:
    return run.parent is not None and run.parent.request_id == parent.request_id
