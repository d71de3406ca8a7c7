"""The tokens of the local system: made once, kept in the home, known to the control plane."""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from formicary.adapters.aws.dynamodb_token_repository import DynamoDbTokenRepository
from formicary.domain.records import Principal
from formicary.routes import Role
from formicary.service_layer.authorize_request import token_hash
from formicary.service_layer.create_token import TOKEN_PREFIX

if TYPE_CHECKING:
    from pathlib import Path

    from formicary.entrypoints.local.deployment import Deployed
    from formicary.entrypoints.local.embedded_aws import EmbeddedAws

_TENANT = "default"
_USERS = {Role.ADMIN: "admin", Role.ANT: "local-ant"}


@dataclass(frozen=True, kw_only=True)
class Tokens:
    """Bearer tokens of the user and of the local ant."""

    admin: str
    ant: str


def ensure_tokens(aws: EmbeddedAws, deployed: Deployed) -> Tokens:
    """Return the tokens; make them, and tell the control plane again if its state went back."""
    tokens = _read_or_make(aws.home.tokens_file)
    repository = DynamoDbTokenRepository(aws.client("dynamodb"), deployed.table_name)
    for role, token in ((Role.ADMIN, tokens.admin), (Role.ANT, tokens.ant)):
        owner = Principal(tenant=_TENANT, user_id=_USERS[role], role=role)
        repository.put(token_hash(token), owner)
    return tokens


def write_private(path: Path, text: str) -> None:
    """Write a file that only this user reads, whole or not at all."""
    unfinished = path.with_name(f".{path.name}.new")
    unfinished.unlink(missing_ok=True)
    unfinished.touch(mode=0o600)
    unfinished.write_text(text)
    unfinished.replace(path)


def _read_or_make(path: Path) -> Tokens:
    if path.exists():
        return Tokens(**json.loads(path.read_text()))
    tokens = Tokens(admin=_new_token(), ant=_new_token())
    write_private(path, json.dumps(asdict(tokens)))
    return tokens


def _new_token() -> str:
    return f"{TOKEN_PREFIX}{secrets.token_urlsafe(32)}"
