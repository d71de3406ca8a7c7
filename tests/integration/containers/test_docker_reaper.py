"""What a killed ant left on the engine is removed by the next one of its name, nothing else."""

from pathlib import Path
from typing import Any

from ant_agent.cancellation import Cancellation
from ant_agent.executors.containers.labels import ANT, TASK
from tests.integration.ant.world import eventually
from tests.integration.containers.benches import DockerBench


def test_orphans_of_this_ant_go_and_running_attempts_stay(docker_bench: DockerBench) -> None:
    _leave_orphans(docker_bench.engine, docker_bench.ant_id)
    reaper = docker_bench.executor

    def reap(_cancellation: Cancellation) -> None:
        eventually(lambda: any("work" in name for name in docker_bench.left()))
        reaper.reap()

    outcome, text = docker_bench.run("sleep 2", "echo unharmed", when_started=reap)

    assert (outcome.succeeded, text) == (True, "unharmed\n")
    assert docker_bench.left() == []


def test_what_other_ants_and_people_made_is_left_alone(engine: Any, tmp_path: Path) -> None:
    mine, other = DockerBench(engine, tmp_path), DockerBench(engine, tmp_path)
    _leave_orphans(engine, other.ant_id)

    mine.executor.reap()
    assert len(other.left()) == 3

    other.executor.reap()
    assert other.left() == []
    mine.close()
    other.close()


def _leave_orphans(engine: Any, ant_id: str) -> None:
    labels = {ANT: ant_id, TASK: f"{ant_id}-orphan"}
    network = engine.networks.create(f"{ant_id}-orphan", labels=labels)
    volume = engine.volumes.create(f"{ant_id}-orphan", labels=labels)
    engine.containers.run(
        "alpine:latest",
        ["sleep", "1000"],
        detach=True,
        labels=labels,
        network=network.name,
        volumes=[f"{volume.name}:/v"],
    )
