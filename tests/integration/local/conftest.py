"""An embedded AWS for one test, on a port and in a folder of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from formicary.entrypoints.local.embedded_aws import EmbeddedAws
from formicary.entrypoints.local.home import Home
from tests.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def make_aws(tmp_path) -> Iterator[Callable[..., EmbeddedAws]]:
    """Make embedded AWS's of different homes; all are stopped at the end."""
    made = []

    def make(name: str = "home", *, port: int | None = None, snapshot_seconds: float = 600.0):
        home = Home(tmp_path / name)
        home.prepare()
        aws = EmbeddedAws(home=home, port=port or free_port(), snapshot_seconds=snapshot_seconds)
        made.append(aws)
        return aws

    yield make
    for aws in made:
        aws.stop()


@pytest.fixture
def aws(make_aws) -> EmbeddedAws:
    """One that runs, and takes no snapshot unless told to."""
    aws = make_aws()
    aws.start()
    return aws
