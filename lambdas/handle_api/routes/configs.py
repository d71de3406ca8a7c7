"""Routes of configs: those of a job type, of an organization, and of the caller."""

from collections.abc import Callable
from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body, Path

from formicary.domain.config import ConfigOwner
from formicary.service_layer.configs import (
    ConfigBody,
    ConfigView,
    add_config,
    change_config,
    config_view,
    delete_config,
    find_config,
    job,
    list_configs,
    organization,
    user,
)
from formicary.service_layer.paging import PageView, page_view
from lambdas.handle_api.routes.call import (
    FIRST_PAGE,
    USUAL_SIZE,
    Call,
    CurrentCall,
    Id,
    PageNumber,
    PageSize,
    new_router,
    page_request,
)

router = new_router()
Name = Annotated[str, Path(description="Name of the config", max_length=100)]
_TAGS = ["Configs"]


def _list(call: Call, owner: ConfigOwner, page: int, page_size: int) -> PageView[ConfigView]:
    request = page_request(page, page_size, None)
    return page_view(list_configs(call.plane, call.caller, owner, request), request, config_view)


def _add(call: Call, owner: ConfigOwner, body: ConfigBody) -> Response[ConfigView]:
    saved = add_config(call.plane, call.caller, owner, body)
    view = config_view(saved.config)
    return Response(
        status_code=201 if saved.created else 200,
        content_type="application/json",
        body=view,
        headers={"Location": f"{call.incoming.path}/{view.id}"},
    )


def _delete(call: Call, owner: ConfigOwner, name: str) -> Response[None]:
    delete_config(call.plane, call.caller, owner, name)
    return Response(status_code=204)


def _owned(
    prefix: str, noun: str, words: str, owner_of: Callable[[Call, str], ConfigOwner]
) -> None:
    """Serve the configs of what an id in the path names."""

    @router.get(
        prefix,
        summary=f"List the configs of {words} by name",
        tags=_TAGS,
        operation_id=f"list_{noun}_configs",
    )
    def get_all(
        call: CurrentCall,
        id: Id,  # noqa: A002 - its public name
        page: PageNumber = FIRST_PAGE,
        page_size: PageSize = USUAL_SIZE,
    ) -> PageView[ConfigView]:
        return _list(call, owner_of(call, id), page, page_size)

    @router.post(
        prefix,
        summary=f"Add or replace a config of {words}",
        tags=_TAGS,
        operation_id=f"add_{noun}_config",
        status_code=201,
    )
    def post(
        call: CurrentCall,
        id: Id,  # noqa: A002
        body: Annotated[ConfigBody, Body()],
    ) -> Response[ConfigView]:
        return _add(call, owner_of(call, id), body)

    @router.get(
        f"{prefix}/<name>",
        summary=f"Show a config of {words}",
        tags=_TAGS,
        operation_id=f"show_{noun}_config",
    )
    def get_one(call: CurrentCall, id: Id, name: Name) -> ConfigView:  # noqa: A002
        return config_view(find_config(call.plane, call.caller, owner_of(call, id), name))

    @router.put(
        f"{prefix}/<name>",
        summary=f"Change a config of {words}",
        tags=_TAGS,
        operation_id=f"change_{noun}_config",
    )
    def put(
        call: CurrentCall,
        id: Id,  # noqa: A002
        name: Name,
        body: Annotated[ConfigBody, Body()],
    ) -> ConfigView:
        owner = owner_of(call, id)
        return config_view(change_config(call.plane, call.caller, owner, name, body))

    @router.delete(
        f"{prefix}/<name>",
        summary=f"Delete a config of {words}",
        tags=_TAGS,
        operation_id=f"delete_{noun}_config",
        status_code=204,
    )
    def delete(call: CurrentCall, id: Id, name: Name) -> Response[None]:  # noqa: A002
        return _delete(call, owner_of(call, id), name)


_owned(
    "/api/jobs/definitions/<id>/configs",
    "job",
    "a job type, for all its versions",
    lambda _call, reference: job(reference),
)
_owned(
    "/api/orgs/<id>/configs",
    "organization",
    "the organization; `me` is the caller's own",
    lambda call, organization_id: organization(call.caller, organization_id),
)
_OWN = "/api/users/configs"


@router.get(
    _OWN, summary="List the caller's configs by name", tags=_TAGS, operation_id="list_user_configs"
)
def get_own(
    call: CurrentCall, page: PageNumber = FIRST_PAGE, page_size: PageSize = USUAL_SIZE
) -> PageView[ConfigView]:
    """List the caller's configs."""
    return _list(call, user(call.caller), page, page_size)


@router.post(
    _OWN,
    summary="Add or replace a config of the caller",
    tags=_TAGS,
    operation_id="add_user_config",
    status_code=201,
)
def post_own(call: CurrentCall, body: Annotated[ConfigBody, Body()]) -> Response[ConfigView]:
    """Add or replace a config of the caller."""
    return _add(call, user(call.caller), body)


@router.get(
    f"{_OWN}/<name>",
    summary="Show a config of the caller",
    tags=_TAGS,
    operation_id="show_user_config",
)
def get_own_one(call: CurrentCall, name: Name) -> ConfigView:
    """Show a config of the caller."""
    return config_view(find_config(call.plane, call.caller, user(call.caller), name))


@router.put(
    f"{_OWN}/<name>",
    summary="Change a config of the caller",
    tags=_TAGS,
    operation_id="change_user_config",
)
def put_own(call: CurrentCall, name: Name, body: Annotated[ConfigBody, Body()]) -> ConfigView:
    """Change a config of the caller."""
    return config_view(change_config(call.plane, call.caller, user(call.caller), name, body))


@router.delete(
    f"{_OWN}/<name>",
    summary="Delete a config of the caller",
    tags=_TAGS,
    operation_id="delete_user_config",
    status_code=204,
)
def delete_own(call: CurrentCall, name: Name) -> Response[None]:
    """Delete a config of the caller."""
    return _delete(call, user(call.caller), name)
