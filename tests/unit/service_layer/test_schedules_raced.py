"""Two who change a job type at once: its schedule is as the later one has said."""

from typing import Any

import pytest

from tests.unit.lambdas.job_play import JobPlay
from tests.unit.lambdas.test_schedules_over_http import AT_ONE, HOURLY, pending


class Overtaken:
    """Definitions whose first schedule to be stored is stored after somebody else has acted."""

    def __init__(self, play: JobPlay, act: str) -> None:
        self._play, self._act = play, act
        self._whole: Any = play.plane.definitions

    def __getattr__(self, name: str) -> Any:
        return getattr(self._whole, name)

    def save_schedule(self, schedule: Any) -> Any:
        self._play.put_in_place(definitions=self._whole)
        self._play.post(f"/api/jobs/definitions/hello/{self._act}")
        return self._whole.save_schedule(schedule)


@pytest.mark.parametrize(
    ("first", "then", "left"), [("disable", "enable", [AT_ONE]), ("enable", "disable", [])]
)
def test_a_schedule_is_as_the_last_has_said_though_he_found_it_so(
    first: str, then: str, left: list[str]
) -> None:
    play = JobPlay()
    play.define(HOURLY)
    if first == "enable":
        play.post("/api/jobs/definitions/hello/disable")
    play.put_in_place(definitions=Overtaken(play, then))

    play.post(f"/api/jobs/definitions/hello/{first}")
    play.settle()

    assert pending(play) == left
