"""Handing the secrets that a task mentions to the ant that runs it, while it runs it."""

from formicary.domain.ant import SecretsAnswer, SecretsRequest
from formicary.domain.config import Config
from formicary.domain.errors import (
    BrokenSealError,
    ConflictError,
    ForgedEventError,
    InvalidRequestError,
    NotFoundError,
)
from formicary.domain.history import forged
from formicary.domain.job_run import JobRun
from formicary.domain.proofs import attempt_proof, proof_matches
from formicary.domain.records import Principal
from formicary.domain.secret_placeholders import secret_placeholder
from formicary.service_layer.config_variables import all_layers
from formicary.service_layer.control_plane import ControlPlane
from formicary.service_layer.find_run import find_run
from formicary.service_layer.register_ant import unknown_ant


def hand_out_secrets(
    plane: ControlPlane, caller: Principal, ant_id: str, request: SecretsRequest
) -> SecretsAnswer:
    """Return the secrets asked for, if the attempt goes on and its task mentions them."""
    if plane.ants.find(caller.tenant, ant_id) is None:
        raise unknown_ant(ant_id)
    run = find_run(plane, caller, request.job_request_id)
    if not _proven(run, request):
        note = forged(plane.clock.now(), "secrets", request.task_type, request.attempt, by=ant_id)
        plane.runs.put_note(run.tenant, run.request_id, note)
        raise ForgedEventError
    _refuse_ended(run, request)
    found = _secrets(plane, run, request)
    missing = sorted(set(request.names) - found.keys())
    if missing:
        raise InvalidRequestError(
            f"The task {request.task_type!r} has no secret {', '.join(map(repr, missing))}: "
            "it was deleted, or no template of the task names it.",
            secrets=missing,
        )
    return SecretsAnswer(
        values={name: _opened(plane, run, found[name]) for name in request.names},
        placeholders={
            name: secret_placeholder(run.key, run.execution_id, request.task_type, name)
            for name in request.names
        },
    )


def _proven(run: JobRun, request: SecretsRequest) -> bool:
    expected = attempt_proof(run.key, request.job_execution_id, request.task_type, request.attempt)
    return proof_matches(expected, request.proof)


def _refuse_ended(run: JobRun, request: SecretsRequest) -> None:
    task = run.active.get(request.task_type)
    goes_on = request.job_execution_id == run.execution_id and task is not None
    if not goes_on or task is None or task.attempt != request.attempt:
        raise ConflictError("The attempt is over; its secrets are handed out no more.")


def _secrets(plane: ControlPlane, run: JobRun, request: SecretsRequest) -> dict[str, Config]:
    parsed = plane.parsed.get(run.defined_by, run.job_type, run.job_version).parsed
    named = parsed.referenced_names(request.task_type) & set(request.names)
    layers = all_layers(plane.configs, run, parsed, named)
    return {name: config for name, config in layers.secrets.items() if name in named}


def _opened(plane: ControlPlane, run: JobRun, config: Config) -> str:
    try:
        return plane.secrets.open(run.tenant, config.owner, config.name, config.sealed)
    except (BrokenSealError, NotFoundError) as error:
        raise InvalidRequestError(
            f"The secret {config.name!r} cannot be opened any more; set it again."
        ) from error
