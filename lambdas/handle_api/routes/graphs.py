"""Routes of graphs: definitions and requests, as text for other programs and as a picture."""

from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.types import OpenAPIResponse

from formicary.domain.dot import to_dot
from formicary.domain.mermaid import to_mermaid
from formicary.service_layer.show_graph import definition_graph, run_graph
from lambdas.handle_api.routes.call import TEXT, CurrentCall, Id, new_router, not_json, text_answer

router = new_router()
_DEFINITIONS, _REQUESTS = ["Job definitions"], ["Job requests"]
_DOT, _MERMAID, _PNG = "text/vnd.graphviz", "text/vnd.mermaid; charset=utf-8", "image/png"
_IMAGE: dict[int, OpenAPIResponse] = {
    200: {
        "description": "Picture",
        "content": {_PNG: {"schema": {"type": "string", "format": "binary"}}},
    }
}


@router.get(
    "/api/jobs/definitions/<id>/dot",
    summary="The graph of a definition for Graphviz",
    tags=_DEFINITIONS,
    operation_id="definition_graph",
    responses=TEXT,
)
@not_json
def get_definition_dot(call: CurrentCall, id: Id) -> Response[Any]:  # noqa: A002 - its public name
    """Return the graph of a definition as DOT."""
    return text_answer(to_dot(definition_graph(call.plane, call.caller, id)), _DOT)


@router.get(
    "/api/jobs/definitions/<id>/dot.png",
    summary="The graph of a definition as a picture",
    tags=_DEFINITIONS,
    operation_id="definition_picture",
    responses=_IMAGE,
)
@not_json
def get_definition_picture(call: CurrentCall, id: Id) -> Response[Any]:  # noqa: A002
    """Return the graph of a definition as PNG."""
    graph = definition_graph(call.plane, call.caller, id)
    return text_answer(call.plane.pictures.paint(graph), _PNG)


@router.get(
    "/api/jobs/definitions/<id>/mermaid",
    summary="The graph of a definition for Mermaid",
    tags=_DEFINITIONS,
    operation_id="definition_flowchart",
    responses=TEXT,
)
@not_json
def get_definition_mermaid(call: CurrentCall, id: Id) -> Response[Any]:  # noqa: A002
    """Return the graph of a definition as a Mermaid flowchart."""
    return text_answer(to_mermaid(definition_graph(call.plane, call.caller, id)), _MERMAID)


@router.get(
    "/api/jobs/requests/<id>/dot",
    summary="The graph of a job request for Graphviz, with the state of each task",
    tags=_REQUESTS,
    operation_id="request_graph",
    responses=TEXT,
)
@not_json
def get_request_dot(call: CurrentCall, id: Id) -> Response[Any]:  # noqa: A002
    """Return the graph of a request as DOT."""
    return text_answer(to_dot(run_graph(call.plane, call.caller, id)), _DOT)


@router.get(
    "/api/jobs/requests/<id>/dot.png",
    summary="The graph of a job request as a picture: states, and the ways that were gone",
    tags=_REQUESTS,
    operation_id="request_picture",
    responses=_IMAGE,
)
@not_json
def get_request_picture(call: CurrentCall, id: Id) -> Response[Any]:  # noqa: A002
    """Return the graph of a request as PNG."""
    graph = run_graph(call.plane, call.caller, id)
    return text_answer(call.plane.pictures.paint(graph), _PNG)


@router.get(
    "/api/jobs/requests/<id>/mermaid",
    summary="The graph of a job request for Mermaid, with the state of each task",
    tags=_REQUESTS,
    operation_id="request_flowchart",
    responses=TEXT,
)
@not_json
def get_request_mermaid(call: CurrentCall, id: Id) -> Response[Any]:  # noqa: A002
    """Return the graph of a request as a Mermaid flowchart."""
    return text_answer(to_mermaid(run_graph(call.plane, call.caller, id)), _MERMAID)
