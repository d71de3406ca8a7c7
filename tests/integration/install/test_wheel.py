"""The wheel that users install: an ant starts from it, without the repository around it."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from stacks.constructs.ant_package import WheelBundling

_HAND_OVER = (
    "import ant_agent, formicary.entrypoints.cli as cli; print(ant_agent.__file__); cli.main()"
)


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("package")
    assert WheelBundling().try_bundle(str(folder))
    return folder


@pytest.fixture(scope="module")
def unpacked(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    (wheel,) = package.glob("*.whl")
    folder = tmp_path_factory.mktemp("unpacked")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def formicary(unpacked: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command line of the wheel, with the packages of this environment."""
    environment = {"PATH": os.defpath, "PYTHONPATH": str(unpacked), "HOME": str(unpacked)}
    command = [sys.executable, "-c", _HAND_OVER, *arguments]
    return subprocess.run(
        command, cwd=unpacked, env=environment, capture_output=True, text=True, check=False
    )


def test_a_host_gets_the_wheel_the_pinned_packages_and_the_unit(package: Path) -> None:
    names = {path.name for path in package.iterdir()}
    requirements = (package / "requirements.txt").read_text()

    assert {name for name in names if not name.endswith(".whl")} == {
        "requirements.txt",
        "formicary-ant.service",
        "formicary-ant-notices.service",
        "formicary-ant.sysusers",
    }
    assert "boto3==" in requirements
    assert "--hash=sha256:" in requirements
    assert "aws-cdk-lib" not in requirements


def test_an_ant_of_the_wheel_says_how_it_is_started(unpacked: Path) -> None:
    done = formicary(unpacked, "ant", "start", "--help")

    assert done.returncode == 0, done.stderr
    assert str(unpacked) in done.stdout
    assert "--methods" in done.stdout


def test_an_ant_of_the_wheel_looks_at_its_host(unpacked: Path) -> None:
    arguments = ("--url", "http://127.0.0.1:9", "--token", "fmc_x", "--output", "json")

    done = formicary(unpacked, "ant", "doctor", *arguments)

    assert done.returncode == 1
    assert "does not answer" in done.stdout
    assert "SHELL" in done.stdout
