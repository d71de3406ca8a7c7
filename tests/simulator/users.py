"""Users: they submit, cancel and restart, and try again while they get no answer."""

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from formicary.adapters.memory.fake_clock import EPOCH
from formicary.domain.records import Principal
from formicary.service_layer.cancel_job import cancel_job
from formicary.service_layer.control_plane import ControlPlane
from formicary.service_layer.pause_job import pause_job, resume_job, trigger_job
from formicary.service_layer.restart_job import RestartWish, restart_job
from formicary.service_layer.submit_job import submit_job
from tests.simulator.administrators import administrators
from tests.simulator.fans import ChildVerb
from tests.simulator.people import User
from tests.simulator.scenario import Verb
from tests.simulator.schedules import authors
from tests.simulator.submissions import submission_of, visitors

if TYPE_CHECKING:
    from tests.simulator.world import World

CALLER = Principal(tenant="acme", user_id="user")
_ASKS: dict[str, Callable[[ControlPlane, Principal, str], Any]] = {
    "cancel": cancel_job,
    "pause": pause_job,
    "resume": resume_job,
    "trigger": trigger_job,
    "restart": lambda *who: restart_job(*who, RestartWish()),
    "restart hard": lambda *who: restart_job(*who, RestartWish(hard=True)),
}


def resumer(world: "World", request_id: str) -> User:
    """Return somebody who ends a pause, now."""
    wish = lambda plane: resume_job(plane, CALLER, request_id)  # noqa: E731
    return User(world, "resume", wish, world.clock.now())


def users_of(world: "World") -> list[User]:
    """Return who submits and who interferes."""
    submitted: dict[int, str] = {}
    users = [
        _submitter(world, number, seconds, submitted)
        for number, seconds in enumerate(world.scenario.submits)
    ]
    users += [_interferer(world, verb, submitted) for verb in world.scenario.verbs]
    users += [_meddler(world, verb, submitted) for verb in world.scenario.extras.fans.verbs]
    return users + administrators(world) + authors(world) + visitors(world, submitted)


def _submitter(world: "World", number: int, seconds: float, submitted: dict[int, str]) -> User:
    # Only with a key can somebody who got no answer ask again without a second run.
    submission, key = submission_of(world, number)
    caller = Principal(
        tenant=CALLER.tenant, user_id=f"user-{number % world.scenario.extras.limits.users}"
    )

    def heard(answer: Any) -> None:
        submitted[number] = answer.run.request_id

    at = EPOCH + timedelta(seconds=seconds)
    wish = lambda plane: submit_job(plane, caller, submission, key)  # noqa: E731
    return User(world, "submit", wish, at, heard)


def _interferer(world: "World", verb: Verb, submitted: dict[int, str]) -> User:
    def wish(plane: ControlPlane) -> Any:
        request_id = submitted.get(verb.request)
        if request_id is None:
            return None
        return _ASKS[verb.name](plane, CALLER, request_id)

    return User(world, verb.name, wish, EPOCH + timedelta(seconds=verb.at))


def _meddler(world: "World", verb: ChildVerb, submitted: dict[int, str]) -> User:
    """Return somebody who wants something of one of many children."""

    def wish(plane: ControlPlane) -> Any:
        children = world.runs.families.children_of(submitted.get(verb.request, ""))
        if not children:
            return None
        return _ASKS[verb.name](plane, CALLER, children[verb.child % len(children)])

    name = f"{verb.name} a child"
    return User(world, name, wish, EPOCH + timedelta(seconds=verb.at))
