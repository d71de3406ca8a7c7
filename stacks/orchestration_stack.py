"""What moves jobs and what tells the world about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import aws_cdk as cdk

from stacks.constructs.alarms import Alarms
from stacks.constructs.change_publisher import ChangePublisher
from stacks.constructs.engine import Engine
from stacks.constructs.housekeeping import Housekeeping
from stacks.constructs.http_function import HttpFunction
from stacks.constructs.notifications import Notifications
from stacks.constructs.socket_api import STAGE, SocketApi
from stacks.constructs.uv_bundling import function_code
from stacks.constructs.watching import Watching

if TYPE_CHECKING:
    from aws_cdk import aws_lambda as lambda_
    from constructs import Construct

    from stacks.data_stack import DataStack
    from stacks.deployment import Deployment


class OrchestrationStack(cdk.Stack):
    """The engine with its events queue, websockets, what tells of changes, housekeeping."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        deployment: Deployment,
        data: DataStack,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            scope, construct_id, termination_protection=deployment.is_production, **kwargs
        )
        code = function_code(deployment.bundle_for)
        engine = Engine(self, "Engine", deployment=deployment, data=data, code=code)
        sockets = SocketApi(
            self,
            "Sockets",
            deployment=deployment,
            data=data,
            events=engine.events.queue,
            code=code,
        )
        engine.serve_sockets(sockets)
        publisher = ChangePublisher(
            self, "Changes", deployment=deployment, table=data.table, code=code
        )
        Notifications(
            self,
            "Notifications",
            deployment=deployment,
            data=data,
            bus=publisher.bus,
            code=code,
        )
        self.watching = Watching(
            self, "Watching", deployment=deployment, data=data, sockets=sockets, code=code
        )
        for told in (sockets.server, publisher.publisher):
            self.watching.let_ring(told.function, told.role)
        housekeeping = Housekeeping(
            self,
            "Housekeeping",
            deployment=deployment,
            data=data,
            events=engine.events,
            bus=publisher.bus,
            code=code,
        )
        engine.start_housekeeping(housekeeping)
        http = self._http_function(deployment, data, engine, code)
        if deployment.alarm_topic:
            alarms = Alarms(self, "Alarms", topic_arn=deployment.alarm_topic)
            alarms.of_the_sweep(housekeeping.keeper)
            alarms.of_housekeeping(housekeeping.machine)
            alarms.of_dead_letters(engine.events.dead_letters)
            if http is not None:
                alarms.of_http_tasks(http.server)
        self.engine_function = engine.function
        self.events_queue = engine.events.queue

        cdk.CfnOutput(self, "EventsQueueUrl", value=self.events_queue.queue_url)
        cdk.CfnOutput(self, "HousekeepingArn", value=housekeeping.machine.state_machine_arn)
        cdk.CfnOutput(self, "SocketApiId", value=sockets.api.api_id)
        cdk.CfnOutput(self, "SocketUrl", value=f"{sockets.api.api_endpoint}/{STAGE}")
        cdk.CfnOutput(self, "BusName", value=publisher.bus.event_bus_name)
        cdk.CfnOutput(self, "QueueNamePrefix", value=deployment.queue_name_prefix)

    def _http_function(
        self, deployment: Deployment, data: DataStack, engine: Engine, code: lambda_.Code
    ) -> HttpFunction | None:
        if not deployment.http_function:
            return None
        http = HttpFunction(
            self, "Http", deployment=deployment, data=data, events=engine.events.queue, code=code
        )
        engine.start_http_tasks(http)
        return http
