"""Ants of the deployment's own: none unless asked for, closed, and without rights of their own."""

from __future__ import annotations

import json

import pytest

# A synthesis takes a minute on a machine that has much else to do.
pytestmark = pytest.mark.timeout(300)
IMAGE = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/formicary-ant:0.1.0"


@pytest.fixture(scope="module")
def ecs(synthesise):
    return synthesise(stage="dev", ants="ecs", ant_image=IMAGE, ant_tags="linux,aws")


@pytest.fixture(scope="module")
def ec2(synthesise):
    return synthesise(stage="dev", ants="ec2", ant_count=2, ant_methods="SHELL,HTTP_GET")


@pytest.fixture(params=["ecs", "ec2"])
def either(request):
    return request.getfixturevalue(request.param)


def own(synthesised, kind):
    resources = synthesised.templates["Ants"]["Resources"].values()
    return [resource["Properties"] for resource in resources if resource["Type"] == kind]


def actions(synthesised):
    statements = [
        statement
        for policy in own(synthesised, "AWS::IAM::Policy")
        for statement in policy["PolicyDocument"]["Statement"]
    ]
    return {
        action
        for statement in statements
        for action in (
            [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]
        )
    }


def test_there_are_none_unless_asked_for(dev):
    assert set(dev.templates) == {"Data", "Orchestration", "Api"}


def test_security_rules_find_nothing_unexplained(either):
    assert either.errors == []


def test_nothing_comes_in_and_nothing_is_paid_for_the_network(either):
    (group,) = own(either, "AWS::EC2::SecurityGroup")

    assert "SecurityGroupIngress" not in group
    assert own(either, "AWS::EC2::SecurityGroupIngress") == []
    assert own(either, "AWS::EC2::NatGateway") == []


def test_the_token_is_in_no_template(either):
    text = json.dumps(either.templates)

    assert "fmc_" not in text
    assert "/formicary/dev/ant-token" in text


def test_a_task_of_ecs_may_do_nothing_in_aws(ecs):
    (task,) = own(ecs, "AWS::ECS::TaskDefinition")
    role = task["TaskRoleArn"]["Fn::GetAtt"][0]
    holders = [ref["Ref"] for policy in own(ecs, "AWS::IAM::Policy") for ref in policy["Roles"]]

    assert role not in holders
    assert "ManagedPolicyArns" not in ecs.templates["Ants"]["Resources"][role]["Properties"]
    assert actions(ecs) == {
        "ecr:BatchCheckLayerAvailability",
        "ecr:BatchGetImage",
        "ecr:GetAuthorizationToken",
        "ecr:GetDownloadUrlForLayer",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "ssm:DescribeParameters",
        "ssm:GetParameter",
        "ssm:GetParameterHistory",
        "ssm:GetParameters",
    }


def test_a_container_gets_its_token_as_a_secret_and_time_to_drain(ecs):
    (task,) = own(ecs, "AWS::ECS::TaskDefinition")
    (container,) = task["ContainerDefinitions"]
    told = {entry["Name"]: entry["Value"] for entry in container["Environment"]}

    assert [secret["Name"] for secret in container["Secrets"]] == ["FORMICARY_TOKEN"]
    assert container["StopTimeout"] == 120
    assert container["LogConfiguration"]["LogDriver"] == "awslogs"
    assert told["FORMICARY_ANT_TAGS"] == "linux,aws"
    assert set(told) == {"FORMICARY_URL", "FORMICARY_ANT_METHODS", "FORMICARY_ANT_TAGS"}


def test_a_host_of_ec2_may_read_its_token_and_its_package_only(ec2):
    assert actions(ec2) == {"ssm:GetParameter", "s3:GetObject"}


def test_containers_on_a_host_do_not_reach_its_credentials(ec2):
    (template,) = own(ec2, "AWS::EC2::LaunchTemplate")
    options = template["LaunchTemplateData"]["MetadataOptions"]

    assert options["HttpTokens"] == "required"
    assert options["HttpPutResponseHopLimit"] == 1


def test_a_host_installs_the_package_and_starts_the_unit(ec2):
    (template,) = own(ec2, "AWS::EC2::LaunchTemplate")
    script = json.dumps(template["LaunchTemplateData"]["UserData"])

    assert "FORMICARY_ANT_METHODS=SHELL,HTTP_GET" in script
    assert "systemctl enable --now formicary-ant formicary-ant-notices" in script
    assert "--require-hashes" in script


def test_a_host_that_leaves_its_group_is_given_time(ec2):
    (hook,) = own(ec2, "AWS::AutoScaling::LifecycleHook")

    assert hook["LifecycleTransition"] == "autoscaling:EC2_INSTANCE_TERMINATING"
    assert hook["HeartbeatTimeout"] == 900


@pytest.mark.parametrize(
    ("place", "kind"),
    [("ecs", "AWS::ECS::Service"), ("ec2", "AWS::AutoScaling::AutoScalingGroup")],
)
def test_ants_start_after_their_roles_have_their_rights(request, place, kind):
    resources = request.getfixturevalue(place).templates["Ants"]["Resources"]
    policies = {key for key, one in resources.items() if one["Type"] == "AWS::IAM::Policy"}
    (starter,) = (one for one in resources.values() if one["Type"] == kind)

    assert len(policies) == 1
    assert policies <= set(starter["DependsOn"])


@pytest.mark.parametrize(
    ("context", "says"),
    [
        ({"ants": "moon"}, "formicary:ants must be ecs or ec2"),
        ({"ants": "ecs"}, "needs formicary:ant-image"),
        ({"ants": "ec2", "ant_count": 101}, "formicary:ant-count must be 0 to 100"),
        ({"ants": "ec2", "ant_tags": "a'; reboot"}, "formicary:ant-tags must be words"),
    ],
)
def test_a_wrong_choice_is_refused_in_words(synthesise, context, says):
    with pytest.raises(ValueError, match=says):
        synthesise(stage="dev", **context)
