import pytest

from formicary.adapters.memory.fake_clock import SequentialIds
from formicary.adapters.memory.in_memory_token_repository import InMemoryTokenRepository
from formicary.domain.records import Principal
from formicary.routes import Role
from formicary.service_layer.caller import principal_of
from formicary.service_layer.create_token import create_ant_token, create_token, store_token
from lambdas.authorize_request.handler import authorize
from tests.unit.lambdas.api_play import canned

NOBODY = {"isAuthorized": True, "context": {"tenant": "", "user": "", "role": ""}}


@pytest.fixture
def tokens() -> InMemoryTokenRepository:
    return InMemoryTokenRepository()


def event(authorization: str | None) -> dict:
    return canned("authorizer_request") | {
        "identitySource": None if authorization is None else [authorization]
    }


def test_a_token_tells_tenant_user_and_role(tokens: InMemoryTokenRepository) -> None:
    token = create_token(tokens, SequentialIds("a"), tenant="acme", user_id="ann", role=Role.ADMIN)

    for scheme in ("Bearer", "bearer"):
        assert authorize(tokens, event(f"{scheme} {token}")) == {
            "isAuthorized": True,
            "context": {"tenant": "acme", "user": "ann", "role": "admin"},
        }


@pytest.mark.parametrize(
    "authorization",
    [None, "", "Bearer", "Bearer ", "Basic YTpi", "Bearer fmc_aaaaaaaaaaaaaaaaaaaa", "Bearer a b"],
)
def test_anything_else_is_nobody(
    tokens: InMemoryTokenRepository, authorization: str | None
) -> None:
    assert authorize(tokens, event(authorization)) == NOBODY


def test_only_the_hash_of_a_token_is_kept(tokens: InMemoryTokenRepository) -> None:
    token = create_token(tokens, SequentialIds(), tenant="acme", user_id="a", role=Role.ANT)

    assert token.startswith("fmc_")
    assert token not in str(vars(tokens))


def test_a_token_that_exists_can_be_made_good_again(tokens: InMemoryTokenRepository) -> None:
    for _ in range(2):
        store_token(tokens, "fmc_kept_at_home", tenant="acme", user_id="ann", role=Role.ADMIN)

    assert authorize(tokens, event("Bearer fmc_kept_at_home"))["context"]["user"] == "ann"


def test_a_token_of_ants_tells_what_it_grants(tokens: InMemoryTokenRepository) -> None:
    granted = frozenset({"SHELL", "DOCKER"})
    owner = Principal("acme", "ants", Role.ANT, methods=granted, tags=frozenset())

    token = create_ant_token(tokens, SequentialIds(), owner)

    context = authorize(tokens, event(f"Bearer {token}"))["context"]
    assert (context["role"], context["methods"], context["tags"]) == ("ant", "DOCKER,SHELL", "")
    assert principal_of({"requestContext": {"authorizer": {"lambda": context}}}) == owner
