"""Every run of every engine test is rebuilt from its history when the test ends."""

from collections.abc import Iterator

import pytest

from tests.unit.service_layer.engine_world import WORLDS


@pytest.fixture(autouse=True)
def _histories_lead_to_the_states_that_were_reached() -> Iterator[None]:
    yield
    try:
        for world in WORLDS:
            world.check_histories()
    finally:
        WORLDS.clear()
