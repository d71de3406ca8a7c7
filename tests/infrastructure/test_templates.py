"""What the templates promise: durable where it must be, closed where it can be, free when idle."""

from __future__ import annotations

import json
import re

import pytest
from aws_cdk import aws_iam as iam

from formicary.domain import sweep
from formicary.domain.http_function import FUNCTION_TASK_SECONDS
from stacks.deployment import Deployment

OUTPUTS = {
    "Data": {"TableName", "ArtifactBucketName"},
    "Orchestration": {
        "EventsQueueUrl",
        "BusName",
        "HousekeepingArn",
        "QueueNamePrefix",
        "SocketApiId",
        "SocketUrl",
    },
    "Api": {"ApiId", "ApiUrl", "AntRoleArn"},
}
_BILLED_WHILE_IDLE = (
    "AWS::EC2::",
    "AWS::ECS::",
    "AWS::KMS::Key",
    "AWS::WAF",
    "AWS::SecretsManager::Secret",
    "AWS::ElasticLoadBalancing",
    "AWS::CloudWatch::Alarm",
)


def test_security_rules_find_nothing_unexplained(dev):
    assert dev.errors == []


def test_security_rules_find_a_policy_about_everything(synthesise):
    def add_careless_policy(app):
        stack = next(child for child in app.node.children if "Data" in child.node.id)
        iam.Policy(
            stack,
            "Careless",
            statements=[iam.PolicyStatement(actions=["s3:*"], resources=["*"])],
            groups=[iam.Group(stack, "Everybody")],
        )

    errors = synthesise(also=add_careless_policy).errors

    assert any("AwsSolutions-IAM5" in error for error in errors)


def test_two_syntheses_give_the_same_templates(dev, synthesise):
    assert synthesise(stage="dev").templates == dev.templates


def test_host_bundles_differ_from_lambda_bundles_in_the_asset_alone(dev, synthesise):
    host = synthesise(stage="dev", bundle_for="host").templates

    def without_hashes(templates):
        return re.sub(r"[0-9a-f]{64}", "HASH", json.dumps(templates))

    assert without_hashes(host) == without_hashes(dev.templates)


@pytest.mark.parametrize("part", OUTPUTS)
def test_outputs_name_what_the_local_runner_needs(dev, part):
    outputs = dev.templates[part]["Outputs"]

    assert {name for name in outputs if not name.startswith("Export")} == OUTPUTS[part]


def test_table_has_keys_index_stream_and_expiry(dev):
    table = dev.only("AWS::DynamoDB::GlobalTable")

    assert [key["AttributeName"] for key in table["KeySchema"]] == ["pk", "sk"]
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert table["StreamSpecification"] == {"StreamViewType": "NEW_AND_OLD_IMAGES"}
    assert table["TimeToLiveSpecification"] == {"AttributeName": "ttl", "Enabled": True}
    (index,) = table["GlobalSecondaryIndexes"]
    assert index["Projection"] == {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["summary"]}


