"""Whose token is it: every request passes here before any other function sees it."""

import hashlib
import re

from formicary.domain.records import Principal
from formicary.ports import TokenRepository

_BEARER = re.compile(r"Bearer +([A-Za-z0-9._~+/=-]{8,512})", re.IGNORECASE)


def find_principal(tokens: TokenRepository, authorization: str) -> Principal | None:
    """Return the owner of the token in an Authorization header, None when it is nobody's."""
    found = _BEARER.fullmatch(authorization.strip())
    return tokens.find(token_hash(found[1])) if found else None


def token_hash(token: str) -> str:
    """Return what is stored in place of a token."""
    return hashlib.sha256(token.encode()).hexdigest()
