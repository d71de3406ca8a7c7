"""Contract of ConfigRepository."""

from dataclasses import replace

import pytest

from formicary.domain.config import Config, ConfigOwner, ConfigScope
from tests.contract.examples import NOW

JOB = ConfigOwner(ConfigScope.JOB, "a#b/ü")
USER = ConfigOwner(ConfigScope.USER, "ann")
ORGANIZATION = ConfigOwner(ConfigScope.ORGANIZATION)


def a_config(owner=JOB, name="Registry", value="x"):
    return Config(owner, name, value, NOW, NOW, "ann")


@pytest.mark.parametrize(
    "value", ["", "ü \n 🐜", 7, -1.5, True, None, ["a", {"b": [1]}], {"a": "x" * 3000}]
)
def test_a_config_comes_back_as_it_was_stored(configs, tenant, value):
    configs.put(tenant, a_config(value=value))

    assert configs.find(tenant, JOB, "Registry") == a_config(value=value)


def test_a_config_of_the_same_name_is_replaced(configs, tenant):
    configs.put(tenant, a_config(value="old"))
    configs.put(tenant, replace(a_config(), value="new"))

    assert [c.value for c in configs.list(tenant, JOB)] == ["new"]


def test_a_secret_keeps_its_seal_and_may_become_plain(configs, tenant):
    secret = replace(a_config(value=None), sealed="1.1.AAAA")
    configs.put(tenant, secret)
    assert configs.find(tenant, JOB, "Registry") == secret
    assert configs.find(tenant, JOB, "Registry").secret

    configs.put(tenant, a_config())
    assert not configs.find(tenant, JOB, "Registry").secret


def test_configs_are_listed_by_name(configs, tenant):
    for name in ("b", "C", "a"):
        configs.put(tenant, a_config(name=name))

    assert [c.name for c in configs.list(tenant, JOB)] == ["C", "a", "b"]


def test_each_owner_and_each_tenant_has_its_own(configs, tenant):
    for owner in (JOB, USER, ORGANIZATION):
        configs.put(tenant, a_config(owner, value=str(owner.scope)))

    assert [configs.find(tenant, o, "Registry").value for o in (JOB, USER)] == ["job", "user"]
    assert [c.value for c in configs.list(tenant, ORGANIZATION)] == ["org"]
    assert configs.find(f"{tenant}x", JOB, "Registry") is None
    assert list(configs.list(tenant, replace(JOB, name="other"))) == []


def test_a_deleted_config_is_gone_and_may_be_deleted_again(configs, tenant):
    configs.put(tenant, a_config())

    configs.delete(tenant, JOB, "Registry")
    configs.delete(tenant, JOB, "Registry")

    assert configs.find(tenant, JOB, "Registry") is None
    assert list(configs.list(tenant, JOB)) == []
