"""Shared by all tests: nothing of the machine's AWS account can leak into one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from collections.abc import Iterator


_HERE = Path(__file__).parent
# A busy machine is slow, and a property does not hold the less for it.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark what may run beside others: unit tests, and contracts that need no emulator."""
    folder = item.path.relative_to(_HERE).parts[0]
    needs_emulator = item.get_closest_marker("emulator") is not None
    if folder == "unit" or (folder == "contract" and not needs_emulator):
        item.add_marker(pytest.mark.fast)


@pytest.fixture(autouse=True, scope="session")
def _no_account() -> Iterator[None]:
    """Made-up credentials and a region, so that a forgotten fake reaches no real account."""
    with pytest.MonkeyPatch.context() as environment:
        environment.delenv("AWS_PROFILE", raising=False)
        environment.delenv("AWS_ENDPOINT_URL", raising=False)
        environment.setenv("AWS_ACCESS_KEY_ID", "testing")
        environment.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        environment.setenv("AWS_DEFAULT_REGION", "us-east-1")
        yield
