"""Routes of graphs: definitions and requests, as text for other programs and as a picture."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.types import OpenAPIResponse

from formicary.domain.dot import to_dot
from formicary.domain.drawn_graph import DrawnGraph
from formicary.domain.mermaid import to_mermaid
from formicary.domain.records import Principal
from formicary.service_layer.control_plane import ControlPlane
from formicary.service_layer.show_graph import definition_graph, run_graph
from lambdas.handle_api.routes.call import TEXT, CurrentCall, Id, new_router, not_json, text_answer

router = new_router()
_PNG = "image/png"
_IMAGE: dict[int, OpenAPIResponse] = {
    200: {
        "description": "Picture",
        "content": {_PNG: {"schema": {"type": "string", "format": "binary"}}},
    }
}


@dataclass(frozen=True, slots=True)
class _Drawn:
    """What has a graph: where its routes are, and what they are called."""

    path: str
    tag: str
    name: str
    of: str
    graph: Callable[[ControlPlane, Principal, str], DrawnGraph]
    states: str = ""
    ways: str = ""


@dataclass(frozen=True, slots=True)
class _Form:
    """What a graph is written as: the end of the route, and how it is called."""

    end: str
    name: str
    media_type: str
    written: Callable[[ControlPlane, DrawnGraph], str | bytes]


_DRAWN = (
    _Drawn("definitions", "Job definitions", "definition", "a definition", definition_graph),
    _Drawn(
        "requests",
        "Job requests",
        "request",
        "a job request",
        run_graph,
        states=", with the state of each task",
        ways=": states, and the ways that were gone",
    ),
)
_DOT = _Form("dot", "graph", "text/vnd.graphviz", lambda _, graph: to_dot(graph))
_MERMAID = _Form(
    "mermaid", "flowchart", "text/vnd.mermaid; charset=utf-8", lambda _, graph: to_mermaid(graph)
)
_PICTURE = _Form("dot.png", "picture", _PNG, lambda plane, graph: plane.pictures.paint(graph))


def _add_route(drawn: _Drawn, form: _Form, says: str, answers: dict[int, OpenAPIResponse]) -> None:
    @router.get(
        f"/api/jobs/{drawn.path}/<id>/{form.end}",
        summary=f"The graph of {drawn.of} {says}",
        tags=[drawn.tag],
        operation_id=f"{drawn.name}_{form.name}",
        responses=answers,
    )
    @not_json
    def get_graph(call: CurrentCall, id: Id) -> Response[Any]:  # noqa: A002 - its public name
        graph = drawn.graph(call.plane, call.caller, id)
        return text_answer(form.written(call.plane, graph), form.media_type)


for _drawn in _DRAWN:
    _add_route(_drawn, _DOT, f"for Graphviz{_drawn.states}", TEXT)
    _add_route(_drawn, _PICTURE, f"as a picture{_drawn.ways}", _IMAGE)
    _add_route(_drawn, _MERMAID, f"for Mermaid{_drawn.states}", TEXT)
