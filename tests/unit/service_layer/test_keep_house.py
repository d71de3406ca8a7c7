"""Housekeeping in memory: what goes, what stays, and that breaking off anywhere does no harm."""

from datetime import timedelta
from typing import Any

import pytest

from formicary.adapters.memory.fake_clock import FakeClock, SequentialIds
from formicary.adapters.memory.in_memory_ant_repository import InMemoryAntRepository
from formicary.adapters.memory.in_memory_dead_letters import InMemoryDeadLetters
from formicary.adapters.memory.in_memory_definition_repository import InMemoryDefinitionRepository
from formicary.adapters.memory.in_memory_event_bus import InMemoryEventBus
from formicary.adapters.memory.in_memory_event_queue import InMemoryEventQueue
from formicary.adapters.memory.in_memory_gates import InMemoryGateRepository
from formicary.adapters.memory.in_memory_object_store import InMemoryObjectStore
from formicary.adapters.memory.in_memory_run_repository import InMemoryRunRepository
from formicary.adapters.memory.in_memory_socket_ants import InMemorySocketAnts
from formicary.adapters.memory.in_memory_task_queues import InMemoryTaskQueues
from formicary.adapters.memory.in_memory_token_repository import InMemoryTokenRepository
from formicary.adapters.memory.in_memory_told_ends import InMemoryToldEnds
from formicary.domain.artifact import Artifact
from formicary.domain.errors import UnavailableError
from formicary.domain.events import JobSubmitted
from formicary.domain.housekeeping import Chore
from formicary.domain.job_run import JobRun, ParentLink
from formicary.domain.lifecycle_event import end_of
from formicary.domain.messages import pack_event
from formicary.domain.records import DefinitionVersion, Principal, TaskAttempt
from formicary.domain.states import RequestState, TaskMethod
from formicary.service_layer.keep_house import HouseKeeper

TENANT = "acme"
KEPT = (
    "job_type: kept\nretention_days_for_completed: 7\n"
    "tasks:\n- task_type: work\n  method: SHELL\n  script: ['true']\n"
)
DAY = timedelta(days=1)


