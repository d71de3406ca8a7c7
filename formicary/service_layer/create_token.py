"""Making a bearer token. It is told once; only its hash is kept."""

from formicary.domain.records import Principal
from formicary.ports import IdGenerator, TokenRepository
from formicary.routes import Role
from formicary.service_layer.authorize_request import token_hash

# A fixed beginning lets scanners find tokens that were committed by mistake.
TOKEN_PREFIX = "fmc_"  # noqa: S105 - not a secret, the mark of one


def create_token(
    tokens: TokenRepository, ids: IdGenerator, *, tenant: str, user_id: str, role: Role
) -> str:
    """Return a new token for a user of a tenant."""
    token = TOKEN_PREFIX + ids.key()
    store_token(tokens, token, tenant=tenant, user_id=user_id, role=role)
    return token


def create_ant_token(
    tokens: TokenRepository,
    ids: IdGenerator,
    owner: Principal,
) -> str:
    """Return a new token for ants, with the methods and tags that its owner stands for."""
    token = TOKEN_PREFIX + ids.key()
    tokens.put(token_hash(token), owner)
    return token


def store_token(
    tokens: TokenRepository, token: str, *, tenant: str, user_id: str, role: Role
) -> None:
    """Make a token good that exists already; storing it again changes nothing."""
    tokens.put(token_hash(token), Principal(tenant=tenant, user_id=user_id, role=role))
