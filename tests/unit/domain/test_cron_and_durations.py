"""Cron expressions and durations."""

from datetime import UTC, datetime

import pytest

from formicary.domain.cron import check_cron, check_timezone, next_times
from formicary.domain.durations import parse_duration

NOW = datetime(2026, 8, 22, 10, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("1h30m", 5400), ("10s", 10), ("500ms", 0.5), ("90", 90), (5, 5), ("1.5h", 5400), ("0", 0)],
)
def test_durations_are_go_s_or_seconds(text: object, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "5 minutes", "-1s", "1d", "1h-3", "nan", "1e9", "9" * 50, True]
)
def test_what_is_no_duration_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match=r"duration|below zero|longer"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("expression", "first", "second"),
    [
        ("*/5 * * * *", "2026-08-22T10:05:00", "2026-08-22T10:10:00"),
        ("0 * * * * * *", "2026-08-22T10:01:00", "2026-08-22T10:02:00"),
        ("*/20 * * * * * *", "2026-08-22T10:00:40", "2026-08-22T10:01:00"),
        ("0 12 * * * 2027", "2027-01-01T12:00:00", "2027-01-02T12:00:00"),
        ("@hourly", "2026-08-22T11:00:00", "2026-08-22T12:00:00"),
        ("0 9 * * MON-FRI", "2026-08-24T09:00:00", "2026-08-25T09:00:00"),
    ],
)
def test_cron_has_five_six_or_seven_fields(expression: str, first: str, second: str) -> None:
    times = next_times(expression, NOW, 2)

    assert [time.replace(tzinfo=None).isoformat() for time in times] == [first, second]


def test_five_times_are_given_in_the_time_zone_asked_for() -> None:
    times = next_times("30 8 * * *", NOW, timezone="Europe/Berlin")

    assert len(times) == 5
    assert times[0].isoformat() == "2026-08-23T08:30:00+02:00"


def test_an_expression_whose_years_are_over_has_no_times() -> None:
    assert next_times("0 0 0 1 1 * 2020", NOW) == []


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "* * *",
        "61 * * * *",
        "*/0 * * * *",
        "a b c d e",
        "@reboot",
        "0 0 30 2 *",
        "R * * * *",
        "* " * 200,
    ],
)
def test_what_is_no_cron_expression_is_refused(expression: str) -> None:
    with pytest.raises(ValueError, match=r"cron|fires|fields"):
        check_cron(expression)


@pytest.mark.parametrize("name", ["Mars/Base", "../etc/passwd", "", "/etc/localtime"])
def test_an_unknown_time_zone_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="time zone"):
        check_timezone(name)


@pytest.mark.parametrize(
    ("expression", "first"),
    [
        ("3-3 * * * *", "01-01 00:03:00"),
        ("5 3-3 * * *", "01-01 03:05:00"),
        ("0 0 * * mon-MON", "01-05 00:00:00"),
        ("*/10 1-1 0 * * * *", "01-01 00:01:00"),
        ("50,10-10/5 * * * *", "01-01 00:10:00"),
        ("1-11 * * * *", "01-01 00:01:00"),
        ("11-11,13-13 11-1 * * *", "01-01 00:11:00"),
    ],
)
def test_a_range_of_one_value_is_that_value(expression: str, first: str) -> None:
    times = next_times(expression, datetime(2026, 1, 1, tzinfo=UTC), 1)
    assert [f"{time:%m-%d %H:%M:%S}" for time in times] == [first]
