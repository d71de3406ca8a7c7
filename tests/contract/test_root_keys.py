"""Contract of RootKeys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from formicary.adapters.aws.ssm_root_keys import SsmRootKeys
from formicary.adapters.memory.in_memory_root_keys import InMemoryRootKeys
from formicary.domain.errors import NotFoundError
from tests.contract.conftest import EMULATOR

if TYPE_CHECKING:
    from formicary.adapters.aws.clients import AwsClients


@pytest.fixture(params=["moto", EMULATOR])
def clients(request: pytest.FixtureRequest) -> AwsClients:
    return request.getfixturevalue(f"{request.param}_clients")


@pytest.fixture
def parameter(tenant: str) -> str:
    return f"/formicary/{tenant}/root-key-of-secrets"


def test_a_root_key_in_memory_stays_the_same() -> None:
    keys = InMemoryRootKeys()

    key_id, key = keys.current()

    assert (keys.current(), keys.find(key_id), len(key)) == ((key_id, key), key, 32)


def test_the_first_root_key_is_made_when_it_is_needed(clients: AwsClients, parameter: str) -> None:
    key_id, key = SsmRootKeys(clients.ssm, parameter).current()

    assert len(key) == 32
    assert SsmRootKeys(clients.ssm, parameter).current() == (key_id, key)
    assert SsmRootKeys(clients.ssm, parameter).find(key_id) == key


def test_it_is_an_encrypted_parameter(clients: AwsClients, parameter: str) -> None:
    SsmRootKeys(clients.ssm, parameter).current()

    stored: Any = clients.ssm.get_parameter(Name=parameter, WithDecryption=True)["Parameter"]
    assert stored["Type"] == "SecureString"


def test_who_comes_second_takes_the_key_of_the_first(clients: AwsClients, parameter: str) -> None:
    first = SsmRootKeys(clients.ssm, parameter).current()
    second = SsmRootKeys(clients.ssm, parameter)

    second._make()

    assert second.current() == first


def test_a_new_version_is_taken_and_old_ones_still_open(
    clients: AwsClients, parameter: str
) -> None:
    keys = SsmRootKeys(clients.ssm, parameter)
    old_id, old = keys.current()
    clients.ssm.put_parameter(Name=parameter, Value="AAAA", Type="SecureString", Overwrite=True)

    assert keys.current() == ("2", b"\0\0\0")
    assert keys.find(old_id) == old


def test_a_key_that_is_gone_is_not_found(clients: AwsClients, parameter: str) -> None:
    with pytest.raises(NotFoundError):
        SsmRootKeys(clients.ssm, parameter).find("7")
