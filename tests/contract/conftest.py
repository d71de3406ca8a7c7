"""One suite a port, over every backend: a fake that answers otherwise than AWS fails here."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

from tests.contract.backends import (
    REGION,
    AwsServices,
    MemoryServices,
    Services,
    Tables,
    aws_clients,
    aws_tables,
    make_ant_role,
    make_table,
    memory_tables,
)
from tests.contract.emulators import dynamodb_local, ministack

if TYPE_CHECKING:
    from collections.abc import Iterator

    from formicary.adapters.aws.clients import AwsClients

EMULATOR = pytest.param("emulator", marks=pytest.mark.emulator)
DYNAMODB_LOCAL = pytest.param("dynamodb_local", marks=pytest.mark.emulator)
_tenants = itertools.count(1)


@pytest.fixture
def tenant() -> str:
    """A tenant of its own for each test: the backends are shared."""
    return f"tenant{next(_tenants)}"


@pytest.fixture(params=["memory", "moto", EMULATOR, DYNAMODB_LOCAL])
def tables(request: pytest.FixtureRequest) -> Tables:
    return request.getfixturevalue(f"{request.param}_tables")


@pytest.fixture(params=["moto", EMULATOR, DYNAMODB_LOCAL])
def dynamodb_tables(request: pytest.FixtureRequest) -> Tables:
    return request.getfixturevalue(f"{request.param}_tables")


@pytest.fixture(params=["memory", "moto", EMULATOR])
def services(request: pytest.FixtureRequest) -> Services:
    return request.getfixturevalue(f"{request.param}_services")


@pytest.fixture
def runs(tables: Tables) -> Any:
    return tables.runs


@pytest.fixture
def definitions(tables: Tables) -> Any:
    return tables.definitions


@pytest.fixture
def configs(tables: Tables) -> Any:
    return tables.configs


@pytest.fixture
def error_rules(tables: Tables) -> Any:
    return tables.error_rules


@pytest.fixture
def ants(tables: Tables) -> Any:
    return tables.ants


@pytest.fixture(name="memory_tables", scope="package")
def _memory_tables() -> Tables:
    return memory_tables()


@pytest.fixture(scope="package")
def memory_services() -> MemoryServices:
    return MemoryServices()


@pytest.fixture(scope="package")
def moto_clients() -> Iterator[AwsClients]:
    with mock_aws(config={"core": {"mock_credentials": False}}):
        yield aws_clients(None)


@pytest.fixture(scope="package")
def moto_tables(moto_clients: AwsClients) -> Tables:
    make_table(moto_clients.dynamodb)
    return aws_tables("moto", moto_clients)


@pytest.fixture(scope="package")
def moto_services(moto_clients: AwsClients) -> AwsServices:
    return AwsServices("moto", moto_clients, "arn:aws:iam::123456789012:role/ant")


@pytest.fixture(scope="package")
def emulator_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with ministack(tmp_path_factory.mktemp("emulator")) as url:
        yield url


@pytest.fixture(scope="package")
def emulator_clients(emulator_url: str) -> AwsClients:
    return aws_clients(emulator_url)


@pytest.fixture(scope="package")
def emulator_tables(emulator_clients: AwsClients) -> Tables:
    make_table(emulator_clients.dynamodb)
    return aws_tables("emulator", emulator_clients)


@pytest.fixture(scope="package")
def emulator_services(emulator_clients: AwsClients, emulator_url: str) -> AwsServices:
    iam = boto3.client(
        "iam",
        endpoint_url=emulator_url,
        region_name=REGION,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    return AwsServices("emulator", emulator_clients, make_ant_role(iam))


@pytest.fixture(scope="package")
def dynamodb_local_tables(
    tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config
) -> Iterator[Tables]:
    cache = pytestconfig.cache.mkdir("dynamodb-local")
    with dynamodb_local(tmp_path_factory.mktemp("dynamodb-local"), cache) as url:
        clients = aws_clients(url)
        make_table(clients.dynamodb)
        yield aws_tables("dynamodb_local", clients)
