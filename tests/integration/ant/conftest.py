"""An emulator for the session, a fresh world for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ant_agent import log_streamer
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


@pytest.fixture(autouse=True)
def short_logs_come_with_the_report(monkeypatch: pytest.MonkeyPatch) -> None:
    """However slow this machine is just now; a task of more than two seconds ships its log."""
    monkeypatch.setattr(log_streamer, "_FLUSH_SECONDS", 60.0)
