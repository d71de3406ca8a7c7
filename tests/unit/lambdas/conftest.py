import pytest

from tests.unit.lambdas.api_play import ApiPlay


@pytest.fixture
def api() -> ApiPlay:
    return ApiPlay()
