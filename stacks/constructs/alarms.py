"""Alarms, for who names a topic: an alarm costs ten cents a month, whether anything happens or not.

https://aws.amazon.com/cloudwatch/pricing/
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sns as sns
from constructs import Construct

if TYPE_CHECKING:
    from aws_cdk import aws_sqs as sqs
    from aws_cdk import aws_stepfunctions as stepfunctions

    from stacks.constructs.python_function import PythonFunction

_NAMESPACE = "Formicary"


class Alarms(Construct):
    """Tells a topic of what should never be there."""

    def __init__(self, scope: Construct, construct_id: str, *, topic_arn: str) -> None:
        super().__init__(scope, construct_id)
        self._topic = actions.SnsAction(sns.Topic.from_topic_arn(self, "Topic", topic_arn))

    def of_the_sweep(self, keeper: PythonFunction) -> None:
        """Runs that no event would have moved again: the nightly sweep has mended some."""
        stack = cdk.Stack.of(self).stack_name
        metric = logs.MetricFilter(
            self,
            "Mended",
            log_group=keeper.log_group,
            filter_pattern=logs.FilterPattern.string_value("$.message", "=", "housekeeping"),
            metric_namespace=_NAMESPACE,
            metric_name=f"Mended-{stack}",
            metric_value="$.mended",
        ).metric(statistic="Sum", period=cdk.Duration.hours(1))
        self._when_above_zero("MendedAlarm", metric, "runs stood still, and the sweep moved them")

    def of_housekeeping(self, machine: stepfunctions.StateMachine) -> None:
        """A night whose housekeeping failed for some tenant."""
        metric = machine.metric_failed(period=cdk.Duration.hours(1))
        self._when_above_zero("HousekeepingAlarm", metric, "housekeeping failed for some tenant")

    def of_dead_letters(self, queue: sqs.Queue) -> None:
        """Events that failed ten times."""
        metric = queue.metric_approximate_number_of_messages_visible(
            statistic="Maximum", period=cdk.Duration.minutes(5)
        )
        self._when_above_zero("DeadLettersAlarm", metric, "events have failed ten times")

    def of_http_tasks(self, server: PythonFunction) -> None:
        """HTTP tasks that the function was started with three times, in vain."""
        metric = server.function.metric(
            "AsyncEventsDropped", statistic="Sum", period=cdk.Duration.minutes(5)
        )
        self._when_above_zero("HttpTasksAlarm", metric, "HTTP tasks were lost by their function")

    def _when_above_zero(self, name: str, metric: cloudwatch.IMetric, what: str) -> None:
        alarm = cloudwatch.Alarm(
            self,
            name,
            alarm_description=f"Formicary: {what}",
            metric=metric,
            threshold=0,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            evaluation_periods=1,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        alarm.add_alarm_action(self._topic)
