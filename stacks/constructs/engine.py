"""The engine: the one function that moves jobs, fed by the events queue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from stacks.constructs import permissions
from stacks.constructs.far_timers import FarTimers
from stacks.constructs.nag import accept_scoped_wildcards
from stacks.constructs.python_function import PythonFunction
from stacks.constructs.queue_with_dlq import QueueWithDlq

if TYPE_CHECKING:
    from stacks.constructs.housekeeping import Housekeeping
    from stacks.constructs.http_function import HttpFunction
    from stacks.constructs.socket_api import SocketApi
    from stacks.data_stack import DataStack
    from stacks.deployment import Deployment

_TIMEOUT_SECONDS = 60
_VISIBILITY_SECONDS = 90
_MAX_RECEIVES = 10
_BATCH = 10


class Engine(Construct):
    """The events queue and the function that decides on what arrives there."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        deployment: Deployment,
        data: DataStack,
        code: lambda_.Code,
    ) -> None:
        super().__init__(scope, construct_id)
        self.events = QueueWithDlq(
            self,
            "Events",
            visibility_seconds=_VISIBILITY_SECONDS,
            max_receive_count=_MAX_RECEIVES,
        )
        timers = FarTimers(
            self,
            "Timers",
            group_name=deployment.stack_name("Timers"),
        )
        timers.role.add_to_policy(
            permissions.allow(self.events.queue.queue_arn, actions=("sqs:SendMessage",))
        )
        engine = PythonFunction(
            self,
            "RunEngine",
            name="run_engine",
            code=code,
            environment={
                "TABLE_NAME": data.table.table_name,
                "EVENTS_QUEUE_URL": self.events.queue.queue_url,
                "EVENTS_QUEUE_ARN": self.events.queue.queue_arn,
                "TIMER_GROUP": timers.group_name,
                "TIMER_ROLE_ARN": timers.role.role_arn,
                "ARTIFACT_BUCKET": data.artifacts.bucket_name,
                "QUEUE_NAME_PREFIX": deployment.queue_name_prefix,
            },
            permissions=[
                *permissions.read_and_write_table(data.table),
                *permissions.read_and_write_objects(data.artifacts),
                *timers.permissions_to_start(),
                permissions.allow(
                    self.events.queue.queue_arn,
                    actions=(
                        *permissions.CONSUME,
                        *permissions.SEND,
                        "sqs:GetQueueAttributes",
                    ),
                ),
                permissions.allow(
                    permissions.task_queue_arns(deployment.queue_name_prefix),
                    actions=(*permissions.SEND, *permissions.MAKE_QUEUES),
                ),
            ],
            timeout_seconds=_TIMEOUT_SECONDS,
            memory_mb=512,
            removal_policy=deployment.removal_policy,
        )
        self.function = engine.function
        self._role = engine.role
        accept_scoped_wildcards(engine.role)
        self._consume(max_concurrency=deployment.engine_max_concurrency)

    def serve_sockets(self, sockets: SocketApi) -> None:
        """Let the engine hand tasks to the ants that come over a websocket."""
        for name, value in sockets.environment.items():
            self.function.add_environment(f"FORMICARY_{name}", value)
        self._role.add_to_policy(sockets.manage())

    def start_http_tasks(self, http: HttpFunction) -> None:
        """Let the engine start a function with the HTTP tasks that no ant serves."""
        function = http.server.function
        self.function.add_environment("FORMICARY_HTTP_FUNCTION", function.function_name)
        self._role.add_to_policy(
            permissions.allow(function.function_arn, actions=("lambda:InvokeFunction",))
        )

    def start_housekeeping(self, housekeeping: Housekeeping) -> None:
        """Let tasks of the method EXPIRE_ARTIFACTS start the housekeeping of their tenant."""
        arn = housekeeping.machine.state_machine_arn
        self.function.add_environment("FORMICARY_HOUSEKEEPING_ARN", arn)
        self._role.add_to_policy(housekeeping.permission_to_start())

    def _consume(self, *, max_concurrency: int) -> None:
        lambda_.EventSourceMapping(
            self,
            "Consume",
            target=self.function,
            event_source_arn=self.events.queue.queue_arn,
            batch_size=_BATCH,
            max_concurrency=max_concurrency,
            report_batch_item_failures=True,
        )
