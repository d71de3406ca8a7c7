"""Job resources: kept, leased by the jobs that name them, and given back."""

from typing import Any

import pytest

from tests.unit.lambdas.api_play import HELLO
from tests.unit.lambdas.job_play import JobPlay

PATH = "/api/jobs/resources"
LICENCE: dict[str, Any] = {
    "resource_type": "licence",
    "platform": "linux",
    "tags": ["Compiler", "eu"],
    "quota": 2,
    "variables": {"Server": "lic.example.com", "Port": "27000"},
}
LEASING = HELLO.replace(
    "description:",
    """resources:
  resource_type: licence
  tags: [compiler]
  extract_config:
    properties: [Server, Unknown]
    context_prefix: Licence
description:""",
)


@pytest.fixture
def play() -> JobPlay:
    return JobPlay()


def add(play: JobPlay, **fields: Any) -> str:
    answer = play.post(PATH, LICENCE | fields)
    assert answer.status == 201, answer.json
    assert answer.headers["Location"] == f"{PATH}/{answer.json['id']}"
    return str(answer.json["id"])


def states(play: JobPlay, *runs: str) -> list[str]:
    return [play.show(run)["job_state"] for run in runs]


def free(play: JobPlay, resource: str) -> int:
    return int(play.get(f"{PATH}/{resource}").json["free"])


def test_a_resource_is_kept_changed_and_deleted(play: JobPlay) -> None:
    resource = add(play)
    shown = play.get(f"{PATH}/{resource}").json
    assert shown == {
        **LICENCE,
        "id": resource,
        "description": "",
        "category": "",
        "external_id": "",
        "free": 2,
        "lease_timeout": 0,
        "disabled": False,
        "leased_by": [],
    }

    changed = play.call("PUT", f"{PATH}/{resource}", LICENCE | {"quota": 5, "lease_timeout": "10m"})
    assert (changed.json["quota"], changed.json["free"]) == (5, 5)
    assert changed.json["lease_timeout"] == 600
    assert play.call("DELETE", f"{PATH}/{resource}").status == 204
    assert play.get(f"{PATH}/{resource}").status == 404


def test_resources_are_listed_by_what_they_are(play: JobPlay) -> None:
    licence = add(play)
    phone = add(play, resource_type="phone")

    everything = play.get(PATH).json
    phones = play.get(PATH, query={"resource_type": "phone"}).json

    assert [one["id"] for one in everything["records"]] == [licence, phone]
    assert ([one["id"] for one in phones["records"]], phones["total_records"]) == ([phone], 1)


def test_variables_are_set_and_removed_one_by_one(play: JobPlay) -> None:
    resource = add(play)

    play.post(f"{PATH}/{resource}/configs", {"name": "Port", "value": "1"})
    answer = play.call("DELETE", f"{PATH}/{resource}/configs/Server")

    assert answer.json["variables"] == {"Port": "1"}
    assert play.call("DELETE", f"{PATH}/{resource}/configs/Server").status == 404


@pytest.mark.parametrize(
    ("field", "value"),
    [("quota", 0), ("lease_timeout", "soon"), ("resource_type", ""), ("colour", "red")],
)
def test_a_resource_that_is_none_is_refused(play: JobPlay, field: str, value: object) -> None:
    answer = play.post(PATH, LICENCE | {field: value})

    assert answer.status == 400
    assert [fault["field"] for fault in answer.json["errors"]] == [field]


def test_jobs_lease_what_they_name_and_the_others_wait(play: JobPlay) -> None:
    resource = add(play)
    play.define(LEASING)
    runs = [play.start() for _ in range(3)]

    assert states(play, *runs) == ["EXECUTING", "EXECUTING", "PENDING"]
    assert play.get(f"{PATH}/{resource}").json["leased_by"] == runs[:2]
    why = play.show(runs[2])["why"]
    assert why == f"2 of 2 slots of resource {resource} leased by runs {runs[0]} and {runs[1]}"

    play.post(f"/api/jobs/requests/{runs[0]}/cancel")
    play.settle()
    assert states(play, runs[2]) == ["EXECUTING"]


