"""Every option of DOCKER, seen from inside the container (docs/executors.md has the same list)."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.integration.ant.world import eventually
from tests.integration.containers.benches import DockerBench

Check = Callable[[DockerBench, Path], None]
CHECKS: dict[str, Check] = {}

# Where a limit shows, in control groups of version 1 and 2.
_MEMORY = "cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>&-"
_RESERVED = "cat /sys/fs/cgroup/memory/memory.soft_limit_in_bytes /sys/fs/cgroup/memory.low 2>&-"
_QUOTA = "cat /sys/fs/cgroup/cpu/cpu.cfs_quota_us /sys/fs/cgroup/cpu.max 2>&-"
_SHARES = "cat /sys/fs/cgroup/cpu/cpu.shares /sys/fs/cgroup/cpu.weight 2>&-"


def option(name: str) -> Callable[[Check], Check]:
    def keep(check: Check) -> Check:
        CHECKS[name] = check
        return check

    return keep


@option("container.image")
def _image(bench: DockerBench, _: Path) -> None:
    text = bench.output("busybox | head -n 1", container={"image": "local/busybox:1"})
    assert text.startswith("BusyBox")


@option("container.imageDefinition")
def _image_definition(bench: DockerBench, _: Path) -> None:
    definition = {"name": "alpine:latest", "entrypoint": ["env", "SET=by-entrypoint"]}
    text = bench.output("echo $SET", container={"image": "", "imageDefinition": definition})
    assert text == "by-entrypoint\n"


@option("container.volumes (name: path)")
def _named_volumes(bench: DockerBench, _: Path) -> None:
    service = _service("keeper", "echo kept >/there/file; sleep 100", volumes={"box": "/there"})
    text = bench.output(
        "until [ -s /here/file ]; do sleep 0.1; done; cat /here/file",
        container={"volumes": {"box": "/here"}},
        options={"services": [service]},
    )
    assert text == "kept\n"


@option("container.volumes.empty_dir")
def _empty_dir(bench: DockerBench, _: Path) -> None:
    volumes = {"empty_dir": [{"name": "m", "mount_path": "/fast", "medium": "Memory"}]}
    text = bench.output("grep ' /fast ' /proc/mounts", container={"volumes": volumes})
    assert text.startswith("tmpfs ")


@option("container.volumes.host_path")
def _host_path(bench: DockerBench, folder: Path) -> None:
    (folder / "file").write_text("from the host\n")
    mount = {"name": "h", "mount_path": "/h", "host_path": str(folder), "read_only": True}
    text = bench.output(
        "cat /h/file; touch /h/x 2>&- || echo read-only",
        container={"volumes": {"host_path": [mount]}},
    )
    assert text == "from the host\nread-only\n"


@option("container.bind_dir")
def _bind_dir(bench: DockerBench, folder: Path) -> None:
    bench.output(f"echo written >{folder}/out", container={"bind_dir": str(folder)})
    assert (folder / "out").read_text() == "written\n"


@option("container.volume_driver")
def _volume_driver(bench: DockerBench, _: Path) -> None:
    # An engine looks for an unknown driver for a quarter of a minute: see the unit tests for that.
    container = {"volumes": {"v": "/v"}, "volume_driver": "local"}
    assert bench.output("grep -c ' /v ' /proc/mounts", container=container) == "1\n"


@option("container.volumes_from")
def _volumes_from(bench: DockerBench, _: Path) -> None:
    other = bench.engine.containers.create("alpine:latest", volumes=["/shared"])
    try:
        text = bench.output(
            "grep -c ' /shared ' /proc/mounts", container={"volumes_from": [other.name]}
        )
    finally:
        other.remove(v=True, force=True)
    assert text == "1\n"


@option("container.devices")
def _devices(bench: DockerBench, _: Path) -> None:
    text = bench.output("ls /dev/mine", container={"devices": ["/dev/null:/dev/mine:rw"]})
    assert text == "/dev/mine\n"


@option("container.cpu_limit")
def _cpu_limit(bench: DockerBench, _: Path) -> None:
    assert bench.output(_QUOTA + "; true", container={"cpu_limit": "250m"}).startswith("25000")


@option("container.cpu_request")
def _cpu_request(bench: DockerBench, _: Path) -> None:
    shares = bench.output(_SHARES + "; true", container={"cpu_request": "500m"})
    assert shares.strip() in {"512", "20"}


@option("container.memory_limit")
def _memory_limit(bench: DockerBench, _: Path) -> None:
    text = bench.output(_MEMORY + "; true", container={"memory_limit": "64Mi"})
    assert text == f"{64 * 2**20}\n"


@option("container.memory_request")
def _memory_request(bench: DockerBench, _: Path) -> None:
    text = bench.output(_RESERVED + "; true", container={"memory_request": "32Mi"})
    assert text == f"{32 * 2**20}\n"


@option("working_dir")
def _working_dir(bench: DockerBench, _: Path) -> None:
    assert bench.output("pwd", options={"working_dir": "/sample/deep"}) == "/sample/deep\n"
    assert bench.output("pwd", options={"working_dir": "below"}) == "/formicary/work/below\n"


@option("environment")
def _environment(bench: DockerBench, _: Path) -> None:
    text = bench.output(
        'echo "$GIVEN|$FORMICARY_TASK_TYPE|${USER-}|$TMPDIR"',
        options={"environment": {"GIVEN": "a b"}},
    )
    assert text == "a b|work||\n"


@option("services: name, alias, ports")
def _service_names(bench: DockerBench, _: Path) -> None:
    service = _service("redis", "sleep 1; while :; do echo pong | nc -l -p 6379; done")
    service |= {"alias": "cache", "ports": [{"number": 6379}]}
    text = bench.output(
        "nc redis 6379 </dev/null; nslookup cache | grep -c 'Name:.*cache'",
        options={"services": [service]},
    )
    assert text == "pong\n1\n"


@option("services: instances")
def _service_instances(bench: DockerBench, _: Path) -> None:
    serve = "while :; do echo $SERVICE_INSTANCE | nc -l -p 80; done"
    service = _service("web", serve) | {"instances": 2, "ports": [{"number": 80}]}
    text = bench.output(
        "nc web-2 80 </dev/null; nslookup web | grep -c ^Address", options={"services": [service]}
    )
    assert text == "2\n3\n"


@option("services: command, entrypoint, working_directory")
def _service_command(bench: DockerBench, _: Path) -> None:
    service = {
        "name": "web",
        "image": "alpine:latest",
        "entrypoint": ["env", "A=1"],
        "command": ["sh", "-c", "while :; do echo $A $PWD $B | nc -l -p 80; done"],
        "working_directory": "/srv",
        "ports": [{"number": 80}],
    }
    text = bench.output(
        "nc web 80 </dev/null", options={"services": [service], "environment": {"B": "2"}}
    )
    assert text == "1 /srv 2\n"


@option("services: limits")
def _service_limits(bench: DockerBench, _: Path) -> None:
    service = _service("web", f"while :; do ({_MEMORY}) | nc -l -p 80; done")
    service |= {"memory_limit": "48Mi", "ports": [{"number": 80}]}
    text = bench.output("nc web 80 </dev/null", options={"services": [service]})
    assert text == f"{48 * 2**20}\n"


@option("network_mode")
def _network_mode(bench: DockerBench, _: Path) -> None:
    text = bench.output("ls /sys/class/net", options={"network_mode": "none"})
    assert text == "lo\n"
    with_network = bench.engine.networks.create(f"{bench.ant_id}-own")
    try:
        service = _service("web", "while :; do echo x | nc -l -p 80; done")
        service["ports"] = [{"number": 80}]
        options = {"network_mode": with_network.name, "services": [service]}
        assert bench.output("nc web 80 </dev/null", options=options) == "x\n"
    finally:
        with_network.remove()


@option("host_network")
def _host_network(bench: DockerBench, _: Path) -> None:
    text = bench.output("ls /sys/class/net", options={"host_network": True})
    assert "docker0" in text


@option("pod_labels")
def _labels(bench: DockerBench, _: Path) -> None:
    seen: dict[str, str] = {}

    def look(_cancellation: object) -> None:
        label = {"label": "foor=bar"}
        found = eventually(lambda: bench.engine.containers.list(filters=label))
        seen.update(found[0].labels)

    bench.run("sleep 1", options={"pod_labels": {"foor": "bar"}}, when_started=look)
    assert (seen["AntID"], seen["TaskType"], seen["foor"]) == (bench.ant_id, "work", "bar")


@option("privileged")
def _privileged(bench: DockerBench, _: Path) -> None:
    outcome, text = bench.run("grep CapEff /proc/self/status", options={"privileged": True})
    if outcome.succeeded:
        assert int(text.split()[1], 16) & 1 << 21, "CAP_SYS_ADMIN"
    else:
        # An engine that lacks privileges itself is asked for them all the same, and refuses.
        assert "cannot be started" in outcome.result.error_message
        assert "not permitted" in outcome.result.error_message


@option("separate_streams")
def _separate_streams(bench: DockerBench, _: Path) -> None:
    pipes = "readlink /proc/$$/fd/1; readlink /proc/$$/fd/2"
    apart = bench.output(pipes, options={"separate_streams": True}).split()
    one = bench.output(pipes).split()
    assert (len(set(apart)), len(set(one))) == (2, 1)


@pytest.mark.parametrize("name", list(CHECKS))
def test_option_is_seen_inside(name: str, engine: Any, tmp_path: Path) -> None:
    folder = tmp_path / "host"
    folder.mkdir()
    bench = DockerBench(
        engine, tmp_path, allow_privileged=True, host_paths=(str(folder),), service_seconds=20
    )

    CHECKS[name](bench, folder)

    assert bench.left() == []
    bench.close()


def test_defaults_of_the_ant_hold_where_a_task_names_no_limit(engine: Any, tmp_path: Path) -> None:
    bench = DockerBench(engine, tmp_path, default_memory_limit="80Mi", default_cpu_limit="0.5")

    text = bench.output(f"{_MEMORY}; {_QUOTA}; true")

    assert text.split()[:2] == [str(80 * 2**20), "50000"]
    bench.close()


def _service(name: str, script: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "image": "alpine:latest", "command": ["sh", "-c", script], **more}
