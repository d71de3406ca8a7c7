"""Leases of single tasks: taken before the task is handed to an ant, given back when it has ended.

A task keeps its lease over its retries. One that waits stays DISPATCHED without a message; whoever
gives the lease back sends `SlotFreed` for it, and it is dispatched again.
"""

from dataclasses import dataclass, replace
from datetime import timedelta

from formicary.domain.errors import InvalidRequestError
from formicary.domain.events import SlotFreed
from formicary.domain.gates import Applicant, Claim, applicant_name, rank_of, resource_gate
from formicary.domain.job_run import ActivityState, JobRun
from formicary.domain.proofs import internal_proof
from formicary.domain.task_definition import BasicResource
from formicary.ports import Clock, GateRepository
from formicary.service_layer.admission import Admission
from formicary.service_layer.choose_resource import choose_resource

_ATTEMPTS = 100_000


@dataclass(frozen=True, slots=True)
class LeaseAnswer:
    """Whether a task may go on, with what the resource tells it; or what is wrong."""

    granted: bool
    variables: dict[str, str]
    fault: str = ""


@dataclass(frozen=True, slots=True)
class TaskLeases:
    """Takes and gives back what tasks lease."""

    gates: GateRepository
    admission: Admission
    clock: Clock

    def take(self, run: JobRun, task_type: str, attempt: int, wanted: BasicResource) -> LeaseAnswer:
        """Take the lease of a task, or stand in line for it."""
        name = applicant_name(run.request_id, task_type)
        try:
            chosen = choose_resource(self.gates, run.tenant, wanted, kept_by=name)
        except InvalidRequestError as error:
            return LeaseAnswer(False, {}, error.message)
        if any(claim.gate == chosen.claim.gate for claim in run.gates):
            return LeaseAnswer(True, chosen.variables)  # the job has leased it for its tasks
        applicant = self._applicant(run, task_type, stint_of(run, attempt))
        lasts = chosen.claim.lease_seconds
        if lasts > 0:
            applicant = replace(applicant, expires_at=self.clock.now() + timedelta(seconds=lasts))
        granted = self.admission.pass_gates(run.tenant, [chosen.claim], applicant, waited=True)
        return LeaseAnswer(granted, chosen.variables if granted else {})

    def give_back(self, run: JobRun, task_type: str) -> None:
        """Give back what a task has leased, from whichever resource, and leave every line."""
        name = applicant_name(run.request_id, task_type)
        for resource in self.gates.list_resources(run.tenant):
            gate = resource_gate(resource.id)
            held = self.gates.held(run.tenant, gate, name)
            stint = held.stint if held else stint_of(run, _ATTEMPTS - 1)
            claim = Claim(gate, held.amount if held else 1)
            self.admission.give_back(run.tenant, [claim], self._applicant(run, task_type, stint))

    def refused(self, run: JobRun, event: SlotFreed) -> None:
        """Take a task out of the lines where it has nothing to wait for any more."""
        if event.task_type not in run.active:
            self.give_back(run, event.task_type)
            return
        rank = self._applicant(run, event.task_type, event.stint).rank
        for resource in self.gates.list_resources(run.tenant):
            gate = resource_gate(resource.id)
            self.gates.stop_waiting(run.tenant, gate, rank, event.stint)

    def _applicant(self, run: JobRun, task_type: str, stint: int) -> Applicant:
        name = applicant_name(run.request_id, task_type)
        return Applicant(
            request_id=run.request_id,
            execution_id=run.execution_id,
            job_type=run.job_type,
            stint=stint,
            rank=rank_of(run.job_priority, run.created_at, name),
            proof=internal_proof(run.key),
            task_type=task_type,
        )


def waits_for_lease(run: JobRun, event: SlotFreed) -> bool:
    """Whether a task still waits for the lease that has become free."""
    task = run.active.get(event.task_type)
    if task is None or task.state is not ActivityState.DISPATCHED:
        return False
    return stint_of(run, task.attempt) == event.stint


def stint_of(run: JobRun, attempt: int) -> int:
    """Number the attempts of a task over all executions of its run."""
    return run.retried * _ATTEMPTS + attempt
