"""What every route is given: the ports, who calls, and the request as it came."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, ParamSpec

from aws_lambda_powertools.event_handler import Request, Response
from aws_lambda_powertools.event_handler.depends import Depends
from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from aws_lambda_powertools.event_handler.openapi.types import OpenAPIResponse
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from formicary.domain.records import Principal
from formicary.entrypoints.gateway.incoming import Incoming
from formicary.service_layer.control_plane import ControlPlane
from formicary.service_layer.paging import DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE, PageRequest


@dataclass(frozen=True, slots=True)
class Call:
    """One request, admitted."""

    plane: ControlPlane
    caller: Principal
    incoming: Incoming


def new_router() -> APIGatewayHttpRouter:
    """Return a router for one section."""
    return APIGatewayHttpRouter()  # type: ignore[no-untyped-call] # the library left it untyped


def current_call(request: Request) -> Call:
    """Return the request being answered."""
    call: Call = request.context["call"]
    return call


CurrentCall = Annotated[Call, Depends(current_call)]
P = ParamSpec("P")
Id = Annotated[str, Path(description="Id", max_length=300)]
PageNumber = Annotated[int, Query(ge=0, le=100_000, description="Page, counted from 0")]
PageSize = Annotated[int, Query(ge=1, le=MAX_PAGE_SIZE, description="Records on a page")]
PageToken = Annotated[
    str | None, Query(description="`next_token` of the page before, in place of `page`")
]
FIRST_PAGE = 0
TEXT: dict[int, OpenAPIResponse] = {
    200: {"description": "Text", "content": {"text/plain": {"schema": {"type": "string"}}}}
}
USUAL_SIZE = DEFAULT_PAGE_SIZE


def page_request(page: int, page_size: int, token: str | None) -> PageRequest:
    """Return which page is asked for."""
    return PageRequest(page=page, page_size=page_size, token=token or None)


def not_json(route: Callable[P, Response[Any]]) -> Callable[P, Response[Any]]:
    """Mark a route whose answer is not JSON: without a return type its body is sent as it is."""
    del route.__annotations__["return"]
    return route


def text_answer(body: str | bytes, media_type: str, **headers: str) -> Response[Any]:
    """Return an answer that is not JSON."""
    return Response(status_code=200, content_type=media_type, body=body, headers=headers)
