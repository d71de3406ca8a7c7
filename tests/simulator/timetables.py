"""Cron schedules as they are drawn, and an own reading of when they fire."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from formicary.adapters.memory.fake_clock import EPOCH
from formicary.domain.job_run import JobRun
from formicary.domain.schedule import Schedule

_BERLIN_HOURS = 1
# How late a function may be with what it has decided, by its own clock.
_SKEW = timedelta(seconds=1.5)


@dataclass(frozen=True)
class Timetable:
    """Fires every `step` seconds, minutes or hours from one to another, on the first day alone.

    It ends, and so does a world that has it.
    """

    unit: int
    step: int
    first: int
    last: int
    catch_up: str = "once"
    berlin: bool = False

    @property
    def expression(self) -> str:
        """What the definition says; the year ends it."""
        hour = _BERLIN_HOURS if self.berlin else 0
        if self.unit == 1:
            return f"*/{self.step} {self.first}-{self.last} {hour} 1 1 * 2026"
        if self.unit == 60:
            return f"{self.first}-{self.last}/{self.step} {hour} 1 1 * 2026"
        return f"0 {self.first + hour}-{self.last + hour}/{self.step} 1 1 * 2026"

    @property
    def document(self) -> dict[str, str]:
        """The fields of a definition."""
        zone = {"cron_timezone": "Europe/Berlin"} if self.berlin else {}
        return {"cron_trigger": self.expression, "cron_catch_up": self.catch_up} | zone

    def times(self) -> list[datetime]:
        """Return when it fires."""
        if self.unit == 1:
            seconds = range(self.first * 60, (self.last + 1) * 60, self.step)
        else:
            step = self.unit * self.step
            seconds = range(self.first * self.unit, self.last * self.unit + 1, step)
        return [EPOCH + timedelta(seconds=number) for number in seconds]

    def left_out(self, schedule: Schedule, before: JobRun | None, now: datetime) -> list[datetime]:
        """Return what is lost when this is what follows an occurrence, or begins a schedule."""
        after = now + _SKEW
        if before is not None and before.occurrence is not None:
            fired = before.occurrence.fire_at
            left = before.started_at or before.ended_at or now
            after = max(fired, {"all": fired, "once": left}.get(self.catch_up, after))
        end = schedule.pending_at
        return [moment for moment in self.times() if moment > after and (not end or moment < end)]


def draw_timetable(random: Random, *, for_hours: bool) -> Timetable:
    """Draw one of a dozen times at most."""
    catch_up = random.choice(["once", "once", "all", "none"])
    berlin = random.random() < 0.2
    kind = random.choice(["seconds", "minutes", "hours"] if for_hours else ["seconds", "minutes"])
    if kind == "seconds":
        first = random.choice([0, 0, 1, 3])
        step = random.choice([10, 15, 30])
        last = first + random.choice([0, 1, 2] if step > 10 else [0, 1])
        return Timetable(1, step, first, last, catch_up, berlin)
    if kind == "minutes":
        first = random.choice([0, 1, 2])
        return Timetable(60, random.choice([1, 2]), first, first + 7, catch_up, berlin)
    return Timetable(3600, 1, 0, random.choice([2, 4]), catch_up, berlin)
