"""Every row of an option table has a test that looks from inside, and no test lacks a row."""

import re

import pytest

from tests.integration.containers import test_docker_options as docker_options
from tests.integration.containers import test_kubernetes_options as kubernetes_options
from tests.unit.docs.rewrite import ROOT

TEXT = (ROOT / "docs" / "executors.md").read_text()
CHECKS = {"DOCKER": docker_options.CHECKS, "KUBERNETES": kubernetes_options.CHECKS}


@pytest.mark.parametrize("method", CHECKS)
def test_the_table_and_the_tests_have_the_same_options(method: str) -> None:
    found = re.search(rf"<!-- options: {method} -->\n(.*?)<!-- end of options -->", TEXT, re.DOTALL)
    assert found is not None
    rows = re.findall(r"^\| `([^|]+)` \|", found[1], re.MULTILINE)

    assert rows == list(dict.fromkeys(rows))
    assert set(rows) == set(CHECKS[method])
