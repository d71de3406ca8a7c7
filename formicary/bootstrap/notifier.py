"""What tells people and programs how jobs ended, on AWS."""

from datetime import timedelta

from formicary.adapters.aws.clients import AwsClients
from formicary.adapters.aws.dynamodb_configs import DynamoDbConfigRepository
from formicary.adapters.aws.dynamodb_definition_repository import DynamoDbDefinitionRepository
from formicary.adapters.aws.dynamodb_notifications import DynamoDbNotifications
from formicary.adapters.aws.dynamodb_run_repository import DynamoDbRunRepository
from formicary.adapters.aws.later_endings import AwsLaterEndings
from formicary.adapters.aws.scheduler_timers import SchedulerTimers
from formicary.adapters.aws.ses_mailer import SesMailer
from formicary.adapters.aws.ssm_root_keys import SsmRootKeys
from formicary.adapters.http.guarded_caller import GuardedWebCaller
from formicary.adapters.letters.jinja_writer import JinjaLetterWriter
from formicary.adapters.system import SystemClock
from formicary.bootstrap.later_client import later
from formicary.bootstrap.sealer import aes_gcm_sealer
from formicary.service_layer.notification_plan import NotificationPlanner
from formicary.service_layer.parsed_definitions import ParsedDefinitions
from formicary.service_layer.send_notifications import Notifier
from formicary.service_layer.tell_recipient import Teller


def build_notifier(
    *,
    table_name: str,
    root_key_parameter: str,
    dead_letters_url: str,
    retry_group: str,
    retry_role_arn: str,
    function_arn: str,
    mail_from: str,
    base_url: str,
    private_webhooks: bool,
    runtime_api: str = "",
) -> Notifier:
    """Return the notifier of the function that has this ARN."""
    clients = AwsClients()
    clock = SystemClock()
    runs = DynamoDbRunRepository(clients.dynamodb, table_name)
    planner = NotificationPlanner(
        runs=runs,
        ended=runs,
        definitions=ParsedDefinitions(DynamoDbDefinitionRepository(clients.dynamodb, table_name)),
        configs=DynamoDbConfigRepository(clients.dynamodb, table_name),
        secrets=later(lambda: aes_gcm_sealer(SsmRootKeys(clients.ssm, root_key_parameter))),
        clock=clock,
    )
    retries = SchedulerTimers(
        later(lambda: clients.scheduler),
        group_name=retry_group,
        role_arn=retry_role_arn,
        target_arn=function_arn,
        early=timedelta(0),
    )
    return Notifier(
        planner=planner,
        teller=Teller(
            planner=planner,
            writer=JinjaLetterWriter(),
            web=GuardedWebCaller(
                private=private_webhooks, closed=(runtime_api,) if runtime_api else ()
            ),
            mailer=SesMailer(later(lambda: clients.mail), mail_from) if mail_from else None,
            base_url=base_url,
        ),
        notifications=DynamoDbNotifications(clients.dynamodb, table_name),
        later=AwsLaterEndings(retries, later(lambda: clients.sqs), dead_letters_url),
        runs=runs,
        clock=clock,
    )
