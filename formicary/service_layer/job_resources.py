"""Job resources: kept, changed and removed; their quota is the limit of a gate."""

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, Field

from formicary.domain.durations import parse_duration
from formicary.domain.errors import ConflictError, NotFoundError
from formicary.domain.gates import resource_gate
from formicary.domain.job_resource import JobResource
from formicary.domain.records import Page, Principal
from formicary.service_layer.admission import Admission
from formicary.service_layer.control_plane import ControlPlane
from formicary.service_layer.paging import PageRequest
from formicary.service_layer.strict_body import StrictBody

MAX_VARIABLES = 100
Word = Annotated[str, Field(max_length=200)]
_FIELDS = ("resource_type", "platform", "category")


def _seconds(value: object) -> object:
    return parse_duration(value) if isinstance(value, str) else value


class ResourceBody(StrictBody):
    """A job resource as a user writes it."""

    resource_type: str = Field(min_length=1, max_length=200, examples=["licence"])
    description: str = Field(default="", max_length=1000)
    platform: Word = ""
    category: Word = ""
    external_id: Word = ""
    tags: list[Word] = Field(default_factory=list, max_length=50)
    quota: int = Field(default=1, ge=1, le=1_000_000, description="How much of it there is")
    lease_timeout: Annotated[float, BeforeValidator(_seconds)] = Field(
        default=0,
        ge=0,
        description="Seconds, or as in `10m`, after which a lease is taken back; 0 for never",
    )
    variables: dict[Word, Annotated[str, Field(max_length=1000)]] = Field(
        default_factory=dict, max_length=MAX_VARIABLES, description="What it tells those that lease"
    )


class ConfigBody(StrictBody):
    """A variable of a job resource."""

    name: str = Field(min_length=1, max_length=200)
    value: str = Field(max_length=1000)


class ResourceView(BaseModel):
    """A job resource and how much of it is free."""

    id: str
    resource_type: str
    description: str
    platform: str
    category: str
    external_id: str
    tags: list[str]
    quota: int
    free: int
    lease_timeout: float
    disabled: bool
    variables: dict[str, str]
    leased_by: list[str] = Field(description="The first runs that have leases")


def add_resource(plane: ControlPlane, caller: Principal, body: ResourceBody) -> ResourceView:
    """Store a new resource."""
    now = plane.clock.now()
    resource = JobResource(
        id=plane.ids.ulid(),
        user_id=caller.user_id,
        created_at=now,
        updated_at=now,
        **_fields_of(body),
    )
    return _put(plane, caller, resource)


def change_resource(
    plane: ControlPlane, caller: Principal, resource_id: str, body: ResourceBody
) -> ResourceView:
    """Change a resource; a new quota counts at once."""
    resource = _find(plane, caller, resource_id)
    return _put(plane, caller, _changed(plane, resource, **_fields_of(body)))


def set_resource_disabled(
    plane: ControlPlane, caller: Principal, resource_id: str, *, disabled: bool
) -> ResourceView:
    """Let nobody lease a resource, or let them again; leases that there are stay."""
    resource = _find(plane, caller, resource_id)
    return _put(plane, caller, _changed(plane, resource, disabled=disabled))


def set_config(
    plane: ControlPlane, caller: Principal, resource_id: str, body: ConfigBody
) -> ResourceView:
    """Set a variable of a resource."""
    resource = _find(plane, caller, resource_id)
    variables = {**resource.variables, body.name: body.value}
    if len(variables) > MAX_VARIABLES:
        raise ConflictError(f"A job resource has at most {MAX_VARIABLES} variables.")
    return _put(plane, caller, _changed(plane, resource, variables=variables))


def remove_config(
    plane: ControlPlane, caller: Principal, resource_id: str, name: str
) -> ResourceView:
    """Remove a variable of a resource."""
    resource = _find(plane, caller, resource_id)
    if name not in resource.variables:
        raise NotFoundError(f"The job resource has no variable {name!r}.")
    rest = {key: value for key, value in resource.variables.items() if key != name}
    return _put(plane, caller, _changed(plane, resource, variables=rest))


def show_resource(plane: ControlPlane, caller: Principal, resource_id: str) -> ResourceView:
    """Return a resource."""
    return _view(plane, caller.tenant, _find(plane, caller, resource_id))


def list_resources(
    plane: ControlPlane, caller: Principal, request: PageRequest, **filters: str | None
) -> Page[ResourceView]:
    """Return a page of the resources by id, those whose fields equal the filters."""
    wanted = [(name, filters[name]) for name in _FIELDS if filters.get(name)]
    found = [
        resource
        for resource in plane.gates.list_resources(caller.tenant)
        if all(getattr(resource, name) == value for name, value in wanted)
    ]
    shown = found[request.offset : request.offset + request.page_size]
    return Page(tuple(_view(plane, caller.tenant, one) for one in shown), len(found))


def delete_resource(plane: ControlPlane, caller: Principal, resource_id: str) -> None:
    """Remove a resource that nobody has leased or waits for."""
    resource = _find(plane, caller, resource_id)
    gate = resource_gate(resource.id)
    there = (
        *plane.gates.holders(caller.tenant, gate, 1),
        *plane.gates.line(caller.tenant, gate, 1),
    )
    if there:
        raise ConflictError(
            f"Run {there[0].request_id} has leased the job resource or waits for it;"
            " disable it, and delete it when they have ended."
        )
    plane.gates.delete_resource(caller.tenant, resource.id)


def _find(plane: ControlPlane, caller: Principal, resource_id: str) -> JobResource:
    resource = plane.gates.find_resource(caller.tenant, resource_id)
    if resource is None:
        raise NotFoundError(f"There is no job resource {resource_id!r}.")
    return resource


def _fields_of(body: ResourceBody) -> dict[str, object]:
    fields = body.model_dump(exclude={"lease_timeout"})
    return {**fields, "lease_timeout_seconds": body.lease_timeout}


def _changed(plane: ControlPlane, resource: JobResource, **changes: object) -> JobResource:
    return resource.model_copy(update={**changes, "updated_at": plane.clock.now()})


def _put(plane: ControlPlane, caller: Principal, resource: JobResource) -> ResourceView:
    plane.gates.put_resource(caller.tenant, resource)
    limit = 0 if resource.disabled else resource.quota
    by = f"limit:{plane.ids.ulid()}"
    admission = Admission(plane.gates, plane.events)
    admission.set_limit(caller.tenant, resource_gate(resource.id), limit, by)
    return _view(plane, caller.tenant, resource)


def _view(plane: ControlPlane, tenant: str, resource: JobResource) -> ResourceView:
    name = resource_gate(resource.id)
    gate = plane.gates.find(tenant, name)
    return ResourceView(
        **resource.model_dump(include=set(ResourceView.model_fields) - {"tags"}),
        tags=list(resource.tags),
        free=max(0, gate.free) if gate else resource.quota,
        lease_timeout=resource.lease_timeout_seconds,
        leased_by=[who.request_id for who in plane.gates.holders(tenant, name, 10)],
    )
