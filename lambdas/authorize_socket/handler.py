"""Entry of the websockets' authorizer: a connection is opened for a token, or refused.

A browser can set no header on a websocket, so the token comes in the query string.
"""

from functools import cache
from typing import Any

from aws_lambda_powertools.logging import Logger

from formicary.bootstrap.authorizer import build_authorizer
from formicary.domain.grants import written_principal
from formicary.ports import TokenRepository
from formicary.service_layer.authorize_request import find_principal
from lambdas.authorize_socket.settings import Settings

logger = Logger(service="authorize_socket")


@cache
def _tokens() -> TokenRepository:
    return build_authorizer(**Settings().model_dump())


def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Answer with a policy for this one connection."""
    request = event.get("requestContext") or {}
    logger.info("authorize", extra={"request_id": request.get("requestId")})
    return authorize(_tokens(), event)


def authorize(tokens: TokenRepository, event: dict[str, Any]) -> dict[str, Any]:
    """Answer from the tokens that are stored; what goes wrong is raised, and refuses.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-lambda-auth.html
    """
    token = str((event.get("queryStringParameters") or {}).get("token", ""))
    principal = find_principal(tokens, f"Bearer {token}")
    answer = {
        "principalId": principal.user_id if principal else "nobody",
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Action": "execute-api:Invoke",
                    "Effect": "Allow" if principal else "Deny",
                    "Resource": event["methodArn"],
                }
            ],
        },
    }
    if principal is None:
        return answer
    return {**answer, "context": written_principal(principal)}
