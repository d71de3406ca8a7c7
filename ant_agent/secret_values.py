"""Fills the secrets that a task mentions into its message, right before it runs."""

from ant_agent.control_plane import ControlPlaneClient
from formicary.domain.ant import SecretsRequest
from formicary.domain.secret_placeholders import filled_in
from formicary.domain.task_request import TaskMessage, TaskRequest, VariableValue


def with_secrets(control_plane: ControlPlaneClient, message: TaskMessage) -> TaskMessage:
    """Return the message as the task is to see it; ControlPlaneError when that cannot be now.

    The values lie among its variables too, marked as secrets, so that its output is masked.
    """
    if not message.secrets:
        return message
    request = message.request
    answer = control_plane.secrets(
        SecretsRequest(
            job_request_id=request.job_request_id,
            job_execution_id=request.job_execution_id,
            task_type=request.task_type,
            attempt=message.attempt,
            proof=message.proof,
            names=message.secrets,
        )
    )
    values = {answer.placeholders[name]: value for name, value in answer.values.items()}
    filled = TaskRequest.model_validate(filled_in(request.model_dump(mode="json"), values))
    # No variable of the task has such a name, and none may hide these.
    marked = {
        f"secret {name}": VariableValue(value=value, secret=True)
        for name, value in answer.values.items()
    }
    variables = {**filled.variables, **marked}
    return message.model_copy(
        update={"request": filled.model_copy(update={"variables": variables})}
    )
