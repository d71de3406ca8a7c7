"""How users submit, and what else they ask of a run; in the full worlds alone."""

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from random import Random
from typing import TYPE_CHECKING, Any

from formicary.adapters.memory.fake_clock import EPOCH
from formicary.domain.job_run import JobRun
from formicary.domain.records import Principal
from formicary.service_layer.control_plane import ControlPlane
from formicary.service_layer.job_submission import JobSubmission
from formicary.service_layer.restart_job import RestartWish, restart_job
from formicary.service_layer.save_definition import save_definition
from formicary.service_layer.submit_job import submit_job
from tests.simulator.ants import TENANT
from tests.simulator.broken import BrokenError
from tests.simulator.people import User
from tests.simulator.shapes import PARENT_TYPE, Shape, draw_shape

if TYPE_CHECKING:
    from tests.simulator.world import World

CALLER = Principal(tenant=TENANT, user_id="user")
_VARIANTS = 100


@dataclass(frozen=True)
class Way:
    """How a job is submitted: in what order, when, and what makes asking again the same.

    `again` is when the client asks once more though it had an answer; 0 for never.
    """

    priority: int = 0
    delay: int = 0
    idempotent: bool = False
    again: float = 0.0


@dataclass(frozen=True)
class Restart:
    """What a user wants to run again of a run that may have ended, so many seconds after."""

    at: float
    request: int
    wish: RestartWish


@dataclass(frozen=True)
class Submissions:
    """All that is drawn of them. `new_version` of the job is uploaded at a time."""

    ways: tuple[Way, ...] = ()
    restarts: tuple[Restart, ...] = ()
    new_version: Shape | None = None
    uploaded_at: float = 0.0

    def way(self, number: int) -> Way:
        return self.ways[number] if number < len(self.ways) else Way()

    def features(self) -> set[str]:
        """Return what is drawn, for the figures."""
        drawn = {
            "job_priority": any(way.priority for way in self.ways),
            "scheduled_at": any(way.delay for way in self.ways),
            "Idempotency-Key": any(way.idempotent for way in self.ways),
            "restart from a task": any(one.wish.from_task for one in self.restarts),
            "restart on another version": any(one.wish.version for one in self.restarts),
            "new version while runs go on": self.new_version is not None,
        }
        return {name for name, there in drawn.items() if there}


# As many submits as a scenario has at most.
_MOST = 4


def draw_submissions(random: Random) -> Submissions:
    """Draw how each job is submitted, whether it has another version, and restarts."""
    ways = tuple(_draw_way(random) for _ in range(_MOST))
    if random.random() < 0.75:
        return Submissions(ways)
    shapes = Random(f"second version {random.randrange(_VARIANTS)}")
    another = draw_shape(shapes, PARENT_TYPE, shapes.choice([1, 2, 3, 5]), steady=True)
    restarts = tuple(_draw_restart(random) for _ in range(random.choice([1, 2, 3])))
    if random.random() < 0.4:
        return Submissions(ways, restarts)
    return Submissions(ways, restarts, another, random.uniform(0, 60))


def _draw_way(random: Random) -> Way:
    return Way(
        priority=random.choice([0, 0, 0, 1, 5, -3]),
        delay=random.choice([0, 0, 0, 7, 50, 400]),
        idempotent=random.random() < 0.4,
        again=random.choice([0.0, 0.0, random.uniform(1, 300)]),
    )


def _draw_restart(random: Random) -> Restart:
    way = random.choice(["from", "from", "version", "both"])
    wish = RestartWish(
        from_task="" if way == "version" else random.choice(["t0", "t1", "t2", "wait"]),
        version="" if way == "from" else random.choice(["latest", "1", "2"]),
    )
    return Restart(random.uniform(5, 200), random.randrange(_MOST), wish)


def submission_of(world: "World", number: int) -> tuple[JobSubmission, str]:
    """Return what a user submits, and its idempotency key."""
    way = world.scenario.extras.submissions.way(number)
    seconds = world.scenario.submits[number]
    start = EPOCH + timedelta(seconds=seconds + way.delay) if way.delay else None
    submission = JobSubmission(
        job_type=PARENT_TYPE,
        user_key="" if way.idempotent else f"key-{number}",
        job_priority=way.priority,
        scheduled_at=start,
        description=f"submit {number}",
    )
    return submission, f"idempotency-{number}" if way.idempotent else ""


def visitors(world: "World", submitted: dict[int, str]) -> list[User]:
    """Return who asks again, restarts and uploads another version."""
    drawn = world.scenario.extras.submissions
    users = [
        _asker(world, number, submitted)
        for number in range(len(world.scenario.submits))
        if drawn.way(number).again
    ]
    users += [_restarter(world, restart, submitted) for restart in drawn.restarts]
    if drawn.new_version is not None:
        text = drawn.new_version.text().encode()
        at = EPOCH + timedelta(seconds=drawn.uploaded_at)
        users.append(User(world, "upload", partial(_upload, text), at))
    return users


def _upload(text: bytes, plane: ControlPlane) -> Any:
    return save_definition(plane, CALLER, text)


def _asker(world: "World", number: int, submitted: dict[int, str]) -> User:
    """A client that asks once more: with an idempotency key it hears of the same run."""
    submission, key = submission_of(world, number)
    user_id = f"user-{number % world.scenario.extras.limits.users}"
    caller = Principal(tenant=TENANT, user_id=user_id)

    def wish(plane: ControlPlane) -> Any:
        return submit_job(plane, caller, submission, key) if number in submitted else None

    def heard(answer: Any) -> None:
        if answer is not None and key and answer.run.request_id != submitted[number]:
            raise BrokenError(f"{key} made a second run")

    at = world.scenario.submits[number] + world.scenario.extras.submissions.way(number).again
    return User(world, "submit again", wish, EPOCH + timedelta(seconds=at), heard)


def _restarter(world: "World", restart: Restart, submitted: dict[int, str]) -> User:
    def wish(plane: ControlPlane) -> Any:
        request_id = submitted.get(restart.request)
        return restart_job(plane, CALLER, request_id, restart.wish) if request_id else None

    at = EPOCH + timedelta(seconds=restart.at)
    return User(world, f"restart {restart.wish.options}", wish, at)


def check_keys(world: "World", runs: list[JobRun]) -> None:
    """What was submitted with an idempotency key is one run, however often it was asked for."""
    counts = Counter(run.description for run in runs if run.parent is None)
    for number in range(len(world.scenario.submits)):
        made = counts[f"submit {number}"]
        if made > 1 and world.scenario.extras.submissions.way(number).idempotent:
            raise BrokenError(f"{made} runs of one Idempotency-Key")
