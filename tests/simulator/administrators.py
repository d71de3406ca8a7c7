"""Who sets limits, job resources and error codes of a simulated tenant, and changes them later."""

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from formicary.adapters.memory.fake_clock import EPOCH
from formicary.domain.records import Principal
from formicary.routes import Role
from formicary.service_layer.change_limits import LimitsBody, change_limits
from formicary.service_layer.control_plane import ControlPlane
from formicary.service_layer.error_rules import (
    ErrorRuleBody,
    add_error_rule,
    change_error_rule,
    delete_error_rule,
)
from formicary.service_layer.job_resources import ResourceBody, add_resource, change_resource
from tests.simulator.ants import TENANT
from tests.simulator.error_table import ErrorTable, Row, RowChange
from tests.simulator.extras import Change, Limits, Resource
from tests.simulator.people import User

if TYPE_CHECKING:
    from tests.simulator.world import World

_ADMIN = Principal(tenant=TENANT, user_id="admin")
_OPERATOR = Principal(tenant=TENANT, user_id="operator", role=Role.OPERATOR)


def furnish(plane: ControlPlane, limits: Limits) -> list[str]:
    """Set what a world begins with; return the ids of its job resources."""
    if limits.tenant or limits.user:
        body = LimitsBody(max_concurrency=limits.tenant, user_max_concurrency=limits.user)
        change_limits(plane, _ADMIN, body)
    bodies = [_body(resource, resource.quota) for resource in limits.resources]
    return [add_resource(plane, _ADMIN, body).id for body in bodies]


def add_rows(plane: ControlPlane, table: ErrorTable) -> list[str]:
    """Store the rows that a world begins with; return their ids."""
    return [
        add_error_rule(plane, _OPERATOR, _row_body(row), everybody=row.everybody).id
        for row in table.rows
    ]


def administrators(world: "World") -> list[User]:
    """Return who changes limits and error codes while jobs go on."""
    return [
        *_changers_of_limits(world),
        *(
            User(
                world,
                f"error code {change.number} becomes {change.row}",
                partial(_change_row, change, world.rows[change.number]),
                EPOCH + timedelta(seconds=change.at),
            )
            for change in world.scenario.extras.errors.changes
        ),
    ]


def _change_row(change: RowChange, rule_id: str, plane: ControlPlane) -> None:
    if change.row is None:
        delete_error_rule(plane, _OPERATOR, rule_id)
    else:
        change_error_rule(plane, _OPERATOR, rule_id, _row_body(change.row))


def _row_body(row: Row) -> ErrorRuleBody:
    return ErrorRuleBody(
        error_code="ERR_DRAWN",
        regex=row.pattern,
        exit_code=row.exit_code,
        job_type=row.job_type,
        task_type_scope=row.task,
        action=row.action or None,
        retry=row.retry,
    )


def _changers_of_limits(world: "World") -> list[User]:
    return [
        User(
            world,
            f"limits {change.tenant} {change.user} {change.quotas}",
            partial(_make, change, world.scenario.extras.limits, world.resources),
            EPOCH + timedelta(seconds=change.at),
        )
        for change in world.scenario.extras.limits.changes
    ]


def _make(change: Change, limits: Limits, ids: list[str], plane: ControlPlane) -> None:
    body = LimitsBody(max_concurrency=change.tenant, user_max_concurrency=change.user)
    change_limits(plane, _ADMIN, body)
    for resource, quota, resource_id in zip(limits.resources, change.quotas, ids, strict=True):
        change_resource(plane, _ADMIN, resource_id, _body(resource, quota))


def _body(resource: Resource, quota: int) -> ResourceBody:
    return ResourceBody(
        resource_type=resource.resource_type, quota=quota, lease_timeout=resource.lease_timeout
    )
