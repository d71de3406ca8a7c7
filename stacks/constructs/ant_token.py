"""The token of a deployment's own ants: a parameter that is made by hand, never in a template."""

from __future__ import annotations

from aws_cdk import aws_ssm as ssm
from constructs import Construct


class AntToken(Construct):
    """An encrypted parameter of Systems Manager (free), named and not made here.

    CloudFormation cannot make one, and a template must not hold a token.
    """

    def __init__(self, scope: Construct, construct_id: str, *, name: str) -> None:
        super().__init__(scope, construct_id)
        self.name = name
        self.parameter = ssm.StringParameter.from_secure_string_parameter_attributes(
            self, "Parameter", parameter_name=name
        )
