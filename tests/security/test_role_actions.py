"""Least privilege, written down: a role that gains an action must gain it here too."""

from __future__ import annotations

import json

import pytest

_LOGS = {"logs:CreateLogStream", "logs:PutLogEvents"}
_TABLE = {
    "dynamodb:BatchGetItem",
    "dynamodb:BatchWriteItem",
    "dynamodb:ConditionCheckItem",
    "dynamodb:DeleteItem",
    "dynamodb:GetItem",
    "dynamodb:PutItem",
    "dynamodb:Query",
    "dynamodb:UpdateItem",
}
_OBJECTS = {
    "s3:AbortMultipartUpload",
    "s3:GetObject",
    "s3:ListBucket",
    "s3:ListMultipartUploadParts",
    "s3:PutObject",
}
_CONSUME = {"sqs:ReceiveMessage", "sqs:DeleteMessage*", "sqs:ChangeMessageVisibility*"}
_MAKE_QUEUES = {"sqs:CreateQueue", "sqs:TagQueue", "sqs:GetQueueAttributes", "sqs:GetQueueUrl"}
ALLOWED = {
    "HandleApiRole": {
        *_LOGS,
        *_TABLE,
        *_OBJECTS,
        "sqs:SendMessage*",
        *_MAKE_QUEUES,
        "lambda:InvokeFunction",
        "ssm:GetParameter",
        "ssm:PutParameter",
        "sts:AssumeRole",
    },
    "AuthorizeRequestRole": {*_LOGS, "dynamodb:GetItem"},
    "AuthorizeSocketRole": {*_LOGS, "dynamodb:GetItem"},
    "ServeSocketRole": {
        *_LOGS,
        *_TABLE,
        "sqs:SendMessage*",
        "execute-api:ManageConnections",
        "lambda:InvokeFunction",
    },
    "TellWatchersRole": {
        *_LOGS,
        "dynamodb:DeleteItem",
        "dynamodb:GetItem",
        "dynamodb:PutItem",
        "dynamodb:Query",
        "execute-api:ManageConnections",
        "s3:GetObject",
        "s3:ListBucket",
    },
    "RunEngineRole": {
        *_LOGS,
        *_TABLE,
        *_OBJECTS,
        *_CONSUME,
        "sqs:SendMessage*",
        *_MAKE_QUEUES,
        "scheduler:CreateSchedule",
        "iam:PassRole",
        "states:StartExecution",
        "execute-api:ManageConnections",
        "lambda:InvokeFunction",
    },
    "HttpServeHttpRole": {*_LOGS, "lambda:InvokeFunction", "sts:AssumeRole"},
    "HttpAnswerAttemptRole": {*_LOGS, "dynamodb:GetItem", "dynamodb:Query", "ssm:GetParameter"},
    "HttpTasks": {*_OBJECTS, "sqs:SendMessage*"},
    "TimersRole": {"sqs:SendMessage"},
    "SendNotificationsRole": {
        *_LOGS,
        "dynamodb:GetItem",
        "dynamodb:PutItem",
        "dynamodb:Query",
        "iam:PassRole",
        "scheduler:CreateSchedule",
        "sqs:SendMessage*",
        "ssm:GetParameter",
    },
    "RetriesRole": {"lambda:InvokeFunction"},
    "PublishChangesRole": {
        *_LOGS,
        "dynamodb:BatchWriteItem",
        "dynamodb:DescribeStream",
        "dynamodb:GetRecords",
        "dynamodb:GetShardIterator",
        "dynamodb:ListStreams",
        "dynamodb:Query",
        "lambda:InvokeFunction",
        "events:PutEvents",
        "sqs:SendMessage",
    },
    "KeepHouseRole": {
        *_LOGS,
        "dynamodb:BatchWriteItem",
        "dynamodb:DeleteItem",
        "dynamodb:GetItem",
        "dynamodb:PutItem",
        "dynamodb:Query",
        "dynamodb:UpdateItem",
        "events:PutEvents",
        "s3:DeleteObject",
        "s3:ListBucket",
        "sqs:DeleteMessage*",
        "sqs:GetQueueAttributes",
        "sqs:ReceiveMessage",
        "sqs:SendMessage*",
    },
    "HousekeepingMachineRole": {"lambda:InvokeFunction"},
    "HousekeepingNightlyRole": {"states:StartExecution"},
    "AntsRole": {
        *_OBJECTS,
        *_CONSUME,
        "sqs:SendMessage",
        "sqs:SendMessage*",
        "sqs:GetQueueUrl",
    },
}


