"""The engine looks at the table of error codes when a task has failed, and only then."""

from formicary.domain.error_rules import ErrorAction, ErrorRule
from formicary.domain.states import RequestState
from tests.unit.service_layer.engine_jobs import PIPELINE
from tests.unit.service_layer.engine_world import TENANT, Result, World


class CountedRules:
    """Counts how often the table is read."""

    def __init__(self, *rules: ErrorRule) -> None:
        self.rules = rules
        self.reads = 0

    def list(self, tenant: str) -> list[ErrorRule]:
        self.reads += 1
        return [rule for rule in self.rules if rule.tenant == tenant]


def a_world(outcome: Result, *rules: ErrorRule) -> tuple[World, CountedRules]:
    world = World(lambda message: outcome if message.request.task_type == "extract" else Result())
    table = CountedRules(*rules)
    world.error_rules = table  # type: ignore[assignment]
    world.engine = world._engine()
    world.upload(PIPELINE)
    return world, table


def a_rule(world: World, action: ErrorAction | None) -> ErrorRule:
    now = world.clock.now()
    return ErrorRule(
        id="1",
        tenant=TENANT,
        error_code="ERR_DISK_FULL",
        exit_code="75",
        display_message="the disk is full",
        action=action,
        created_at=now,
        updated_at=now,
    )


def test_a_failure_gets_the_code_and_the_words_of_its_row() -> None:
    world, table = a_world(Result("75"))
    table.rules = (a_rule(world, None),)
    request = world.submit("pipeline", Name="ant")
    world.settle()
    run = world.run(request)
    assert (run.error_code, run.error_message) == ("ERR_DISK_FULL", "the disk is full")
    assert world.tasks(request)["extract"].error_code == "ERR_DISK_FULL"
    assert table.reads == 2


def test_the_action_of_the_row_is_obeyed() -> None:
    world, table = a_world(Result("75"))
    table.rules = (a_rule(world, ErrorAction.SUSPEND_JOB),)
    request = world.submit("pipeline", Name="ant")
    world.settle()
    assert world.run(request).state is RequestState.PAUSED


def test_a_job_in_which_nothing_fails_never_reads_the_table() -> None:
    world, table = a_world(Result())
    world.submit("pipeline", Name="ant")
    world.settle()
    assert table.reads == 0
