"""Which HTTP tasks a function carries out, and when an ant is there that does."""

from datetime import UTC, datetime, timedelta

import pytest

from formicary.domain.ant import AntRegistration
from formicary.domain.http_function import TaskTraits, is_served, why_not_by_function
from formicary.domain.routing_key import RoutingKey
from formicary.domain.states import HTTP_METHODS, TaskMethod

NOW = datetime(2026, 11, 24, tzinfo=UTC)
SILENCE = timedelta(seconds=30)
GET = RoutingKey.of(TaskMethod.HTTP_GET)


def ant(seconds_ago: float = 1, **changes: object) -> AntRegistration:
    fields = {
        "ant_id": "a",
        "methods": [TaskMethod.HTTP_GET],
        "tags": [],
        "max_capacity": 1,
        "created_at": NOW,
        "updated_at": NOW - timedelta(seconds=seconds_ago),
    }
    return AntRegistration.model_validate(fields | changes)


@pytest.mark.parametrize(
    ("ants", "served"),
    [
        ([], False),
        ([ant()], True),
        ([ant(30)], True),
        ([ant(31)], False),
        ([ant(draining=True)], False),
        ([ant(methods=[TaskMethod.SHELL])], False),
        ([ant(31), ant(tags=["linux"])], True),
    ],
)
def test_an_ant_serves_that_is_alive_stays_and_has_the_method(
    ants: list[AntRegistration], served: bool
) -> None:
    assert is_served(GET, ants, NOW, SILENCE) is served


def test_an_ant_without_the_tags_does_not_serve() -> None:
    key = RoutingKey.of(TaskMethod.HTTP_GET, ["inside"])

    assert not is_served(key, [ant()], NOW, SILENCE)
    assert is_served(key, [ant(tags=["Inside"])], NOW, SILENCE)


@pytest.mark.parametrize("method", sorted(HTTP_METHODS))
@pytest.mark.parametrize("timeout", [None, 1, 840])
def test_every_http_method_is_for_the_function(method: TaskMethod, timeout: float | None) -> None:
    assert why_not_by_function(TaskTraits(RoutingKey.of(method), timeout)) == ""


@pytest.mark.parametrize(
    ("task", "reason"),
    [
        (TaskTraits(RoutingKey.of(TaskMethod.SHELL)), "it carries out HTTP tasks, not SHELL"),
        (
            TaskTraits(RoutingKey.of(TaskMethod.HTTP_GET, ["b", "a"])),
            "the task asks for an ant with tags a, b",
        ),
        (TaskTraits(GET, 840.5), "its tasks end within 840 s, and this one may take longer"),
        (TaskTraits(GET, working_dir="/proc/self"), "the task names a working_dir of its host"),
        (TaskTraits(GET, has_cache=True), "the task keeps a cache"),
    ],
)
def test_what_the_function_cannot_do_it_tells_in_words(task: TaskTraits, reason: str) -> None:
    assert why_not_by_function(task) == reason
