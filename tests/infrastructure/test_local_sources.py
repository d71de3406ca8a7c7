"""The local system deploys again whenever anything changes that is deployed."""

from formicary.entrypoints.local.deployment import DEPLOYED_SOURCES
from stacks.constructs.uv_bundling import ROOT, SOURCE_PACKAGES


def test_all_that_is_deployed_is_looked_at() -> None:
    assert set(SOURCE_PACKAGES) <= set(DEPLOYED_SOURCES)
    # What stacks read beside their own code.
    assert {"stacks", "statemachines", "app.py", "cdk.json"} <= set(DEPLOYED_SOURCES)
    assert all((ROOT / name).exists() for name in DEPLOYED_SOURCES)
