"""The doctor: everything an ant needs, checked against the real thing."""

from pathlib import Path
from typing import Any

import pytest

from ant_agent.doctor import Doctor, Finding, Verdict
from ant_agent.settings import Settings
from tests.integration.ant.world import World


@pytest.fixture(autouse=True)
def no_docker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:9")


def examine(world: World, **changes: Any) -> dict[str, Finding]:
    fields: dict[str, Any] = {
        "url": world.control_plane.url,
        "token": "secret-token",
        "id": "ant-1",
        "work_dir": world.work,
        "methods": "SHELL",
    }
    metadata_url = changes.pop("metadata_url", "http://127.0.0.1:9")
    findings = Doctor(Settings(**(fields | changes)), metadata_url=metadata_url).findings()
    return {finding.part: finding for finding in findings}


def test_where_all_is_well_nothing_is_at_fault_and_no_ant_is_registered(world: World) -> None:
    found = examine(world)

    assert {part for part, finding in found.items() if finding.verdict is Verdict.GOOD} == {
        "work folder",
        "disk",
        "control plane",
        "clock",
        "queues",
        "artifact store",
        "instance metadata",
        "SHELL",
    }
    assert Verdict.FAULT not in {finding.verdict for finding in found.values()}
    assert [request["trial"] for request in world.control_plane.registered] == [True]


@pytest.mark.parametrize(
    ("part", "changes", "mend"),
    [
        ("control plane", {"token": "wrong"}, "refuses this ant"),
        ("control plane", {"url": "http://127.0.0.1:9"}, "outbound HTTPS"),
        ("disk", {"min_free_disk_bytes": 2**62}, "make room"),
        ("work folder", {"work_dir": Path("/proc/nowhere")}, "--work-dir"),
        ("CUSTOM_NOTHING", {"methods": "CUSTOM_NOTHING"}, "install"),
    ],
)
def test_what_is_at_fault_is_told_with_the_mend(
    world: World, part: str, changes: dict[str, Any], mend: str
) -> None:
    finding = examine(world, **changes)[part]

    assert finding.verdict is Verdict.FAULT
    assert mend in finding.text


def test_queues_and_buckets_that_are_not_there_are_at_fault(world: World) -> None:
    world.control_plane.queues = {"SHELL|": f"{world.shell}-gone"}
    world.control_plane.answer["artifact_bucket"] = "no-such-bucket"

    found = examine(world)

    assert found["queues"].verdict is Verdict.FAULT
    assert found["artifact store"].verdict is Verdict.FAULT


@pytest.mark.parametrize(
    ("seconds", "verdict"), [(0, Verdict.GOOD), (120, Verdict.WARNING), (400, Verdict.FAULT)]
)
def test_a_clock_is_judged_by_what_aws_would_say(
    world: World, seconds: int, verdict: Verdict
) -> None:
    world.control_plane.set_clock_behind(seconds)

    assert examine(world)["clock"].verdict is verdict


@pytest.mark.parametrize(
    ("methods", "verdict", "mend"),
    [
        ("SHELL", Verdict.WARNING, "iptables"),
        ("DOCKER", Verdict.WARNING, "hop limit of 1"),
        ("KUBERNETES", Verdict.WARNING, "NetworkPolicy"),
        ("HTTP_GET", Verdict.GOOD, "no method"),
    ],
)
def test_instance_metadata_that_answers_is_told_with_the_mend_of_each_method(
    world: World, methods: str, verdict: Verdict, mend: str
) -> None:
    # Any server that answers stands for the metadata service.
    found = examine(world, methods=methods, metadata_url=world.control_plane.url)

    assert found["instance metadata"].verdict is verdict
    assert mend in found["instance metadata"].text