class House:
    """A world with runs of any age, and its keeper."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.definitions = InMemoryDefinitionRepository()
        self.tokens = InMemoryTokenRepository()
        self.runs = InMemoryRunRepository()
        self.objects = InMemoryObjectStore()
        self.events = InMemoryEventQueue(self.clock)
        self.bus = InMemoryEventBus()
        self.told_ends = InMemoryToldEnds()
        self.upload(TENANT)

    def upload(self, tenant: str) -> None:
        """Define the job type with a retention."""
        version = DefinitionVersion(tenant, "kept", 1, KEPT, "digest", self.clock.now())
        self.definitions.save_version(version, {}, 0)

    def keeper(self, **ports: Any) -> HouseKeeper:
        given: dict[str, Any] = {
            "registry": self.tokens,
            "definitions": self.definitions,
            "runs": self.runs,
            "remover": self.runs,
            "objects": self.objects,
            "events": self.events,
            "dead_letters": InMemoryDeadLetters(self.events, []),
            "clock": self.clock,
            "ants": InMemoryAntRepository(self.clock),
            "sockets": InMemorySocketAnts(),
            "gates": InMemoryGateRepository(),
            "queues": InMemoryTaskQueues(self.clock),
            "bus": self.bus,
            "told_ends": self.told_ends,
            "ids": SequentialIds("house"),
        }
        return HouseKeeper(**given | ports)

    def has_run(self, request_id: str, *, days_ago: float, **fields: Any) -> JobRun:
        ended = self.clock.now() - days_ago * DAY
        state = fields.pop("state", RequestState.COMPLETED)
        run = self.runs.create(
            JobRun(
                fields.pop("tenant", TENANT),
                request_id,
                f"{request_id}-exec",
                fields.pop("job_type", "kept"),
                1,
                "key",
                ended,
                ended,
                state,
                ended_at=ended,
                **fields,
            )
        )
        attempt = TaskAttempt(
            job_request_id=request_id,
            job_execution_id=run.execution_id,
            task_type="work",
            task_index=0,
            attempt=1,
            method=TaskMethod.SHELL,
            status=state,
            ended_at=ended,
        )
        self.runs.put_attempt(run.tenant, attempt)
        self.has_artifact(run.tenant, f"{request_id}-out", request_id)
        self.objects.put(f"t/{run.tenant}/r/{request_id}/log/000001", b"x", "text/plain")
        return run

    def has_artifact(self, tenant: str, name: str, request_id: str = "", **fields: Any) -> Artifact:
        key = f"t/{tenant}/r/{request_id}/{name}" if request_id else f"t/{tenant}/u/{name}"
        fields = {"key": key, **fields}
        artifact = Artifact(id=name, name=name, job_request_id=request_id, **fields)
        self.runs.put_artifact(tenant, artifact)
        self.objects.put(artifact.key, b"x", "text/plain")
        return artifact

    def kept(self, keeper: HouseKeeper | None = None, tenant: str = TENANT) -> Chore:
        """Do the chores of a tenant until they are done."""
        keeper = keeper or self.keeper()
        chore = Chore(tenant=tenant)
        for _ in range(200):
            chore = keeper.do(chore)
            if chore.done:
                return chore
        raise AssertionError("housekeeping goes in circles")

    def listed(self) -> set[str]:
        return {run.request_id for run in self.runs.list_runs(TENANT, limit=1000).records}


@pytest.fixture
def house() -> House:
    return House()


def test_an_overdue_run_goes_with_its_attempts_artifacts_and_objects(house):
    old = house.has_run("old", days_ago=8)
    house.has_run("young", days_ago=6)

    done = house.kept()

    assert done.retired == 1
    assert house.listed() == {"young"}
    assert house.runs.find(TENANT, "old") is None
    assert house.runs.attempts(TENANT, "old", old.execution_id) == []
    assert house.runs.artifacts_of_run(TENANT, "old") == []
    assert house.objects.list_keys("t/acme/r/old/") == []
    assert len(house.objects.list_keys("t/acme/r/young/")) == 2


@pytest.mark.parametrize(
    "fields",
    [
        {"state": RequestState.FAILED},
        {"state": RequestState.EXECUTING},
        {"job_type": "unknown"},
    ],
    ids=["no retention for its state", "it goes on", "nothing tells its retention"],
)
def test_a_run_is_kept_for_ever_when(house, fields):
    house.has_run("old", days_ago=10_000, **fields)

    assert house.kept().retired == 0
    assert house.listed() == {"old"}


def test_a_deleted_job_type_leaves_its_runs_the_retention_of_their_version(house):
    house.has_run("old", days_ago=8)
    house.definitions.delete_type(TENANT, "kept")

    assert house.kept().retired == 1


def test_a_run_of_a_plugin_is_kept_as_its_publisher_says(house):
    house.upload("publisher")
    house.definitions.delete_type(TENANT, "kept")
    house.has_run("own", days_ago=8)
    house.has_run("old", days_ago=8, definition_tenant="publisher")
    house.has_run("young", days_ago=6, definition_tenant="publisher")

    assert house.kept().retired == 2
    assert house.listed() == {"young"}


def test_a_child_is_kept_while_its_parent_goes_on(house):
    house.has_run("parent", days_ago=9, state=RequestState.EXECUTING)
    house.has_run("child", days_ago=8, parent=ParentLink("parent", "parent-exec", "fork", "x"))

    assert house.kept().retired == 0


def test_another_tenant_is_left_alone(house):
    house.has_run("theirs", days_ago=8, tenant="other")
    past = house.clock.now() - DAY
    house.has_artifact("other", "gone", expires_at=past)

    house.kept()

    assert house.runs.find("other", "theirs") is not None
    assert house.runs.find_artifact("other", "gone") is not None


def test_an_expired_artifact_goes_with_its_object_and_the_others_stay(house):
    now = house.clock.now()
    house.has_artifact(TENANT, "gone", expires_at=now - DAY)
    house.has_artifact(TENANT, "later", expires_at=now + DAY)
    house.has_artifact(TENANT, "for-ever")

    assert house.kept().expired == 1
    assert house.objects.list_keys("t/acme/u/") == ["t/acme/u/for-ever", "t/acme/u/later"]
    assert house.runs.find_artifact(TENANT, "gone") is None
    assert house.runs.find_artifact(TENANT, "later") is not None


def test_an_artifact_that_names_an_object_of_others_takes_nothing_of_theirs_with_it(house):
    theirs = house.has_artifact("other", "secret")
    past = house.clock.now() - DAY
    house.runs.put_artifact(
        TENANT, Artifact(id="forged", name="x", key=theirs.key, expires_at=past)
    )

    assert house.kept().expired == 1
    assert house.objects.get(theirs.key) is not None


def test_many_are_removed_page_by_page_and_a_second_round_finds_nothing(house):
    past = house.clock.now() - DAY
    for number in range(450):
        house.has_artifact(TENANT, f"a{number:03d}", expires_at=past)
    for number in range(25):
        house.has_run(f"run{number:03d}", days_ago=8)

    first = house.kept()
    again = house.kept()

    assert (first.expired, first.retired) == (450, 25)
    assert (again.expired, again.retired) == (0, 0)
    assert house.objects.list_keys("t/acme/") == []
    assert house.runs.retired(TENANT, 10) == []


def test_a_run_that_is_restarted_meanwhile_is_kept(house):
    run = house.has_run("old", days_ago=8)

    class Restarting:
        def __getattr__(self, name: str) -> Any:
            return getattr(house.runs, name)

        def retire(self, stale: JobRun) -> None:
            house.runs.save(run.evolve(state=RequestState.EXECUTING))
            house.runs.retire(stale)

    assert house.kept(house.keeper(remover=Restarting())).retired == 0
    assert house.runs.find(TENANT, "old") is not None
    assert len(house.objects.list_keys("t/acme/r/old/")) == 2


def test_broken_off_after_any_call_the_next_round_removes_the_rest(house):
    class DiesError(Exception):
        pass

    class Dying:
        """Passes calls on and dies after the one of that number."""

        def __init__(self, port: Any, at: int) -> None:
            self.port, self.left = port, at

        def __getattr__(self, name: str) -> Any:
            def call(*args: Any, **kwargs: Any) -> Any:
                answer = getattr(self.port, name)(*args, **kwargs)
                self.left -= 1
                if not self.left:
                    raise DiesError
                return answer

            return call

    past = house.clock.now() - DAY
    for at in range(1, 12):
        house.has_run(f"run{at}", days_ago=8)
        house.has_artifact(TENANT, f"gone{at}", expires_at=past)
        for name, port in (("remover", house.runs), ("objects", house.objects)):
            try:
                house.kept(house.keeper(**{name: Dying(port, at)}))
            except DiesError:
                continue
        house.kept()

        assert house.listed() == set()
        assert house.objects.list_keys("t/acme/") == []
        assert house.runs.retired(TENANT, 10) == []
        assert house.runs.find_artifact(TENANT, f"gone{at}") is None


def test_tenants_are_listed_by_pages_of_a_hundred(house):
    for number in range(101):
        house.tokens.put(f"hash{number}", Principal(f"tenant{number:03d}", "user"))

    first = house.keeper().list_tenants("")
    second = house.keeper().list_tenants(first.after)

    assert len(first.tenants) == 100
    assert second.tenants == ["tenant100"]
    assert second.after == ""


def test_dead_letters_are_sent_on_a_hundred_at_a_time(house):
    message = pack_event(TENANT, "run", "exec", "proof", JobSubmitted())
    keeper = house.keeper(dead_letters=InMemoryDeadLetters(house.events, [message] * 101))

    sent = [keeper.send_on() for _ in range(3)]

    assert [(some.sent_on, some.more) for some in sent] == [(100, True), (1, False), (0, False)]
    assert len(house.events.receive(200)) == 101


def test_an_end_that_the_bus_never_heard_of_is_told_once_and_counted(house):
    lost = house.has_run("lost", days_ago=0.5, announces="n", state=RequestState.FAILED)
    told = house.has_run("told", days_ago=0.5)
    house.told_ends.note([end_of(told)])

    first, again = house.kept(), house.kept()

    assert first.told()["untold_ends"] == first.told()["mended"] == 1
    assert again.told()["mended"] == 0
    (event,) = house.bus.published
    assert event.id == f"lost:{lost.execution_id}:FAILED"
    assert (event.new_state, event.announces) == ("FAILED", "n")


@pytest.mark.parametrize(
    ("days_ago", "state"),
    [
        (0.02, RequestState.COMPLETED),
        (3.1, RequestState.COMPLETED),
        (0.5, RequestState.EXECUTING),
    ],
    ids=["may be under way still", "is old", "goes on"],
)
def test_a_run_is_left_alone_that(house, days_ago, state):
    house.has_run("run", days_ago=days_ago, state=state)

    assert house.kept().told()["untold_ends"] == 0
    assert house.bus.published == []


def test_an_end_is_told_before_the_run_is_removed(house):
    definition = KEPT.replace("completed: 7", "completed: 1")
    house.definitions.save_version(
        DefinitionVersion(TENANT, "kept", 2, definition, "other", house.clock.now()), {}, 1
    )
    house.has_run("run", days_ago=2)

    done = house.kept()

    assert (done.retired, done.told()["untold_ends"]) == (1, 1)
    assert [event.job_request_id for event in house.bus.published] == ["run"]


def test_a_run_that_was_restarted_since_it_was_listed_is_not_told_as_ended(house):
    run = house.has_run("run", days_ago=0.5)

    class Restarting:
        def __getattr__(self, name: str) -> Any:
            return getattr(house.runs, name)

        def find(self, tenant: str, request_id: str) -> JobRun | None:
            return run.evolve(execution_id="another", state=RequestState.FAILED)

    assert house.kept(house.keeper(runs=Restarting())).told()["untold_ends"] == 0
    assert house.bus.published == []


def test_what_the_bus_refuses_is_found_again(house):
    run = house.has_run("run", days_ago=0.5)
    house.bus.refused.add(f"run:{run.execution_id}:COMPLETED")
    assert house.kept().told()["untold_ends"] == 1
    assert house.bus.published == []

    house.bus.refused.clear()

    assert house.kept().told()["untold_ends"] == 1
    assert len(house.bus.published) == 1


def test_another_tenants_ends_are_not_told(house):
    house.has_run("theirs", days_ago=0.5, tenant="other")

    house.kept()

    assert house.bus.published == []


def test_broken_off_between_telling_and_noting_an_end_is_told_again(house):
    house.has_run("run", days_ago=0.5)

    class Dying:
        def __getattr__(self, name: str) -> Any:
            return getattr(house.told_ends, name)

        def note(self, ends: Any) -> None:
            raise UnavailableError("The table is too busy.")

    with pytest.raises(UnavailableError):
        house.kept(house.keeper(told_ends=Dying()))
    house.kept()

    first, second = house.bus.published
    assert first == second
    assert len(house.told_ends.noted) == 1
