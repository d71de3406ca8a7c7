"""What a task that awaits children hands on: what the attempts that counted have left."""

from formicary.domain.states import RequestState
from formicary.domain.task_request import TaskMessage
from tests.unit.service_layer.engine_world import Result, World

CHILD = """
job_type: encode
tasks:
- task_type: encode-part
  method: SHELL
  retry: 1
  script: [encode]
  artifacts:
    paths: [out.webm]
    when: always
"""
PARENT = """
job_type: encode-all
tasks:
- task_type: fork
  method: FORK_JOB
  fork_job_type: encode
  on_completed: fork-other
- task_type: fork-other
  method: FORK_JOB
  fork_job_type: encode
  on_completed: wait
- task_type: wait
  method: AWAIT_FORKED_JOB
  await_forked_tasks: [fork, fork-other]
  on_completed: join
- task_type: join
  method: SHELL
  dependencies: [wait]
  script: [join]
"""
PATHS = ["fork-other/out.webm", "fork/out.webm", "out.webm"]
FILE = Result(artifacts=("out.webm",))


def _world(joined: list[TaskMessage], first: Result = FILE) -> World:
    def outcome(message: TaskMessage) -> Result:
        if message.request.task_type == "join":
            joined.append(message)
            return Result()
        return first if message.attempt == 1 else FILE

    world = World(outcome)
    world.upload(CHILD)
    world.upload(PARENT)
    return world


def test_the_late_report_of_a_lost_ant_adds_nothing() -> None:
    joined: list[TaskMessage] = []
    world = _world(joined)
    request = world.submit("encode-all")
    while world.handle_events():
        pass
    lost, other = world.receive_task(), world.receive_task()
    assert lost is not None
    assert other is not None
    message = lost[1].message
    world.clock.advance(31)
    assert world.work()
    assert world.handle_events()
    world.report(message, FILE)
    assert world.handle_events()
    world.settle()

    assert world.run(request).state is RequestState.COMPLETED
    assert sorted(a.path for a in joined[0].dependencies) == PATHS
    assert not any(a.key.startswith(message.object_prefix) for a in joined[0].dependencies)


def test_an_attempt_that_failed_adds_nothing() -> None:
    joined: list[TaskMessage] = []
    world = _world(joined, Result("1", artifacts=("out.webm",)))
    request = world.submit("encode-all")
    world.settle()

    assert world.run(request).state is RequestState.COMPLETED
    assert sorted(a.path for a in joined[0].dependencies) == PATHS
