"""Fills the secrets that a task mentions into its message, right before it runs."""

from ant_agent.control_plane import ControlPlaneClient
from formicary.domain.ant import SecretsAnswer, SecretsRequest
from formicary.domain.secret_placeholders import filled_in
from formicary.domain.task_request import TaskMessage, TaskRequest, VariableValue


def with_secrets(control_plane: ControlPlaneClient, message: TaskMessage) -> TaskMessage:
    """Return the message as the task is to see it; ControlPlaneError when that cannot be now."""
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
    return with_values(message, answer)


def with_values(message: TaskMessage, answer: SecretsAnswer) -> TaskMessage:
    """Return the message with the values that it was handed.

    They lie among its variables too, marked as secrets, so that its output is masked.
    """
    values = {answer.placeholders[name]: value for name, value in answer.values.items()}
    filled = TaskRequest.model_validate(filled_in(message.request.model_dump(mode="json"), values))
    # No variable of the task has such a name, and none may hide these.
    marked = {
        f"secret {name}": VariableValue(value=value, secret=True)
        for name, value in answer.values.items()
    }
    variables = {**filled.variables, **marked}
    return message.model_copy(
        update={"request": filled.model_copy(update={"variables": variables})}
    )
