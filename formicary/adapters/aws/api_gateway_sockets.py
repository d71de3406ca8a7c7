"""The websockets' other end: the management API of API Gateway."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError  # type: ignore[import-untyped]

from formicary.adapters.aws.error_mapping import aws_errors

_GONE = frozenset({"GoneException", "410"})


class ApiGatewaySockets:
    """SocketGateway on the client of one websocket API's stage."""

    def __init__(self, client: Any) -> None:
        """Take a client of `apigatewaymanagementapi` (typed loosely: it is made late)."""
        self._client = client

    @aws_errors()
    def push(self, connection_id: str, text: str) -> bool:
        """Send a message; False when the connection is gone."""
        return self._unless_gone(
            lambda: self._client.post_to_connection(ConnectionId=connection_id, Data=text.encode())
        )

    @aws_errors()
    def is_open(self, connection_id: str) -> bool:
        """Whether the connection is there."""
        return self._unless_gone(lambda: self._client.get_connection(ConnectionId=connection_id))

    @staticmethod
    def _unless_gone(call: Any) -> bool:
        try:
            call()
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in _GONE:
                return False
            raise
        return True
