"""Jobs that run by themselves: one pending occurrence, in time, caught up as the job says."""

from datetime import UTC, datetime
from typing import Any

import pytest

from formicary.domain.schedule import Schedule, first_fire
from tests.unit.lambdas.api_play import HELLO
from tests.unit.lambdas.job_play import JobPlay

HOURLY = HELLO.replace("description:", 'cron_trigger: "0 * * * *"\ndescription:')
AT_ONE = "2026-01-01T01:00:00Z"


def requests(play: JobPlay, *states: str) -> list[Any]:
    found = play.get("/api/jobs/requests", query={"job_state": ",".join(states)}).json["records"]
    return sorted(found, key=lambda run: run["scheduled_at"])


def pending(play: JobPlay) -> list[str]:
    return [run["scheduled_at"] for run in requests(play, "PENDING")]


def let_time_pass(play: JobPlay, until: datetime) -> None:
    """Have every timer fire in its time, until then; no ant is there."""
    events: Any = play.plane.events
    while True:
        play.settle()
        moment = events.queue.next_visible_at()
        if moment is None or moment > until:
            break
        play.clock.advance_to(moment)
    play.clock.advance_to(until)
    play.settle()


def at(hour: int, minute: int = 0, second: int = 0) -> datetime:
    return datetime(2026, 1, 1, hour, minute, second, tzinfo=UTC)


@pytest.fixture
def play() -> JobPlay:
    return JobPlay()


def test_a_job_with_cron_has_one_pending_request_for_its_next_time(play: JobPlay) -> None:
    play.define(HOURLY)
    play.define(HOURLY)
    play.settle()

    assert pending(play) == [AT_ONE]
    (run,) = requests(play, "PENDING")
    assert run["user_key"].startswith("cron:hello:")
    assert run["user_id"] == "ann"


def test_it_begins_in_time_and_the_next_one_is_made(play: JobPlay) -> None:
    play.define(HOURLY)

    let_time_pass(play, at(2, 30))

    begun = requests(play, "EXECUTING")
    assert [run["scheduled_at"] for run in begun] == [AT_ONE, "2026-01-01T02:00:00Z"]
    assert [run["started_at"] for run in begun] == [AT_ONE, "2026-01-01T02:00:00Z"]
    assert pending(play) == ["2026-01-01T03:00:00Z"]


def test_seconds_count(play: JobPlay) -> None:
    play.define(HOURLY.replace("0 * * * *", "*/20 * * * * * *"))

    let_time_pass(play, at(0, 1, 5))

    times = [run["started_at"] for run in requests(play, "EXECUTING")]
    assert times == ["2026-01-01T00:00:20Z", "2026-01-01T00:00:40Z", "2026-01-01T00:01:00Z"]


