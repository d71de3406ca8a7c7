"""A claim: an ant asks to run a task message that was delivered before."""

from dataclasses import dataclass

from formicary.domain.ant import ClaimAnswer, ClaimRequest
from formicary.domain.errors import ConcurrentUpdateError, ForgedEventError, NotFoundError
from formicary.domain.events import TaskRedelivered, event_key
from formicary.domain.history import forged
from formicary.domain.job_run import JobRun
from formicary.domain.object_keys import attempt_prefix
from formicary.domain.outbox import caused_by
from formicary.domain.proofs import attempt_proof, proof_matches, proof_of
from formicary.ports import Clock, RunRepository
from formicary.service_layer.commit_event import EventCommitter
from formicary.service_layer.record_history import HistoryRecorder


@dataclass(frozen=True, slots=True)
class TaskClaims:
    """Answers claims: each is an event, and applied like one."""

    runs: RunRepository
    committer: EventCommitter
    recorder: HistoryRecorder
    clock: Clock

    def claim(self, tenant: str, ant_id: str, request: ClaimRequest) -> ClaimAnswer:
        """Let an ant run a message that was delivered before, as a new attempt, or refuse."""
        event = TaskRedelivered(request.task_type, request.attempt, ant_id, request.delivery)
        run = self.runs.find(tenant, request.job_request_id)
        if run is None:
            raise NotFoundError(f"there is no job request {request.job_request_id!r}")
        expected = proof_of(run.key, request.job_execution_id, event)
        if not proof_matches(expected, request.proof):
            now = self.clock.now()
            note = forged(now, "claim", request.task_type, request.attempt, ant_id)
            self.recorder.note(run, note)
            raise ForgedEventError
        if request.job_execution_id != run.execution_id:
            return ClaimAnswer(granted=False, reason="the execution has ended")
        cause = event_key(event)
        run, decision = self.committer.commit(run, event, None, cause)
        # A claim may be the last straw and end the job: asked again, it makes good what was left.
        self.committer.finish(
            run, caused_by(run, cause) if decision.rejected else decision.commands, cause
        )
        task = run.active.get(request.task_type)
        if decision.rejected and task is not None and 0 < request.delivery <= task.delivery:
            if (task.delivery, task.ant_id) == (request.delivery, ant_id):
                # Asked again for want of an answer.
                return _grant(run, request.task_type, task.attempt)
            if request.delivery > 1:
                raise ConcurrentUpdateError("A later delivery of the message has been claimed.")
        if decision.rejected or task is None:
            return ClaimAnswer(granted=False, reason=decision.rejected or "the task has ended")
        return _grant(run, request.task_type, task.attempt)


def _grant(run: JobRun, task_type: str, attempt: int) -> ClaimAnswer:
    return ClaimAnswer(
        granted=True,
        attempt=attempt,
        proof=attempt_proof(run.key, run.execution_id, task_type, attempt),
        object_prefix=attempt_prefix(
            run.tenant, run.request_id, run.execution_id, task_type, attempt
        ),
    )
