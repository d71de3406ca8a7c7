"""The CDK app: the only reader of the stage; account and region are whatever it is deployed to."""

from __future__ import annotations

import aws_cdk as cdk
from cdk_nag import AwsSolutionsChecks

from stacks.ants_stack import AntsStack
from stacks.api_stack import ApiStack
from stacks.data_stack import DataStack
from stacks.deployment import Deployment
from stacks.orchestration_stack import OrchestrationStack


def build(app: cdk.App) -> None:
    """Compose the stacks of one stage."""
    deployment = Deployment.from_context(app.node)
    data = DataStack(app, deployment.stack_name("Data"), deployment=deployment)
    orchestration = OrchestrationStack(
        app, deployment.stack_name("Orchestration"), deployment=deployment, data=data
    )
    api = ApiStack(
        app,
        deployment.stack_name("Api"),
        deployment=deployment,
        data=data,
        orchestration=orchestration,
    )
    if deployment.ants.where:
        AntsStack(app, deployment.stack_name("Ants"), deployment=deployment, api_url=api.url)
    cdk.Tags.of(app).add("formicary:stage", deployment.stage)
    cdk.Aspects.of(app).add(AwsSolutionsChecks(verbose=True))


if __name__ == "__main__":
    application = cdk.App()
    build(application)
    application.synth()