def test_a_time_zone_counts_across_the_change_of_the_clock(play: JobPlay) -> None:
    text = HOURLY.replace("0 * * * *", "30 2 28,29,30 3 *")
    play.define(text.replace("description:", "cron_timezone: Europe/Berlin\ndescription:"))
    assert pending(play) == ["2026-03-28T01:30:00Z"]

    let_time_pass(play, datetime(2026, 3, 31, tzinfo=UTC))

    # 02:30 does not exist on the 29th: the clock goes from 2 to 3, and it runs once all the same.
    times = [run["scheduled_at"] for run in requests(play, "EXECUTING")]
    assert times == ["2026-03-28T01:30:00Z", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"]


@pytest.mark.parametrize(
    ("catch_up", "begun"),
    [
        ("once", ["01"]),
        ("all", ["01", "02", "03", "04", "05"]),
        ("none", []),
    ],
)
def test_an_outage_is_caught_up_as_the_job_says(
    play: JobPlay, catch_up: str, begun: list[str]
) -> None:
    play.define(HOURLY.replace("description:", f"cron_catch_up: {catch_up}\ndescription:"))
    play.settle()
    play.clock.advance_to(at(5, 30))

    play.settle()

    assert [run["scheduled_at"][11:13] for run in requests(play, "EXECUTING")] == begun
    assert pending(play) == ["2026-01-01T06:00:00Z"]
    assert len(requests(play, "CANCELLED")) == (catch_up == "none")


def test_another_schedule_takes_the_place_of_the_pending_request(play: JobPlay) -> None:
    play.define(HOURLY)
    play.define(HOURLY.replace("0 * * * *", "15 * * * *"))

    let_time_pass(play, at(0, 30))

    assert [run["scheduled_at"] for run in requests(play, "EXECUTING")] == ["2026-01-01T00:15:00Z"]
    assert pending(play) == ["2026-01-01T01:15:00Z"]
    (old,) = requests(play, "CANCELLED")
    assert "schedule" in old["error_message"]


def test_a_new_version_runs_at_the_next_time(play: JobPlay) -> None:
    play.define(HOURLY)
    play.define(HOURLY.replace("hello {{.Name}}", "again"))

    let_time_pass(play, at(1))

    assert [run["job_version"] for run in requests(play, "EXECUTING")] == ["2"]


@pytest.mark.parametrize("how", ["text", "disable", "delete"])
def test_a_schedule_that_goes_takes_its_pending_request_along(play: JobPlay, how: str) -> None:
    play.define(HOURLY)
    if how == "text":
        play.define(HELLO)
    elif how == "disable":
        play.post("/api/jobs/definitions/hello/disable")
    else:
        play.call("DELETE", "/api/jobs/definitions/hello")

    let_time_pass(play, at(3))

    assert pending(play) == []
    assert len(requests(play, "CANCELLED")) == 1
    assert requests(play, "EXECUTING") == []


def test_a_type_that_is_enabled_again_goes_on(play: JobPlay) -> None:
    play.define(HOURLY)
    play.post("/api/jobs/definitions/hello/disable")
    play.post("/api/jobs/definitions/hello/enable")

    let_time_pass(play, at(1))

    assert [run["scheduled_at"] for run in requests(play, "EXECUTING")] == [AT_ONE]


def test_a_pending_request_that_somebody_cancels_is_followed_by_the_next(play: JobPlay) -> None:
    play.define(HOURLY)
    (run,) = requests(play, "PENDING")
    play.post(f"/api/jobs/requests/{run['id']}/cancel")

    let_time_pass(play, at(0, 5))

    assert pending(play) == ["2026-01-01T02:00:00Z"]


def test_required_params_without_a_value_fail_the_occurrence_when_it_fires(play: JobPlay) -> None:
    text = HOURLY.replace("description:", "required_params: [Name, Place]\ndescription:")
    play.define(text.replace("description:", "job_variables:\n  Name: you\ndescription:"))
    assert pending(play) == [AT_ONE]

    let_time_pass(play, at(1))

    (failed,) = requests(play, "FAILED")
    assert failed["error_code"] == "ERR_VALIDATION"
    assert "Place" in failed["error_message"]
    assert "Name" not in failed["error_message"]
    assert pending(play) == ["2026-01-01T02:00:00Z"]


def test_occurrences_wait_for_one_another_where_the_job_says_so(play: JobPlay) -> None:
    play.define(HOURLY.replace("description:", "max_concurrency: 1\ndescription:"))

    let_time_pass(play, at(4, 30))

    assert len(requests(play, "EXECUTING")) == 1
    assert pending(play) == ["2026-01-01T02:00:00Z"]


def test_fire_times_are_kept_in_utc_whatever_the_time_zone() -> None:
    """So that the id of an occurrence is the same after it was stored and read."""
    schedule = Schedule("acme", "hello", 1, expression="0 9 * * *", timezone="Asia/Tokyo")

    fire = first_fire(schedule, at(0))

    assert fire is not None
    assert fire.isoformat() == "2026-01-02T00:00:00+00:00"
