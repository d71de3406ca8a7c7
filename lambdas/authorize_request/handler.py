"""Entry of the authorizer: it tells whose token a request carries.

The gateway remembers the answer by token, for every route, so roles are checked by the functions
behind it. A token of nobody passes without a tenant and a role: the gateway cannot word its own
refusal, and the functions refuse it with a problem document (`service_layer/caller.py`).
"""

from functools import cache
from typing import Any

from aws_lambda_powertools.logging import Logger

from formicary.bootstrap.authorizer import build_authorizer
from formicary.domain.grants import written_principal
from formicary.ports import TokenRepository
from formicary.service_layer.authorize_request import find_principal
from lambdas.authorize_request.settings import Settings

logger = Logger(service="authorize_request")
_NOBODY = {"isAuthorized": True, "context": {"tenant": "", "user": "", "role": ""}}


@cache
def _tokens() -> TokenRepository:
    return build_authorizer(**Settings().model_dump())


def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Answer with the tenant, user and role of the token."""
    request = event.get("requestContext") or {}
    logger.info("authorize", extra={"request_id": request.get("requestId")})
    return authorize(_tokens(), event)


def authorize(tokens: TokenRepository, event: dict[str, Any]) -> dict[str, Any]:
    """Answer from the tokens that are stored.

    What goes wrong is raised: the gateway then answers 500, where it would remember a refusal.
    """
    sources = event.get("identitySource") or [""]
    principal = find_principal(tokens, str(sources[0]))
    if principal is None:
        return _NOBODY
    return {"isAuthorized": True, "context": written_principal(principal)}
