"""The part of the definition repository that keeps when job types run by themselves."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from formicary.adapters.aws import keys
from formicary.adapters.aws.dynamodb_table import ABSENT, DynamoDbTable, Put, equals
from formicary.adapters.run_summary import time_text
from formicary.domain.schedule import Schedule

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_PLAIN = ("serial", "version", "expression", "timezone", "catch_up", "user_id", "revision")
_TIMES = ("pending_at", "changed_at")


class DynamoDbSchedules:
    """Schedules beside their job type."""

    def __init__(self, client: DynamoDBClient, table_name: str) -> None:
        self._table = DynamoDbTable(client, table_name)

    def find_schedule(self, tenant: str, job_type: str) -> Schedule | None:
        """Return the schedule of a job type, None when it never had one."""
        item = self._table.get(keys.schedule_key(tenant, job_type))
        if item is None:
            return None
        return Schedule(
            tenant,
            job_type,
            pending_at=_moment(item.get("pending_at")),
            changed_at=_moment(item.get("changed_at")),
            replaced=item.get("replaced", ""),
            **{name: item[name] for name in _PLAIN},
        )

    def save_schedule(self, schedule: Schedule) -> Schedule:
        """Store a schedule if the stored revision is still its own."""
        saved = schedule.evolve(revision=schedule.revision + 1)
        attributes = {name: getattr(saved, name) for name in _PLAIN}
        times = {name: getattr(saved, name) for name in _TIMES}
        attributes["replaced"] = saved.replaced
        attributes |= {name: time_text(moment) for name, moment in times.items() if moment}
        condition = equals("revision", schedule.revision) if schedule.revision else ABSENT
        key = keys.schedule_key(schedule.tenant, schedule.job_type)
        self._table.put(Put(key, attributes, condition))
        return saved


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