def _as_list(value):
    return value if isinstance(value, list) else [value]


def _statements(synthesised, role):
    found = [
        statement
        for logical_id, policy in synthesised.resources("AWS::IAM::Policy").items()
        if f"{role}DefaultPolicy" in logical_id
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
    ]
    assert found
    return found


def _actions(statements):
    return {action for statement in statements for action in _as_list(statement["Action"])}


@pytest.mark.parametrize("role", ALLOWED)
def test_role_may_do_what_is_listed_and_nothing_else(dev, role):
    assert _actions(_statements(dev, role)) == ALLOWED[role]


def test_every_role_is_listed(dev):
    roles = dev.resources("AWS::IAM::Role")

    assert len(roles) == len(ALLOWED)
    for logical_id in roles:
        assert any(role in logical_id for role in ALLOWED)


@pytest.mark.parametrize(
    ("role", "actions"),
    [
        ("PublishChangesRole", "dynamodb:Query"),
        ("TellWatchersRole", ["dynamodb:DeleteItem", "dynamodb:PutItem"]),
    ],
)
def test_watchers_are_all_that_some_functions_read_or_write(dev, role, actions):
    (found,) = [s for s in _statements(dev, role) if s["Action"] == actions]

    assert found["Condition"] == {
        "ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["T#*#WATCHERS"]}
    }


def test_who_tells_the_bus_writes_nothing_but_notes_of_it(dev):
    (found,) = [s for s in _statements(dev, "PublishChangesRole") if "BatchWrite" in str(s)]

    assert found["Action"] == "dynamodb:BatchWriteItem"
    assert found["Condition"] == {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["T#*#ENDS"]}}


def test_no_role_has_policies_elsewhere(dev):
    for role in dev.resources("AWS::IAM::Role").values():
        assert "Policies" not in role["Properties"]
        assert "ManagedPolicyArns" not in role["Properties"]


def test_no_statement_is_about_everything(dev):
    for role in ALLOWED:
        for statement in _statements(dev, role):
            assert "*" not in _as_list(statement["Resource"])
            assert "*" not in _as_list(statement["Action"])


@pytest.mark.parametrize("role", ["AuthorizeRequestRole", "AuthorizeSocketRole"])
def test_who_checks_tokens_reads_nothing_else(dev, role):
    (read,) = [s for s in _statements(dev, role) if "dynamodb" in str(s)]

    assert read["Condition"] == {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["TOKEN#*"]}}


def test_ants_have_no_way_to_the_table(dev):
    assert not [a for a in _actions(_statements(dev, "AntsRole")) if a.startswith("dynamodb:")]


def test_ants_consume_task_queues_alone_and_send_to_the_events_queue_alone(dev):
    statements = _statements(dev, "AntsRole")
    (consume,) = [s for s in statements if "sqs:ReceiveMessage" in s["Action"]]
    (send,) = [s for s in statements if s["Action"] == "sqs:SendMessage*"]

    assert ":formicary-dev-*" in json.dumps(consume["Resource"])
    assert "EventsQueue" not in json.dumps(consume["Resource"])
    assert "EventsQueue" in json.dumps(send["Resource"])
    assert "*" not in json.dumps(send["Resource"])


def test_the_root_key_of_secrets_is_for_those_who_open_them_and_is_never_overwritten(dev):
    readers = [r for r in ALLOWED if "ssm:GetParameter" in _actions(_statements(dev, r))]
    assert readers == ["HandleApiRole", "HttpAnswerAttemptRole", "SendNotificationsRole"]
    statements = [s for s in _statements(dev, "HandleApiRole") if "ssm:" in str(s["Action"])]
    (making,) = [s for s in statements if s["Action"] == "ssm:PutParameter"]

    assert making["Condition"] == {"StringNotEquals": {"ssm:Overwrite": "true"}}
    for statement in statements:
        assert ":parameter/formicary/dev/root-key-of-secrets" in json.dumps(statement["Resource"])


def test_without_a_sender_nobody_may_send_mail(dev):
    assert not [role for role in ALLOWED if "ses:SendEmail" in _actions(_statements(dev, role))]


