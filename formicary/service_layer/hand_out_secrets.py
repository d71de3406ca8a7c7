"""Handing the secrets that a task mentions to the ant that runs it, while it runs it."""

from formicary.domain.ant import SecretsAnswer, SecretsRequest
from formicary.domain.errors import ConflictError, ForgedEventError
from formicary.domain.history import forged
from formicary.domain.job_run import JobRun
from formicary.domain.records import Principal
from formicary.service_layer.answer_attempt import is_proven
from formicary.service_layer.control_plane import ControlPlane
from formicary.service_layer.find_run import find_run
from formicary.service_layer.register_ant import unknown_ant
from formicary.service_layer.task_secrets import TaskSecrets


def hand_out_secrets(
    plane: ControlPlane, caller: Principal, ant_id: str, request: SecretsRequest
) -> SecretsAnswer:
    """Return the secrets asked for, if the attempt goes on and its task mentions them."""
    if plane.ants.find(caller.tenant, ant_id) is None:
        raise unknown_ant(ant_id)
    run = find_run(plane, caller, request.job_request_id)
    if not is_proven(run, request):
        note = forged(plane.clock.now(), "secrets", request.task_type, request.attempt, by=ant_id)
        plane.runs.put_note(run.tenant, run.request_id, note)
        raise ForgedEventError
    _refuse_ended(run, request)
    secrets = TaskSecrets(plane.parsed, plane.configs, plane.secrets)
    return secrets.hand_out(run, request.task_type, request.names)


def _refuse_ended(run: JobRun, request: SecretsRequest) -> None:
    task = run.active.get(request.task_type)
    goes_on = request.job_execution_id == run.execution_id and task is not None
    if not goes_on or task is None or task.attempt != request.attempt:
        raise ConflictError("The attempt is over; its secrets are handed out no more.")
