"""Answering what carries out an attempt: whether it is still wanted, and its secrets.

Who asks proves with every question that it was handed the attempt. Nothing is written.
"""

from dataclasses import dataclass

from formicary.domain.ant import AttemptAnswer, AttemptQuestion, ClaimRequest
from formicary.domain.errors import ForgedEventError, InvalidRequestError
from formicary.domain.job_run import ActivityState, JobRun
from formicary.domain.proofs import attempt_proof, proof_matches
from formicary.ports import RunRepository
from formicary.service_layer.task_secrets import TaskSecrets

_WANTED = (ActivityState.DISPATCHED, ActivityState.EXECUTING)


def is_proven(run: JobRun, claim: ClaimRequest) -> bool:
    """Whether who asks was handed the attempt that it asks about."""
    expected = attempt_proof(run.key, claim.job_execution_id, claim.task_type, claim.attempt)
    return proof_matches(expected, claim.proof)


@dataclass(frozen=True, slots=True)
class AttemptAnswers:
    """AttemptDesk over the runs and the secrets that were stored."""

    runs: RunRepository
    secrets: TaskSecrets

    def ask(self, question: AttemptQuestion) -> AttemptAnswer:
        """Return whether the attempt is wanted, with the secrets asked for; ForgedEventError."""
        run = self.runs.find(question.tenant, question.job_request_id)
        if run is None:
            return AttemptAnswer(wanted=False)
        if not is_proven(run, question):
            raise ForgedEventError
        if not _is_wanted(run, question):
            return AttemptAnswer(wanted=False)
        if not question.names:
            return AttemptAnswer(wanted=True)
        try:
            found = self.secrets.hand_out(run, question.task_type, question.names)
        except InvalidRequestError as refusal:
            return AttemptAnswer(wanted=True, refused=refusal.message)
        return AttemptAnswer(wanted=True, secrets=found)


def _is_wanted(run: JobRun, claim: ClaimRequest) -> bool:
    task = run.active.get(claim.task_type)
    return (
        task is not None
        and claim.job_execution_id == run.execution_id
        and task.attempt == claim.attempt
        and task.state in _WANTED
    )
