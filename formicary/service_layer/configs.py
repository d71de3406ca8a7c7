"""Configs of an organization, a user or a job type: set, shown, deleted."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field, model_validator

from formicary.domain.config import (
    Config,
    ConfigKind,
    ConfigOwner,
    ConfigScope,
    check_name,
    value_as,
)
from formicary.domain.errors import ConflictError, InvalidRequestError, NotFoundError
from formicary.domain.records import Page, Principal
from formicary.service_layer.control_plane import ControlPlane
from formicary.service_layer.find_definition import split_reference
from formicary.service_layer.paging import PageRequest
from formicary.service_layer.strict_body import StrictBody
from formicary.service_layer.suggest import did_you_mean
from formicary.service_layer.task_variables import BUILT_IN_NAMES

MAX_CONFIGS = 200
HIDDEN = "****"
# A shorter one stands in too much text: no log could be rid of it.
MIN_SECRET = 4
OWN_ORGANIZATION = "me"


class ConfigBody(StrictBody):
    """A config as a user writes it; names of fields may begin with a capital."""

    name: str = Field(default="", examples=["Registry"], description="Not needed for PUT")
    value: Any = Field(examples=["registry.example.com"])
    kind: ConfigKind | None = Field(default=None, description="What a value that is text means")
    secret: bool | None = Field(
        default=None, description="Never shown again. A secret stays one unless told false"
    )

    @model_validator(mode="before")
    @classmethod
    def _small_letters(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        return {str(key)[:1].lower() + str(key)[1:]: value for key, value in data.items()}


class ConfigView(BaseModel):
    """A config as the API shows it; its id is its name. The value of a secret is `****`."""

    id: str
    name: str
    kind: ConfigKind
    value: Any
    secret: bool = False
    user_id: str = ""
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class SavedConfig:
    """A config; `created` is false when it had a value before."""

    config: Config
    created: bool


def organization(caller: Principal, organization_id: str) -> ConfigOwner:
    """Return the owner that an organization's id names: the caller's own, or none."""
    if organization_id not in {caller.tenant, OWN_ORGANIZATION}:
        raise NotFoundError(f"There is no organization {organization_id!r}.")
    return ConfigOwner(ConfigScope.ORGANIZATION)


def job(reference: str) -> ConfigOwner:
    """Return the owner that a job type, or the id of one of its versions, names."""
    return ConfigOwner(ConfigScope.JOB, split_reference(reference)[0])


def user(caller: Principal) -> ConfigOwner:
    """Return the caller as an owner."""
    return ConfigOwner(ConfigScope.USER, caller.user_id)


def add_config(
    plane: ControlPlane, caller: Principal, owner: ConfigOwner, body: ConfigBody
) -> SavedConfig:
    """Store a config under the name in the body; one of that name is replaced."""
    name = check_name(body.name)
    if name in BUILT_IN_NAMES:
        raise InvalidRequestError(f"{name} is a built-in variable; choose another name.")
    before = plane.configs.find(caller.tenant, owner, name)
    if before is None and len(plane.configs.list(caller.tenant, owner)) >= MAX_CONFIGS:
        raise ConflictError(f"There are {MAX_CONFIGS} configs already; delete one first.")
    config = _config(plane, caller, owner, body, before)
    plane.configs.put(caller.tenant, config)
    return SavedConfig(config, created=before is None)


def _config(
    plane: ControlPlane,
    caller: Principal,
    owner: ConfigOwner,
    body: ConfigBody,
    before: Config | None,
) -> Config:
    """Return what is to be stored; a secret that is given as it is shown keeps its value."""
    now = plane.clock.now()
    was_secret = before is not None and before.secret
    made = before.created_at if before else now
    config = Config(owner, body.name, None, made, now, caller.user_id)
    if not (was_secret if body.secret is None else body.secret):
        if was_secret and body.value == HIDDEN:
            raise InvalidRequestError("A secret stays one unless it is given another value.")
        return replace(config, value=value_as(body.value, body.kind))
    if before is not None and was_secret and body.value == HIDDEN:
        return replace(config, sealed=before.sealed)
    secret = str(value_as(body.value, ConfigKind.STRING))
    if len(secret) < MIN_SECRET:
        raise InvalidRequestError(
            f"A secret has at least {MIN_SECRET} characters: a shorter one cannot be kept out of"
            " logs."
        )
    if not secret.isascii() and secret.encode(errors="replace").decode() != secret:
        raise InvalidRequestError("A secret is text that UTF-8 can write.")
    return replace(config, sealed=plane.secrets.seal(caller.tenant, owner, body.name, secret))


def change_config(
    plane: ControlPlane, caller: Principal, owner: ConfigOwner, name: str, body: ConfigBody
) -> Config:
    """Give a config another value."""
    if body.name not in {"", name}:
        raise InvalidRequestError("A config cannot change its name; add another and delete this.")
    find_config(plane, caller, owner, name)
    return add_config(plane, caller, owner, body.model_copy(update={"name": name})).config


def find_config(plane: ControlPlane, caller: Principal, owner: ConfigOwner, name: str) -> Config:
    """Return a config."""
    found = plane.configs.find(caller.tenant, owner, name)
    if found is None:
        known = [config.name for config in plane.configs.list(caller.tenant, owner)]
        raise NotFoundError(f"There is no config {name!r}.{did_you_mean(name, known)}")
    return found


def list_configs(
    plane: ControlPlane, caller: Principal, owner: ConfigOwner, request: PageRequest
) -> Page[Config]:
    """Return a page of the configs of an owner by name."""
    found = plane.configs.list(caller.tenant, owner)
    shown = found[request.offset : request.offset + request.page_size]
    return Page(tuple(shown), len(found))


def delete_config(plane: ControlPlane, caller: Principal, owner: ConfigOwner, name: str) -> None:
    """Forget a config."""
    find_config(plane, caller, owner, name)
    plane.configs.delete(caller.tenant, owner, name)


def config_view(config: Config) -> ConfigView:
    """Show a config."""
    return ConfigView(
        id=config.name,
        name=config.name,
        kind=config.kind,
        value=HIDDEN if config.secret else config.value,
        secret=config.secret,
        user_id=config.user_id,
        created_at=config.created_at,
        updated_at=config.updated_at,
    )
