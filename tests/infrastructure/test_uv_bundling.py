"""The bundle: the locked packages for the target's machine, our sources, and little else."""

from __future__ import annotations

import subprocess
import sys
from functools import cached_property
from pathlib import Path

import pytest

from formicary.adapters.aws.clients import AwsClients
from stacks.constructs import uv_bundling
from stacks.constructs.uv_bundling import BUNDLE_TARGETS, UvBundling, source_files


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    def make(target):
        output = tmp_path_factory.mktemp(target)
        bundling = UvBundling(
            requirements=uv_bundling._export_requirements(), target=BUNDLE_TARGETS[target]
        )
        assert bundling.try_bundle(str(output)) is True
        return output

    return make


def test_bundle_for_lambda_carries_arm64_wheels_whatever_machine_made_it(bundle, monkeypatch):
    output = bundle("lambda")

    libraries = [path.name for path in output.rglob("*.so")]
    assert libraries
    assert all("aarch64" in name for name in libraries if "linux" in name)
    assert (output / "formicary" / "domain").is_dir()
    assert (output / "lambdas").is_dir()
    doors = {door.name for door in (output / "formicary" / "entrypoints").iterdir()}
    assert not doors & {"cli", "local"}
    assert not (output / "aws_cdk").exists()
    assert not (output / "bin").exists()
    services = {path.name for path in (output / "botocore" / "data").iterdir() if path.is_dir()}
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    clients = AwsClients()
    spoken_to = {
        getattr(clients, name).meta.service_model.service_name
        for name, found in vars(AwsClients).items()
        if isinstance(found, cached_property)
    }
    assert services == {*spoken_to, "apigatewaymanagementapi"}
    assert sum(path.stat().st_size for path in output.rglob("*") if path.is_file()) < 40_000_000


def test_bundle_for_the_host_is_compiled_already(bundle):
    output = bundle("host")

    assert list((output / "formicary").glob("__pycache__/*.pyc"))


def test_every_function_loads_from_its_bundle_alone(bundle):
    names = sorted(path.parent.name for path in Path("lambdas").glob("*/handler.py"))
    program = (
        "import importlib, sys\n"
        f"sys.path.insert(0, {str(bundle('host'))!r})\n"
        f"for name in {names!r}:\n"
        "    importlib.import_module(f'lambdas.{name}.handler').handler\n"
        "    assert 'kubernetes' not in sys.modules\n"
        "import lambdas.handle_api.rest_api, aws_lambda_powertools.event_handler.openapi.models\n"
    )

    # -S: nothing of this environment is visible; -I: nor of the folder or of variables.
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program], capture_output=True, text=True, check=False
    )

    assert len(names) >= 6
    assert done.returncode == 0, done.stderr


def test_what_is_loaded_later_works_from_the_bundle_alone(bundle):
    program = (
        "import sys\n"
        f"sys.path.insert(0, {str(bundle('host'))!r})\n"
        "from formicary.adapters.memory.in_memory_root_keys import InMemoryRootKeys\n"
        "from formicary.bootstrap.pictures import png_painter\n"
        "from formicary.bootstrap.sealer import aes_gcm_sealer\n"
        "from formicary.domain.config import ConfigOwner, ConfigScope\n"
        "from formicary.domain.drawn_graph import DrawnEdge, DrawnGraph, DrawnNode\n"
        "graph = DrawnGraph('g', (DrawnNode('a'), DrawnNode('b')), (DrawnEdge('a', 'b'),))\n"
        "assert png_painter().paint(graph).startswith(b'\\x89PNG')\n"
        "sealer, owner = aes_gcm_sealer(InMemoryRootKeys()), ConfigOwner(ConfigScope.JOB)\n"
        "assert sealer.open('t', owner, 'n', sealer.seal('t', owner, 'n', 's')) == 's'\n"
    )

    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr


def test_sources_leave_out_other_doors_and_caches(tmp_path):
    for name in (
        "formicary/domain/dag.py",
        "formicary/domain/__pycache__/dag.pyc",
        "formicary/entrypoints/cli/app.py",
        "lambdas/run_engine/handler.py",
        "ant_agent/executors/http.py",
        "ant_agent/executors/docker/session.py",
        "stacks/deployment.py",
    ):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()

    assert [path.as_posix() for path in source_files(tmp_path)] == [
        "ant_agent/executors/http.py",
        "formicary/domain/dag.py",
        "lambdas/run_engine/handler.py",
    ]


def test_failing_tool_shows_what_it_said():
    with pytest.raises(RuntimeError, match="uv no-such-command"):
        uv_bundling.run_uv("no-such-command")
