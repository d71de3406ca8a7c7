"""Entry of the websockets: one call a connection, a message, an end of a connection."""

from functools import cache
from typing import Any

from aws_lambda_powertools.logging import Logger

from formicary.bootstrap.sockets import build_socket_server
from formicary.domain.errors import ConcurrentUpdateError
from formicary.service_layer.caller import principal_of_context
from formicary.service_layer.serve_socket import SocketServer
from lambdas.serve_socket.settings import Settings

logger = Logger(service="serve_socket")
_TRIES = 5
_DONE = {"statusCode": 200}


@cache
def _server() -> SocketServer:
    return build_socket_server(**Settings().model_dump())


def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Take what a client sends; nothing is ever raised, and answers go over its connection."""
    request = event.get("requestContext") or {}
    kind = request.get("eventType")
    logger.info("socket", extra={"kind": kind, "connection": request.get("connectionId")})
    try:
        serve(_server(), event)
    except Exception:  # the last boundary: a gateway would show the client what is raised here
        logger.exception("a websocket message failed")
        return {"statusCode": 500}
    return _DONE


def serve(server: SocketServer, event: dict[str, Any]) -> None:
    """Do what one event of the gateway calls for, again while somebody else is faster."""
    request = event["requestContext"]
    caller = principal_of_context(request.get("authorizer") or {})
    connection = str(request["connectionId"])
    for attempt in range(_TRIES):
        try:
            if request["eventType"] == "MESSAGE":
                server.receive(caller, connection, str(event.get("body") or ""))
            elif request["eventType"] == "DISCONNECT":
                server.leave(caller, connection)
        except ConcurrentUpdateError:
            if attempt == _TRIES - 1:
                raise
        else:
            return
