"""Housekeeping: a state machine, the function that does its steps, and the nightly start."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_stepfunctions as stepfunctions
from constructs import Construct

from stacks.constructs import permissions
from stacks.constructs.nag import accept, accept_scoped_wildcards
from stacks.constructs.python_function import PythonFunction

if TYPE_CHECKING:
    from aws_cdk.aws_events import EventBus

    from stacks.constructs.queue_with_dlq import QueueWithDlq
    from stacks.data_stack import DataStack
    from stacks.deployment import Deployment

_DEFINITION = Path(__file__).resolve().parents[2] / "statemachines" / "housekeeping.asl.json"
# Not at the full hour, when everybody's schedules fire.
_NIGHTLY = "cron(17 3 * * ? *)"


class Housekeeping(Construct):
    """Removes what has expired; its function is the only one that may remove objects."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        deployment: Deployment,
        data: DataStack,
        events: QueueWithDlq,
        bus: EventBus,
        code: lambda_.Code,
    ) -> None:
        super().__init__(scope, construct_id)
        keeper = PythonFunction(
            self,
            "KeepHouse",
            name="keep_house",
            code=code,
            environment={
                "TABLE_NAME": data.table.table_name,
                "ARTIFACT_BUCKET": data.artifacts.bucket_name,
                "EVENTS_QUEUE_URL": events.queue.queue_url,
                "DEAD_LETTERS_URL": events.dead_letters.queue_url,
                "EVENT_BUS_NAME": bus.event_bus_name,
            },
            permissions=[
                *permissions.read_and_remove_items(data.table),
                permissions.count_free_slots(data.table),
                *permissions.remove_objects(data.artifacts),
                permissions.allow(
                    permissions.task_queue_arns(deployment.queue_name_prefix),
                    actions=("sqs:GetQueueAttributes",),
                ),
                permissions.allow(events.queue.queue_arn, actions=permissions.SEND),
                permissions.allow(
                    events.dead_letters.queue_arn,
                    actions=("sqs:ReceiveMessage", "sqs:DeleteMessage*"),
                ),
                permissions.allow(bus.event_bus_arn, actions=("events:PutEvents",)),
            ],
            timeout_seconds=60,
            memory_mb=512,
            removal_policy=deployment.removal_policy,
        )
        accept_scoped_wildcards(keeper.role)
        self.keeper = keeper
        self.machine = self._build_machine(keeper.function)
        self._start_nightly()

    def permission_to_start(self) -> iam.PolicyStatement:
        """What whoever starts it needs."""
        return permissions.allow(self.machine.state_machine_arn, actions=("states:StartExecution",))

    def _build_machine(self, function: lambda_.Function) -> stepfunctions.StateMachine:
        role = iam.Role(
            self, "MachineRole", assumed_by=iam.ServicePrincipal("states.amazonaws.com")
        )
        role.add_to_policy(
            permissions.allow(function.function_arn, actions=("lambda:InvokeFunction",))
        )
        machine = stepfunctions.StateMachine(
            self,
            "Machine",
            definition_body=stepfunctions.DefinitionBody.from_string(_DEFINITION.read_text()),
            definition_substitutions={
                "KeepHouseArn": function.function_arn,
                "Partition": cdk.Aws.PARTITION,
            },
            role=role,
            timeout=cdk.Duration.hours(12),
        )
        accept(
            machine,
            "AwsSolutions-SF1",
            "The function logs a line for each tenant; to log the states, too, the role would need"
            " rights to all log deliveries of the account.",
        )
        accept(
            machine,
            "AwsSolutions-SF2",
            "Nobody waits for it; the rights of tracing cannot be narrowed to this machine.",
        )
        return machine

    def _start_nightly(self) -> None:
        role = iam.Role(
            self,
            "NightlyRole",
            assumed_by=iam.PrincipalWithConditions(
                iam.ServicePrincipal("scheduler.amazonaws.com"),
                {"StringEquals": {"aws:SourceAccount": cdk.Aws.ACCOUNT_ID}},
            ),
        )
        role.add_to_policy(self.permission_to_start())
        scheduler.CfnSchedule(
            self,
            "Nightly",
            description="Formicary: housekeeping of all tenants",
            schedule_expression=_NIGHTLY,
            flexible_time_window=scheduler.CfnSchedule.FlexibleTimeWindowProperty(
                mode="FLEXIBLE", maximum_window_in_minutes=60
            ),
            target=scheduler.CfnSchedule.TargetProperty(
                arn=self.machine.state_machine_arn, role_arn=role.role_arn, input="{}"
            ),
        )
