"""The API behind its door: who calls, is the body sound, which route; errors as problems."""

from functools import cached_property
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError as NoRouteError
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from aws_lambda_powertools.logging import Logger

from formicary.domain.errors import FormicaryError
from formicary.entrypoints.gateway.answer import problem_answer
from formicary.entrypoints.gateway.incoming import read_incoming, with_json_body
from formicary.service_layer.caller import admit
from formicary.service_layer.control_plane import ControlPlane
from formicary.service_layer.problem import problem, problem_of, problem_of_validation
from lambdas.handle_api.routes import (
    ants,
    artifacts,
    configs,
    definitions,
    error_codes,
    graphs,
    limits,
    request_verbs,
    requests,
    resources,
    system,
)
from lambdas.handle_api.routes.call import Call

_SECTIONS = (
    system,
    definitions,
    configs,
    requests,
    request_verbs,
    error_codes,
    graphs,
    artifacts,
    resources,
    limits,
    ants,
)


# Not allowed, not the caller's, or not as things stand.
_REFUSED = frozenset({401, 403, 404, 409})


class RestApi:
    """Answers the requests of the gateway."""

    def __init__(self, plane: ControlPlane, logger: Logger) -> None:
        """Take the ports, and where to log what went wrong."""
        self._plane = plane
        self._logger = logger
        # An answer that does not fit its own description is our fault, not the caller's.
        self.resolver = APIGatewayHttpResolver(
            enable_validation=True, response_validation_error_http_code=500
        )
        for section in _SECTIONS:
            self.resolver.include_router(section.router)
        self.resolver.get("/api/openapi.json", include_in_schema=False)(self._describe)
        self._register_errors()

    def handle(self, event: dict[str, Any], context: Any) -> dict[str, Any]:
        """Answer one request."""
        try:
            answer = self._answer(event, context)
        except FormicaryError as error:
            answer = problem_answer(self._problem(error))
        if answer["statusCode"] in _REFUSED:
            self._audit(event, answer["statusCode"])
        return answer

    def _audit(self, event: dict[str, Any], status: int) -> None:
        """Log who was refused a change; a run tells of it in its history, too, where it is one."""
        http = event.get("requestContext", {}).get("http", {})
        if http.get("method") != "GET":
            authorizer = event["requestContext"].get("authorizer") or {}
            caller = authorizer.get("lambda") or {}
            who = {name: caller.get(name, "") for name in ("tenant", "user", "role")}
            self._logger.warning(
                "a change was refused",
                extra={**who, "call": f"{http.get('method')} {http.get('path')}", "status": status},
            )

    def _answer(self, event: dict[str, Any], context: Any) -> dict[str, Any]:
        incoming = read_incoming(event)
        caller = admit(event, incoming.method, incoming.path)
        if not incoming.has_raw_body:
            event = with_json_body(event, incoming)
        stage = {**event["requestContext"], "stage": "$default"}
        event = {**event, "rawPath": incoming.path, "requestContext": stage}
        self.resolver.context["call"] = Call(self._plane, caller, incoming)
        answer: dict[str, Any] = self.resolver.resolve(event, context)
        # A 204 or a redirect has no body; the embedded AWS takes text only.
        return {**answer, "body": answer.get("body") or ""}

    @cached_property
    def _description(self) -> dict[str, Any]:
        # Seldom asked for, and slow to import: a fifth of a second at every start.
        from lambdas.handle_api.openapi import describe  # noqa: PLC0415

        return describe(self.resolver)

    def _describe(self) -> dict[str, Any]:
        return self._description

    def _register_errors(self) -> None:
        self.resolver.exception_handler(FormicaryError)(
            lambda error: _response(self._problem(error))
        )
        self.resolver.exception_handler(RequestValidationError)(
            lambda error: _response(problem_of_validation(error.errors()))
        )
        self.resolver.exception_handler(NoRouteError)(
            lambda _: _response(problem(404, "ERR_NOT_FOUND", "There is no such path."))
        )

    def _problem(self, error: FormicaryError) -> dict[str, Any]:
        if error.status >= 500:
            self._logger.error("a use case failed", exc_info=error)
        return problem_of(error)


def _response(document: dict[str, Any]) -> Response[str]:
    answer = problem_answer(document)
    return Response(
        status_code=answer["statusCode"], headers=answer["headers"], body=answer["body"]
    )
