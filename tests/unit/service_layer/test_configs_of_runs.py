"""Configs reach templates in their order of precedence, and nothing that no template names."""

from formicary.domain.config import Config, ConfigOwner, ConfigScope
from formicary.domain.states import RequestState
from tests.unit.service_layer.engine_world import TENANT, Result, World

ORGANIZATION = ConfigOwner(ConfigScope.ORGANIZATION)
USER = ConfigOwner(ConfigScope.USER, "user")
JOB = ConfigOwner(ConfigScope.JOB, "greet")
TEXT = """\
job_type: greet
job_variables:
  Declared: from-definition
retry: 0
tasks:
- task_type: hello
  method: SHELL
  variables:
    Own: from-task
  script:
  - echo {{.X}}|{{.Declared}}|{{.Own}}
"""


def ran(text=TEXT, params=None, **configs):
    """Run the job with configs by owner and return the messages that ants got."""
    messages = []

    def outcome(message):
        messages.append(message)
        return Result("1")

    world = World(outcome)
    owners = {"org": ORGANIZATION, "user": USER, "job": JOB}
    for scope, values in configs.items():
        for name, value in values.items():
            now = world.clock.now()
            world.configs.put(TENANT, Config(owners[scope], name, value, now, now))
    world.upload(text)
    request = world.submit("greet", **(params or {}))
    world.settle()
    assert world.run(request).state is RequestState.FAILED
    return messages


def echoed(**more):
    return ran(**more)[0].request.script[0].removeprefix("echo ").split("|")


def test_a_users_config_goes_over_the_organizations() -> None:
    assert echoed(org={"X": "org"}, user={"X": "user"})[0] == "user"


def test_a_config_of_the_job_goes_over_the_users() -> None:
    assert echoed(user={"X": "user"}, job={"X": "job"})[0] == "job"


def test_variables_of_the_definition_stand_between() -> None:
    assert echoed(org={"Declared": "org"}, user={"Declared": "user"})[1] == "from-definition"
    assert echoed(job={"Declared": "job"})[1] == "job"


def test_variables_of_the_task_and_params_go_over_configs() -> None:
    assert echoed(job={"Own": "job"})[2] == "from-task"
    assert echoed(job={"X": "job"}, params={"X": "param"})[0] == "param"


def test_policy_fields_see_configs() -> None:
    text = TEXT.replace("method: SHELL\n", "method: SHELL\n  retry: {{.Tries}}\n")

    assert len(ran(text, org={"Tries": 2})) == 3


def test_configs_are_not_among_the_variables_of_a_task() -> None:
    message = ran(org={"X": "x", "Other": "o"}, job={"Third": "t"})[0]

    assert {"X", "Other", "Third"}.isdisjoint(message.request.variables)


def test_nothing_is_read_when_every_name_is_known() -> None:
    world = World()

    class Unread:
        def list(self, *_):
            raise AssertionError("read")

    world.configs = Unread()
    world.engine = world._engine()
    world.upload(TEXT)
    request = world.submit("greet", X="x", Declared="d", Own="o")
    world.settle()

    assert world.run(request).state is RequestState.COMPLETED