def test_mail_is_sent_by_one_function_from_one_address_alone(synthesise):
    made = synthesise(mail_from="jobs@example.org")
    statements = _statements(made, "SendNotificationsRole")
    (sending,) = [s for s in statements if s["Action"] == "ses:SendEmail"]
    senders = [r for r in ALLOWED if "ses:SendEmail" in _actions(_statements(made, r))]

    assert senders == ["SendNotificationsRole"]
    assert sending["Condition"] == {"StringEquals": {"ses:FromAddress": "jobs@example.org"}}
    for name in ("identity/jobs@example.org", "identity/example.org"):
        assert name in json.dumps(sending["Resource"])
    assert "*" not in json.dumps(sending["Resource"])


def test_further_tries_call_the_notifier_alone(dev):
    (calling,) = _statements(dev, "RetriesRole")

    assert "SendNotifications" in json.dumps(calling["Resource"])


def test_ants_list_the_prefix_of_tenants_alone(dev):
    (listing,) = [s for s in _statements(dev, "AntsRole") if s["Action"] == "s3:ListBucket"]

    assert listing["Condition"] == {"StringLike": {"s3:prefix": "t/*"}}


def test_only_the_api_function_becomes_an_ant(dev):
    (ants,) = [r for k, r in dev.resources("AWS::IAM::Role").items() if k.startswith("AntsRole")]
    (statement,) = ants["Properties"]["AssumeRolePolicyDocument"]["Statement"]

    assert statement["Action"] == "sts:AssumeRole"
    assert "HandleApiRole" in json.dumps(statement["Principal"])


def test_only_the_function_of_http_tasks_takes_the_role_of_its_tasks(dev):
    (tasks,) = [r for k, r in dev.resources("AWS::IAM::Role").items() if k.startswith("HttpTasks")]
    (statement,) = tasks["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    (takes,) = [s for s in _statements(dev, "HttpServeHttpRole") if "sts:" in str(s["Action"])]

    assert statement["Action"] == "sts:AssumeRole"
    assert "HttpServeHttpRole" in json.dumps(statement["Principal"])
    assert "HttpTasks" in json.dumps(takes["Resource"])


def test_the_function_of_http_tasks_asks_the_desk_of_attempts_alone(dev):
    statements = _statements(dev, "HttpServeHttpRole")
    (asks,) = [s for s in statements if s["Action"] == "lambda:InvokeFunction"]

    assert "HttpAnswerAttempt" in json.dumps(asks["Resource"])
    assert "*" not in json.dumps(asks["Resource"])


def test_nobody_else_asks_the_desk_of_attempts(dev):
    who = [role for role in ALLOWED if "HttpAnswerAttempt" in json.dumps(_statements(dev, role))]

    assert who == ["HttpServeHttpRole", "HttpAnswerAttemptRole"]


def test_the_engine_starts_the_function_of_http_tasks_alone(dev):
    (starts,) = [s for s in _statements(dev, "RunEngineRole") if "lambda:" in str(s["Action"])]

    assert "HttpServeHttp" in json.dumps(starts["Resource"])


def test_only_the_scheduler_takes_the_role_of_timers_and_only_in_this_account(dev):
    roles = dev.resources("AWS::IAM::Role")
    (timers,) = [role for name, role in roles.items() if "TimersRole" in name]
    (statement,) = timers["Properties"]["AssumeRolePolicyDocument"]["Statement"]

    assert statement["Principal"] == {"Service": "scheduler.amazonaws.com"}
    assert "aws:SourceAccount" in json.dumps(statement["Condition"])


def test_the_engine_passes_the_role_of_timers_to_the_scheduler_alone(dev):
    statements = _statements(dev, "RunEngineRole")
    (passing,) = [s for s in statements if s["Action"] == "iam:PassRole"]

    assert "TimersRole" in json.dumps(passing["Resource"])
    assert passing["Condition"] == {
        "StringEquals": {"iam:PassedToService": "scheduler.amazonaws.com"}
    }


def test_housekeeping_alone_removes_objects_and_reads_none(dev):
    removers = [r for r in ALLOWED if "s3:DeleteObject" in _actions(_statements(dev, r))]

    assert removers == ["KeepHouseRole"]
    assert "s3:GetObject" not in _actions(_statements(dev, "KeepHouseRole"))


def test_housekeeping_receives_dead_letters_alone(dev):
    statements = _statements(dev, "KeepHouseRole")
    (receive,) = [s for s in statements if "sqs:ReceiveMessage" in s["Action"]]

    assert "DeadLetters" in json.dumps(receive["Resource"])