def test_production_data_outlives_its_stack(synthesise):
    production = synthesise(stage="prod")
    kinds = ("AWS::DynamoDB::GlobalTable", "AWS::S3::Bucket")
    stateful = [resource for kind in kinds for resource in production.resources(kind).values()]
    (replica,) = production.only("AWS::DynamoDB::GlobalTable")["Replicas"]

    assert [resource["DeletionPolicy"] for resource in stateful] == ["Retain", "Retain"]
    assert replica["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] is True
    assert replica["DeletionProtectionEnabled"] is True


def test_bucket_is_private_encrypted_and_forgets(dev):
    bucket = dev.only("AWS::S3::Bucket")

    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert bucket["BucketEncryption"]
    rules = {rule["Id"]: rule for rule in bucket["LifecycleConfiguration"]["Rules"]}
    assert rules["AbortUnfinishedUploads"]["AbortIncompleteMultipartUpload"]
    assert rules["ExpireArtifactsAndLogs"]["Prefix"] == "t/"


@pytest.mark.parametrize("kind", ["AWS::S3::BucketPolicy", "AWS::SQS::QueuePolicy"])
def test_buckets_and_queues_refuse_plain_http(dev, kind):
    guarded = {"AWS::S3::BucketPolicy": 1, "AWS::SQS::QueuePolicy": 4}[kind]
    policies = dev.resources(kind).values()
    denials = [
        statement
        for policy in policies
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Deny"
    ]

    assert len(policies) == guarded
    assert len(denials) == guarded
    for denial in denials:
        assert denial["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_engine_has_time_to_finish_before_an_event_comes_back(dev):
    queue = next(q for k, q in dev.resources("AWS::SQS::Queue").items() if "EventsQueue" in k)
    engine = next(f for k, f in dev.resources("AWS::Lambda::Function").items() if "RunEngine" in k)

    assert queue["Properties"]["VisibilityTimeout"] > engine["Properties"]["Timeout"]
    assert queue["Properties"]["RedrivePolicy"]["maxReceiveCount"] == 10


def test_events_reach_the_engine_in_batches_that_fail_by_message(dev):
    mapping = next(
        m["Properties"]
        for m in dev.resources("AWS::Lambda::EventSourceMapping").values()
        if "ScalingConfig" in m["Properties"]
    )

    assert mapping["BatchSize"] == 10
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_concurrency_of_the_engine_is_a_choice_of_the_deployment(synthesise):
    mappings = synthesise(engine_max_concurrency=2).resources("AWS::Lambda::EventSourceMapping")

    assert {"MaximumConcurrency": 2} in [
        m["Properties"].get("ScalingConfig") for m in mappings.values()
    ]


def test_only_health_and_descriptions_are_open(dev):
    routes = [route["Properties"] for route in dev.resources("AWS::ApiGatewayV2::Route").values()]
    by_type = {route["RouteKey"]: route.get("AuthorizationType") for route in routes}

    assert by_type == {
        "ANY /api/{proxy+}": "CUSTOM",
        "POST /api/ants/{id}/claims": "CUSTOM",
        "GET /api/health": "NONE",
        "GET /api/openapi.json": "NONE",
        "GET /api/schema/job.json": "NONE",
        # A token opens a websocket; what goes over it afterwards needs none.
        "$connect": "CUSTOM",
        "$default": "NONE",
        "$disconnect": "NONE",
    }


def test_requests_are_throttled_before_they_cost_anything(dev):
    stages = dev.resources("AWS::ApiGatewayV2::Stage").values()

    assert len(stages) == len(dev.resources("AWS::ApiGatewayV2::Api")) == 2
    for stage in stages:
        limits = stage["Properties"]["DefaultRouteSettings"]
        assert limits == {"ThrottlingRateLimit": 500, "ThrottlingBurstLimit": 1000}


def test_every_log_group_forgets(dev):
    groups = dev.resources("AWS::Logs::LogGroup").values()

    functions = dev.resources("AWS::Lambda::Function")
    stages = dev.resources("AWS::ApiGatewayV2::Stage")
    assert len(groups) >= len(functions) + len(stages)
    assert {group["Properties"]["RetentionInDays"] for group in groups} == {30}


def test_nothing_is_billed_while_nothing_happens(dev):
    kinds = {r["Type"] for t in dev.templates.values() for r in t["Resources"].values()}

    assert not [kind for kind in kinds if kind.startswith(_BILLED_WHILE_IDLE)]


def test_templates_hold_no_secrets(dev):
    text = json.dumps(dev.templates)

    assert not re.search(r"AKIA[0-9A-Z]{16}|-----BEGIN|(?i:password|secret_?key)", text)


def test_no_other_queue_is_named_like_a_task_queue(dev):
    deployment = Deployment(
        stage="dev", bundle_for="lambda", engine_max_concurrency=2, artifact_retention_days=1
    )

    for part in OUTPUTS:
        assert not deployment.stack_name(part).startswith(deployment.queue_name_prefix)
    assert not [
        q for q in dev.resources("AWS::SQS::Queue").values() if "QueueName" in q["Properties"]
    ]


@pytest.mark.parametrize("stage", ["", "Dev", "dev-x", "1dev", "averylongstage"])
def test_a_stage_that_would_widen_the_queue_wildcard_is_refused(synthesise, stage):
    with pytest.raises(ValueError, match="formicary:stage"):
        synthesise(stage=stage)


def test_the_bus_calls_the_notifier_for_ends_that_somebody_wants_to_know_alone(dev):
    rules = {
        rule["Properties"]["EventPattern"]["detail-type"][0]: rule["Properties"]
        for rule in dev.resources("AWS::Events::Rule").values()
    }

    jobs = rules["JobExecutionLifecycleEvent"]
    assert jobs["EventPattern"]["detail"] == {
        "announces": ["n", "nt", "wt", "nwt"],
        "new_state": ["CANCELLED", "COMPLETED", "FAILED"],
    }
    for rule in (jobs, rules["TaskExecutionLifecycleEvent"]):
        (target,) = rule["Targets"]
        assert "SendNotifications" in json.dumps(target["Arn"])
        assert "GivenUp" in json.dumps(target["DeadLetterConfig"])


def test_no_queue_is_polled_but_that_of_the_engine(dev):
    sources = [
        json.dumps(mapping["Properties"]["EventSourceArn"])
        for mapping in dev.resources("AWS::Lambda::EventSourceMapping").values()
    ]

    assert len([source for source in sources if "Queue" in source]) == 1


def test_a_start_with_an_http_task_comes_three_times_and_never_after_the_sweep(dev):
    (tries,) = [
        found["Properties"]
        for found in dev.resources("AWS::Lambda::EventInvokeConfig").values()
        if "ServeHttp" in json.dumps(found["Properties"]["FunctionName"])
    ]

    assert tries["MaximumRetryAttempts"] == 2
    assert tries["MaximumEventAgeInSeconds"] < sweep.PATIENCE.total_seconds()


def test_the_function_of_http_tasks_has_time_for_the_longest_of_them(dev):
    assert _serve_http(dev)["Timeout"] >= FUNCTION_TASK_SECONDS + 60


def test_without_the_function_of_http_tasks_nothing_is_left_of_it(dev, synthesise):
    without = synthesise(**{"http-function": "off"})

    def texts(made):
        texts = list(map(json.dumps, made.templates.values()))
        return [name for name in names if any(name in text for text in texts)]

    names = ["ServeHttp", "AnswerAttempt"]
    assert texts(dev) == names
    assert not texts(without)
    (api,) = [
        function["Properties"]["Environment"]["Variables"]
        for function in without.resources("AWS::Lambda::Function").values()
        if "handle_api" in function["Properties"]["Handler"]
    ]
    assert api["FORMICARY_SERVES_HTTP"] == "false"


def test_concurrency_of_http_tasks_is_taken_from_the_account_for_who_asks(dev, synthesise):
    bounded = synthesise(**{"http-function-concurrency": 20})

    assert "ReservedConcurrentExecutions" not in _serve_http(dev)
    assert _serve_http(bounded)["ReservedConcurrentExecutions"] == 20


@pytest.mark.parametrize(
    "choice", [{"http-function": "perhaps"}, {"http-function-concurrency": -1}]
)
def test_a_choice_about_http_tasks_that_is_none_is_refused(synthesise, choice):
    with pytest.raises(ValueError, match="formicary:http-function"):
        synthesise(**choice)


def _serve_http(made):
    (found,) = [
        function["Properties"]
        for function in made.resources("AWS::Lambda::Function").values()
        if "serve_http" in function["Properties"]["Handler"]
    ]
    return found


@pytest.mark.parametrize(
    "choice", [{"mail_from": "nobody"}, {"mail_from": "a@b c.org"}, {"base_url": "example.org"}]
)
def test_a_sender_or_a_url_that_is_none_is_refused(synthesise, choice):
    with pytest.raises(ValueError, match="formicary:"):
        synthesise(**choice)


def test_there_are_alarms_only_for_who_names_a_topic(dev, synthesise):
    assert dev.resources("AWS::CloudWatch::Alarm") == {}
    topic = "arn:aws:sns:eu-west-1:123456789012:on-call"

    told = synthesise(**{"alarm-topic": topic})

    alarms = [alarm["Properties"] for alarm in told.resources("AWS::CloudWatch::Alarm").values()]
    assert len(alarms) == 4
    assert all(alarm["AlarmActions"] == [topic] for alarm in alarms)
    (metric,) = told.only("AWS::Logs::MetricFilter")["MetricTransformations"]
    assert metric["MetricValue"] == "$.mended"
    with pytest.raises(ValueError, match="formicary:alarm-topic"):
        synthesise(**{"alarm-topic": "on-call"})
