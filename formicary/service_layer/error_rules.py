"""The table of error codes: rows are added, shown, changed and deleted by the tenant.

Rows of everybody are shown with those of the tenant; only an operator changes them.
"""

from datetime import datetime

from pydantic import BaseModel, Field, field_validator

from formicary.domain.error_rules import EVERYBODY, ErrorAction, ErrorRule, regex_fault
from formicary.domain.errors import (
    ConflictError,
    InvalidRequestError,
    NotAuthorizedError,
    NotFoundError,
)
from formicary.domain.records import Page, Principal
from formicary.routes import Role
from formicary.service_layer.control_plane import ControlPlane
from formicary.service_layer.paging import PageRequest
from formicary.service_layer.strict_body import StrictBody

MAX_RULES = 500
_SCOPES = ("job_type", "task_type_scope", "platform_scope", "command_scope", "exit_code")


class ErrorRuleBody(StrictBody):
    """A row as a user writes it: what it fits, the code that it gives, and what shall be done."""

    regex: str = Field("", description="Found in the error message or the output")
    exit_code: str = Field("", max_length=20, description="Exit code; empty or * for any")
    error_code: str = Field(max_length=100, pattern=r"^ERR_[A-Z0-9_]+$", examples=["ERR_DISK_FULL"])
    job_type: str = Field("", max_length=100, description="Job type; empty or * for any")
    task_type_scope: str = Field("", max_length=100, description="Task; empty or * for any")
    platform_scope: str = Field("", max_length=100, description="Platform; empty or * for any")
    command_scope: str = Field("", max_length=500, description="Part of the failed command")
    description: str = Field("", max_length=1000)
    display_message: str = Field("", max_length=1000, description="Shown for the error message")
    action: ErrorAction | None = Field(None, description="What is done about such a failure")
    retry: int = Field(0, ge=0, le=100, description="How often RETRY_TASK or RETRY_JOB tries")

    @field_validator("regex")
    @classmethod
    def _sound(cls, value: str) -> str:
        if fault := regex_fault(value):
            raise ValueError(f"regex {fault}")
        return value


class ErrorRuleView(BaseModel):
    """A row as the API shows it; `everybody` tells that it is not the tenant's own."""

    id: str
    regex: str = ""
    exit_code: str = ""
    error_code: str
    job_type: str = ""
    task_type_scope: str = ""
    platform_scope: str = ""
    command_scope: str = ""
    description: str = ""
    display_message: str = ""
    action: ErrorAction | None = None
    retry: int = 0
    everybody: bool = False
    user_id: str = ""
    created_at: datetime
    updated_at: datetime


def error_rule_view(rule: ErrorRule) -> ErrorRuleView:
    """Show a row."""
    copied = {name: getattr(rule, name) for name in ErrorRuleView.model_fields.keys() - _ADDED}
    return ErrorRuleView(**copied, everybody=rule.tenant == EVERYBODY)


_ADDED = {"everybody"}


def list_error_rules(
    plane: ControlPlane, caller: Principal, request: PageRequest
) -> Page[ErrorRule]:
    """List the rows of the tenant, then those of everybody."""
    rules = [*plane.error_rules.list(caller.tenant), *plane.error_rules.list(EVERYBODY)]
    shown = rules[request.offset : request.offset + request.page_size]
    return Page(tuple(shown), len(rules))


def add_error_rule(
    plane: ControlPlane, caller: Principal, body: ErrorRuleBody, *, everybody: bool = False
) -> ErrorRule:
    """Store a new row of the tenant or of everybody; ConflictError when one fits the same."""
    _refuse_empty(body)
    if everybody and caller.role != Role.OPERATOR:
        raise NotAuthorizedError(
            "Only an operator adds error codes of everybody; leave everybody out for one of your "
            "own, or use a token of the role operator."
        )
    tenant = EVERYBODY if everybody else caller.tenant
    rules = plane.error_rules.list(tenant)
    if len(rules) >= MAX_RULES:
        raise ConflictError(f"There are {len(rules)} error codes already; delete one first.")
    for rule in rules:
        if rule.regex == body.regex and all(_same(rule, body, name) for name in _SCOPES):
            raise ConflictError(
                f"Error code {rule.id} fits exactly the same: change that one.", id=rule.id
            )
    now = plane.clock.now()
    added = ErrorRule(
        id=plane.ids.ulid(),
        tenant=tenant,
        user_id=caller.user_id,
        created_at=now,
        updated_at=now,
        **body.model_dump(),
    )
    plane.error_rules.put(added)
    return added


def change_error_rule(
    plane: ControlPlane, caller: Principal, rule_id: str, body: ErrorRuleBody
) -> ErrorRule:
    """Put other contents into a row of the tenant, or of everybody for an operator."""
    _refuse_empty(body)
    before = _own(plane, caller, rule_id)
    changed = ErrorRule(
        id=before.id,
        tenant=before.tenant,
        user_id=caller.user_id,
        created_at=before.created_at,
        updated_at=plane.clock.now(),
        **body.model_dump(),
    )
    plane.error_rules.put(changed)
    return changed


def find_error_rule(plane: ControlPlane, caller: Principal, rule_id: str) -> ErrorRule:
    """Return a row of the tenant or of everybody."""
    rules = plane.error_rules
    rule = rules.find(caller.tenant, rule_id) or rules.find(EVERYBODY, rule_id)
    if rule is None:
        raise NotFoundError(f"There is no error code with id {rule_id!r}.")
    return rule


def delete_error_rule(plane: ControlPlane, caller: Principal, rule_id: str) -> None:
    """Forget a row of the tenant, or of everybody for an operator."""
    rule = _own(plane, caller, rule_id)
    plane.error_rules.delete(rule.tenant, rule.id)


def _own(plane: ControlPlane, caller: Principal, rule_id: str) -> ErrorRule:
    rule = find_error_rule(plane, caller, rule_id)
    if rule.tenant != caller.tenant and caller.role != Role.OPERATOR:
        raise ConflictError("That error code is one of everybody; add one of your own over it.")
    return rule


def _same(rule: ErrorRule, body: ErrorRuleBody, name: str) -> bool:
    return bool(getattr(rule, name) == getattr(body, name))


def _refuse_empty(body: ErrorRuleBody) -> None:
    if not body.regex and body.exit_code in {"", EVERYBODY}:
        raise InvalidRequestError("Give a regex or an exit_code: else it would fit every failure.")
