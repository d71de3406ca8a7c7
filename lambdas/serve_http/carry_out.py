"""One HTTP task: with rights for that task alone, by the ant's own code."""

import tempfile
from collections.abc import Callable
from pathlib import Path

from ant_agent.aws_access import AwsAccess
from ant_agent.object_store import S3ObjectStore
from ant_agent.single_task import FunctionSettings, SingleTaskAnt
from ant_agent.task_outcome import Outcome
from formicary.domain.ant import AwsCredentials
from formicary.domain.task_request import TaskMessage
from formicary.ports import AttemptDesk
from lambdas.serve_http.settings import Settings

_CONNECTIONS = 8


def carry_out(
    message: TaskMessage,
    settings: Settings,
    *,
    region: str,
    credentials: Callable[[str, str], AwsCredentials],
    desk: AttemptDesk,
) -> Outcome:
    """Carry the task out and report it; `credentials` makes those of a tenant and a prefix."""

    def lent() -> AwsCredentials:
        return credentials(message.tenant, message.object_prefix)

    aws = AwsAccess(max_connections=_CONNECTIONS)
    aws.adopt(region, lent(), lent)

    def send(body: str) -> None:
        url = settings.events_queue_url
        aws.sqs(lambda sqs: sqs.send_message(QueueUrl=url, MessageBody=body))

    with tempfile.TemporaryDirectory(prefix="http-task-") as folder:
        ant = SingleTaskAnt(
            settings=FunctionSettings(
                http_public_only=not settings.private_addresses,
                http_closed_addresses=(settings.runtime_api,) if settings.runtime_api else (),
            ),
            store=S3ObjectStore(aws, lambda: settings.artifact_bucket),
            send=send,
            folder=Path(folder),
            desk=desk,
            secrets=aws.secrets,
        )
        return ant.run(message)
