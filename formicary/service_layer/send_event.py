"""Telling the engine: with the proof that only the control plane can make."""

from formicary.domain.events import Event
from formicary.domain.job_run import JobRun
from formicary.domain.messages import pack_event
from formicary.domain.proofs import internal_proof
from formicary.service_layer.control_plane import ControlPlane


def send_event(plane: ControlPlane, run: JobRun, event: Event) -> None:
    """Send an event about a run."""
    proof = internal_proof(run.key)
    message = pack_event(run.tenant, run.request_id, run.execution_id, proof, event)
    plane.events.send(message)
