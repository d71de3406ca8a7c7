"""Caches: restored before the script, saved after it, and never in the way."""

import hashlib
from pathlib import Path
from typing import Any

import pytest

from ant_agent.task_outcome import Outcome
from formicary.domain.states import RequestState
from tests.integration.ant.workbench import Workbench
from tests.integration.ant.world import World, task

_COUNT = "mkdir -p c; echo x >> c/runs; wc -l < c/runs | tr -d ' '"


@pytest.fixture
def bench(tmp_path: Path) -> Workbench:
    return Workbench(tmp_path)


def caching(*paths: str, **config: Any) -> dict[str, Any]:
    return {"cache": {"paths": list(paths), **config}}


def said(outcome: Outcome) -> list[str]:
    return outcome.log.inline.split("\n")[:-1]


def test_what_a_task_left_in_its_cache_the_next_one_finds(bench: Workbench) -> None:
    options = caching("c", key="k")

    first, second = (bench.run(task(_COUNT, options=options)) for _ in range(2))

    assert said(first) == ["1", "[cache saved]"]
    assert said(second) == ["[cache restored]", "2", "[cache saved]"]
    assert (first.warnings, second.warnings) == ([], [])


def test_a_cache_that_did_not_change_is_not_saved_again(bench: Workbench) -> None:
    options = caching("c", key="k")
    bench.run(task("mkdir -p c/d; echo x > c/d/f; ln -s d/f c/l", options=options))

    second = bench.run(task("cat c/d/f", options=options))

    assert said(second) == ["[cache restored]", "x"]


@pytest.mark.parametrize(
    "change", ["echo y > c/f", "touch c/new", "rm c/f", "chmod 700 c/f", "mv c/f c/g"]
)
def test_every_kind_of_change_is_noticed(bench: Workbench, change: str) -> None:
    options = caching("c", key="k")
    bench.run(task("mkdir c; echo x > c/f", options=options))

    assert "[cache saved]" in said(bench.run(task(change, options=options)))


def test_a_task_that_fails_saves_nothing(bench: Workbench) -> None:
    bench.run(task(_COUNT, "false", options=caching("c", key="k")))

    assert bench.objects.objects == {}


@pytest.mark.parametrize(
    "other",
    [
        {"options": caching("c", key="other")},
        {"options": caching("c", key="k"), "job_type": "another-job"},
    ],
)
def test_no_other_key_and_no_other_job_sees_it(bench: Workbench, other: dict[str, Any]) -> None:
    bench.run(task(_COUNT, options=caching("c", key="k")))

    assert said(bench.run(task(_COUNT, **other)))[0] == "1"


def test_no_other_tenant_sees_it(bench: Workbench) -> None:
    message = task(_COUNT, options=caching("c", key="k"))
    bench.run(message)

    assert said(bench.run(message.model_copy(update={"tenant": "other"})))[0] == "1"


def test_key_paths_make_a_cache_for_each_content_of_a_file(bench: Workbench) -> None:
    options = caching("c", key_paths=["lock.txt"])
    one = bench.artifact("lock.txt", b"1")
    bench.objects.objects["two"] = b"2"
    two = one.model_copy(update={"key": "two", "sha256": hashlib.sha256(b"2").hexdigest()})

    runs = [
        said(bench.run(task(_COUNT, options=options, dependencies=[lock])))
        for lock in (one, two, one)
    ]

    assert [run[-2] for run in runs] == ["1", "1", "2"]


def test_a_missing_key_path_means_no_cache_and_a_warning(bench: Workbench) -> None:
    outcome = bench.run(task(_COUNT, options=caching("c", key_paths=["gone"])))

    assert outcome.warnings == ["no cache: key_paths: artifact path 'gone' matches nothing"]
    assert bench.objects.objects == {}


def test_an_expired_cache_is_not_restored(bench: Workbench) -> None:
    options = caching("c", key="k", expires_after=60)
    bench.run(task(_COUNT, options=options))
    bench.objects.age_seconds = 61

    assert said(bench.run(task(_COUNT, options=options)))[0] == "1"


def test_a_cache_that_is_too_large_is_not_saved_and_told(tmp_path: Path) -> None:
    bench = Workbench(tmp_path, cache_limit_bytes=100)
    script = "mkdir c; head -c 200 /dev/zero > c/f"

    outcome = bench.run(task(script, options=caching("c", key="k")))

    assert outcome.status() is RequestState.COMPLETED
    assert bench.objects.objects == {}
    assert "FORMICARY_ANT_CACHE_LIMIT_BYTES" in outcome.warnings[0]


def test_a_cache_that_unpacks_to_too_much_is_not_restored(tmp_path: Path) -> None:
    generous = Workbench(tmp_path)
    options = caching("c", key="k")
    generous.run(task("mkdir c; head -c 20000 /dev/zero > c/f", options=options))
    strict = Workbench(tmp_path, objects=generous.objects, cache_limit_bytes=10_000)

    outcome = strict.run(task("true", options=options))

    assert outcome.warnings == ["cache not restored: more than 10000 bytes when unpacked"]


def test_a_store_that_is_away_costs_the_cache_and_nothing_else(bench: Workbench) -> None:
    bench.objects.failures = 1

    outcome = bench.run(task(_COUNT, options=caching("c", key="k")))

    assert outcome.status() is RequestState.COMPLETED
    assert outcome.warnings == ["cache not restored: OSError: the store is away"]
    assert said(outcome)[0] == "1"


def test_a_path_out_of_the_directory_is_not_cached(bench: Workbench) -> None:
    outcome = bench.run(task("true", options=caching("../x", key="k")))

    assert outcome.status() is RequestState.COMPLETED
    assert "leads out" in outcome.warnings[0]


def test_a_cache_travels_through_s3(world: World) -> None:
    world.start_ant()
    options = caching("c", key="k", expires_after=3600)

    runs = [world.run(_COUNT, options=options) for _ in range(2)]

    assert [run.log.inline.split("\n")[-3] for run in runs] == ["1", "2"]
    assert [run.warnings for run in runs] == [[], []]
