"""Credentials are renewed when a call is refused for them, once a call."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from ant_agent.aws_access import AwsAccess
from formicary.domain.ant import AwsCredentials


class Lender:
    """Lends credentials, and counts how often."""

    def __init__(self) -> None:
        self.lent = 0

    def lend(self) -> AwsCredentials:
        self.lent += 1
        return AwsCredentials(
            access_key_id=f"KEY{self.lent}",
            secret_access_key="secret",
            session_token="token",
            expires_at=datetime.now(UTC) + timedelta(hours=1),
        )


def _refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "Call")


def _call_until_good(code: str, service: str) -> tuple[Any, Lender]:
    lender = Lender()
    access = AwsAccess(max_connections=2)
    access.adopt("us-east-1", lender.lend(), lender.lend)

    def call(_: Any) -> str:
        if lender.lent == 1:
            raise _refused(code)
        return "done"

    return (access.sqs if service == "sqs" else access.s3)(call), lender


@pytest.mark.parametrize(
    ("code", "service"),
    [("ExpiredToken", "s3"), ("InvalidClientTokenId", "sqs"), ("AccessDenied", "sqs")],
)
def test_a_refused_call_is_repeated_with_new_credentials(code: str, service: str) -> None:
    answer, lender = _call_until_good(code, service)

    assert (answer, lender.lent) == ("done", 2)


def test_an_object_that_is_forbidden_stays_forbidden() -> None:
    with pytest.raises(ClientError):
        _call_until_good("AccessDenied", "s3")
