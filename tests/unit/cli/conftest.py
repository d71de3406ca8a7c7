"""The command line, run in-process against a fake control plane."""

from dataclasses import dataclass

import pytest

from formicary.entrypoints.cli.app import run
from tests.unit.cli.fake_control_plane import FakeControlPlane


@dataclass
class Outcome:
    code: int
    out: str
    err: str
    raw: bytes = b""


@pytest.fixture
def plane():
    fake = FakeControlPlane()
    yield fake
    fake.close()


@pytest.fixture
def formicary(plane, capfdbinary, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FORMICARY_URL", plane.url)
    monkeypatch.setenv("FORMICARY_TOKEN", "the-token")
    monkeypatch.delenv("FORMICARY_HOME", raising=False)

    def call(*arguments):
        code = run([str(argument) for argument in arguments])
        captured = capfdbinary.readouterr()
        out, err = (text.decode(errors="replace") for text in (captured.out, captured.err))
        return Outcome(code, out, err, captured.out)

    return call
