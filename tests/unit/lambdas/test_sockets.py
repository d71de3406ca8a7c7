"""The functions of the websocket API, by the events that the gateway sends."""

from __future__ import annotations

import json

import pytest

from formicary.adapters.memory.in_memory_token_repository import InMemoryTokenRepository
from formicary.domain.errors import ConcurrentUpdateError
from formicary.domain.records import Principal
from formicary.service_layer.authorize_request import token_hash
from lambdas.authorize_socket.handler import authorize
from lambdas.serve_socket.handler import serve
from tests.unit.service_layer.test_websocket_ants import SocketWorld

ARN = "arn:aws:execute-api:us-east-1:123456789012:abc/ws/$connect"


def _connect(**query):
    return {"methodArn": ARN, "queryStringParameters": query or None}


def _event(kind: str, connection: str = "c1", body: str | None = None):
    caller = {"tenant": "acme", "user": "ann", "role": "admin"}
    request = {"eventType": kind, "connectionId": connection, "authorizer": caller}
    return {"requestContext": request, "body": body}


def test_a_known_token_opens_a_connection_and_tells_whose_it_is():
    tokens = InMemoryTokenRepository()
    tokens.put(token_hash("secret-token"), Principal("acme", "ann", "ant"))

    answer = authorize(tokens, _connect(token="secret-token"))

    (statement,) = answer["policyDocument"]["Statement"]
    assert (statement["Effect"], statement["Resource"]) == ("Allow", ARN)
    assert answer["context"] == {"tenant": "acme", "user": "ann", "role": "ant"}


@pytest.mark.parametrize("query", [{}, {"token": "wrong-token"}, {"token": ""}])
def test_any_other_token_is_refused(query):
    answer = authorize(InMemoryTokenRepository(), _connect(**query))

    assert answer["policyDocument"]["Statement"][0]["Effect"] == "Deny"
    assert "context" not in answer


def test_messages_and_ends_of_connections_reach_the_server():
    world = SocketWorld()
    registration = {"ant_id": "page", "tags": ["js", "web"], "methods": ["WEBSOCKET"]}

    serve(world.server, _event("CONNECT"))
    serve(world.server, _event("MESSAGE", body=json.dumps(registration)))
    (ant,) = world.sockets.list("acme")
    assert ant.connected
    serve(world.server, _event("DISCONNECT"))

    (ant,) = world.sockets.list("acme")
    assert not ant.connected


def test_a_lost_race_is_tried_again():
    class Racing:
        tries = 0

        def receive(self, *_):
            self.tries += 1
            if self.tries < 3:
                raise ConcurrentUpdateError

    server = Racing()
    serve(server, _event("MESSAGE", body="{}"))

    assert server.tries == 3
