"""Leases of single tasks: taken before the task is handed to an ant, given back when it has ended.

A task keeps its lease over its retries, but not in a pause. One that waits stays DISPATCHED
without a message; whoever gives the lease back sends `SlotFreed` for it, and it is dispatched
again.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta

from formicary.domain.errors import InvalidRequestError
from formicary.domain.events import SlotFreed, TimerFired, TimerKind
from formicary.domain.gates import Applicant, Claim, applicant_name, resource_gate
from formicary.domain.job_run import JobRun
from formicary.domain.proofs import internal_proof
from formicary.domain.task_definition import BasicResource
from formicary.domain.task_lease import lease_rank, lease_stint
from formicary.ports import Clock, GateRepository
from formicary.service_layer.admission import Admission
from formicary.service_layer.choose_resource import choose_resource
from formicary.service_layer.timers import Timers


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
        leased = {claim.gate for claim in run.gates}
        try:
            chosen = choose_resource(self.gates, run.tenant, wanted, kept_by=name, leased=leased)
        except InvalidRequestError as error:
            return LeaseAnswer(False, {}, error.message)
        if chosen.claim.gate in leased:
            return LeaseAnswer(True, chosen.variables)  # the job has leased it for its tasks
        applicant = self._applicant(run, task_type, lease_stint(run, attempt))
        lasts = chosen.claim.lease_seconds
        if lasts > 0:
            applicant = replace(applicant, expires_at=self.clock.now() + timedelta(seconds=lasts))
        granted = self.admission.pass_gates(run.tenant, [chosen.claim], applicant, waited=True)
        if granted:
            self._leave_lines(run.tenant, chosen.others, applicant)
        if granted and applicant.expires_at is not None:
            event = TimerFired(TimerKind.LEASE, task_type, applicant.stint, applicant.expires_at)
            Timers(self.admission.events, self.clock).start(run, event)
        return LeaseAnswer(granted, chosen.variables if granted else {})

    def _leave_lines(self, tenant: str, gates: Iterable[str], applicant: Applicant) -> None:
        """Leave the lines where it stood when another resource had most to give.

        Whoever stands behind it there would wake it for ever, and it them, until an ant has begun.
        """
        for gate in gates:
            self.admission.leave_line(tenant, gate, applicant)

    def give_back(self, run: JobRun, task_type: str, stint: int) -> None:
        """Give back what a task has leased, from whichever resource, and leave every line.

        What a later attempt than that `stint` holds, or waits for, is its own.
        """
        name = applicant_name(run.request_id, task_type)
        for resource in self.gates.list_resources(run.tenant):
            gate = resource_gate(resource.id)
            held = self.gates.held(run.tenant, gate, name)
            if held is not None and held.stint > stint:
                continue
            claim = Claim(gate, held.amount if held else 1)
            leaves = self._applicant(run, task_type, held.stint if held else stint)
            self.admission.give_back(run.tenant, [claim], leaves)

    def expire(self, run: JobRun, task_type: str, stint: int) -> None:
        """Take back what an attempt has leased for too long; the task itself goes on."""
        name = applicant_name(run.request_id, task_type)
        for resource in self.gates.list_resources(run.tenant):
            gate = resource_gate(resource.id)
            held = self.gates.held(run.tenant, gate, name)
            if held is None:
                # It may have been given back by a function that died before it woke the next.
                self.admission.wake(run.tenant, gate, f"lease:{name}:{stint}")
            elif held.stint == stint:
                applicant = self._applicant(run, task_type, stint)
                self.admission.give_back(run.tenant, [Claim(gate, held.amount)], applicant)

    def refused(self, run: JobRun, event: SlotFreed) -> None:
        """Take a task out of the lines where it has nothing to wait for any more."""
        if event.task_type not in run.active:
            self.give_back(run, event.task_type, event.stint)
            return
        applicant = self._applicant(run, event.task_type, event.stint)
        for resource in self.gates.list_resources(run.tenant):
            self.admission.leave_line(run.tenant, resource_gate(resource.id), applicant)

    def _applicant(self, run: JobRun, task_type: str, stint: int) -> Applicant:
        return Applicant(
            request_id=run.request_id,
            execution_id=run.execution_id,
            job_type=run.job_type,
            stint=stint,
            rank=lease_rank(run, task_type),
            proof=internal_proof(run.key),
            task_type=task_type,
        )