def test_a_lease_ends_with_the_run(play: JobPlay) -> None:
    resource = add(play)
    play.define(LEASING)
    play.start()
    assert free(play, resource) == 1

    for _ in range(2):
        play.finish(play.next_task())

    assert free(play, resource) == 2


def test_a_job_is_told_what_it_asks_of_the_resource(play: JobPlay) -> None:
    add(play)
    play.define(LEASING.replace("hello {{.Name}}", "{{.LicenceServer}}"))
    play.start()

    assert play.next_task().request.script == ["echo lic.example.com"]


def test_a_job_may_ask_for_more_than_one(play: JobPlay) -> None:
    resource = add(play, quota=3)
    play.define(LEASING.replace("tags: [compiler]", "value: 2"))
    first, second = play.start(), play.start()

    assert states(play, first, second) == ["EXECUTING", "PENDING"]
    assert free(play, resource) == 1
    assert "it needs 2" in play.show(second)["why"]


def test_of_those_that_fit_the_one_with_most_to_give_is_taken(play: JobPlay) -> None:
    resources = [add(play, quota=1), add(play, quota=1), add(play, quota=1, tags=["other"])]
    play.define(LEASING)
    runs = [play.start() for _ in range(3)]

    assert states(play, *runs) == ["EXECUTING", "EXECUTING", "PENDING"]
    assert [free(play, resource) for resource in resources] == [0, 0, 1]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("resource_type: license", "No job resource has resource_type license"),
        ("resource_type: licence\n  value: 3", "the most is 2"),
        ("resource_type: licence\n  value: {{.Count}}", "write them out"),
    ],
)
def test_what_no_resource_will_ever_give_is_refused_at_once(
    play: JobPlay, change: str, told: str
) -> None:
    add(play)
    play.define(LEASING.replace("resource_type: licence", change))

    answer = play.submit()

    assert answer.status == 400
    assert told in answer.json["detail"]


def test_a_disabled_resource_is_leased_to_nobody_until_it_is_enabled(play: JobPlay) -> None:
    resource = add(play)
    play.define(LEASING)
    play.post(f"{PATH}/{resource}/disable")
    run = play.start()
    assert states(play, run) == ["PENDING"]
    assert play.show(run)["why"] == f"resource {resource} is disabled"

    play.post(f"{PATH}/{resource}/enable")
    play.settle()

    assert states(play, run) == ["EXECUTING"]


def test_a_resource_in_use_is_not_deleted(play: JobPlay) -> None:
    resource = add(play)
    play.define(LEASING)
    run = play.start()

    answer = play.call("DELETE", f"{PATH}/{resource}")

    assert answer.status == 409
    assert run in answer.json["detail"]


def test_a_lease_that_lasts_too_long_is_taken_back_and_the_run_goes_on(play: JobPlay) -> None:
    resource = add(play, quota=1, lease_timeout="10m")
    play.define(LEASING.replace("description:", "max_concurrency: 2\ndescription:"))
    first, second = play.start(), play.start()
    assert "until 2026-01-01T00:10:00Z" in play.show(second)["why"]

    play.clock.advance(601)
    play.settle()
    assert states(play, first, second) == ["EXECUTING", "EXECUTING"]

    for run in (first, second):
        play.post(f"/api/jobs/requests/{run}/cancel")
    play.settle()
    assert free(play, resource) == 1
    third, fourth = play.start(), play.start()
    assert states(play, third, fourth) == ["EXECUTING", "PENDING"]


def test_a_task_that_waits_for_its_lease_says_so(play: JobPlay) -> None:
    resource = add(play, quota=1)
    play.define(
        HELLO.replace(
            "    method: SHELL", "    method: SHELL\n    resources: {resource_type: licence}", 1
        )
    )
    first, second = play.start(), play.start()

    told = f"task greet: 1 of 1 slots of resource {resource} leased by run {first}"
    assert play.show(second)["why"] == told
    play.finish(play.next_task())
    assert "leased" not in play.show(second)["why"]


def test_an_amount_that_is_no_number_is_a_fault_at_upload(play: JobPlay) -> None:
    answer = play.define(LEASING.replace("tags: [compiler]", "value: some"))

    assert answer.status == 400
    assert "resources.value" in str(answer.json["errors"])
