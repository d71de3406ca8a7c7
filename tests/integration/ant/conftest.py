"""An emulator for the session, a fresh world for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.ant.embedded_aws import EmbeddedAws
from tests.integration.ant.world import World


@pytest.fixture(scope="session")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedAws]:
    emulator = EmbeddedAws(tmp_path_factory.mktemp("aws"))
    emulator.start()
    yield emulator
    emulator.stop()


@pytest.fixture
def world(aws: EmbeddedAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws.url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "not-for-tasks")
    world = World(aws, tmp_path)
    yield world
    world.close()
