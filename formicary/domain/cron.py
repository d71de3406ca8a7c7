"""Cron expressions: 5 fields, 6 (with a year), 7 (seconds first) or `@hourly` and its like."""

import re
from datetime import datetime
from zoneinfo import ZoneInfo

from croniter import CroniterError, croniter

NICKNAMES = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_MAX_LENGTH = 200
_ONE_VALUE = re.compile(r"(?<![\w-])(\w+)-\1(/\d+)?(?![\w-])", re.IGNORECASE)
_RANDOM = re.compile(r"\b[rh]\b", re.IGNORECASE)
_HORIZON_YEARS = 30


def check_cron(expression: str) -> None:
    """Raise ValueError, with what is wrong, when an expression cannot be understood."""
    if not next_times(expression, datetime(2000, 1, 1, tzinfo=ZoneInfo("UTC")), 1):
        raise ValueError(f"{expression!r} never fires")


def check_timezone(name: str) -> None:
    """Raise ValueError when there is no time zone of that name."""
    _zone(name)


def next_times(
    expression: str, now: datetime, count: int = 5, timezone: str = "UTC"
) -> list[datetime]:
    """Return the next times after `now` at which it fires, fewer when there are no more."""
    iterator = _iterator(expression, now.astimezone(_zone(timezone)))
    times: list[datetime] = []
    try:
        while len(times) < count:
            times.append(iterator.get_next(datetime))
    except CroniterError:
        pass  # the years of the expression are over
    return times


def _iterator(expression: str, start: datetime) -> croniter:
    try:
        return croniter(
            _normal(expression),
            start,
            second_at_beginning=True,
            max_years_between_matches=_HORIZON_YEARS,
        )
    except (CroniterError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise ValueError(f"{expression[:_MAX_LENGTH]!r} is no cron expression: {error}") from error


def _normal(expression: str) -> str:
    """Return the 5 or 7 fields that croniter reads."""
    text = expression.strip()
    if len(text) > _MAX_LENGTH:
        raise ValueError("it is too long")
    if text.startswith("@"):
        if text.lower() not in NICKNAMES:
            raise ValueError(f"it knows only {', '.join(NICKNAMES)}")
        return NICKNAMES[text.lower()]
    if _RANDOM.search(text):
        raise ValueError("R and H, random fields, are not known here")
    # croniter takes a range of one value for all values.
    fields = _ONE_VALUE.sub(r"\1", text).split()
    match len(fields):
        case 5:
            return " ".join(fields)
        case 6:
            return " ".join(["0", *fields])
        case 7:
            return " ".join(fields)
    raise ValueError(f"it has {len(fields)} fields, not 5, 6 or 7")


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"there is no time zone {name!r}") from error
