"""The tokens of the local system: made once, kept in the home, known to the control plane."""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from formicary.entrypoints.local.deployment import Deployed
    from formicary.entrypoints.local.embedded_aws import EmbeddedAws

_TENANT = "default"


@dataclass(frozen=True, kw_only=True)
class Tokens:
    """Bearer tokens of the user and of the local ant."""

    admin: str
    ant: str


def ensure_tokens(aws: EmbeddedAws, deployed: Deployed) -> Tokens:
    """Return the tokens; make them, and tell the control plane again if its state went back."""
    tokens = _read_or_make(aws.home.tokens_file)
    table = aws.client("dynamodb")
    for role, token in asdict(tokens).items():
        item = {
            "pk": f"TOKEN#{hashlib.sha256(token.encode()).hexdigest()}",
            "sk": "TOKEN",
            "tenant": _TENANT,
            "user": role if role == "admin" else "local-ant",
            "role": role,
        }
        table.put_item(
            TableName=deployed.table_name, Item={name: {"S": value} for name, value in item.items()}
        )
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
    return f"fmc_{secrets.token_urlsafe(32)}"
