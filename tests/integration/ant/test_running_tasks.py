"""An ant with real queues, real processes and a control plane that listens."""

import pytest

from formicary.domain.states import RequestState
from tests.integration.ant.world import World, eventually, task

pytestmark = pytest.mark.emulator


def test_a_task_is_run_reported_with_its_proof_and_its_message_deleted(world: World) -> None:
    world.start_ant(tags="Linux")
    message = world.send(task("echo hello", "exit 0"))

    response = world.outcome(message)

    assert response.status is RequestState.COMPLETED
    assert (response.exit_code, response.ant_id, response.log.inline) == ("0", "ant-1", "hello\n")
    assert world.reports()[0].proof == message.proof
    assert world.reports()[0].execution_id == message.request.job_execution_id
    eventually(lambda: world.messages_left() == 0)
    registration = world.control_plane.registered[0]
    assert registration["methods"] == ["SHELL", "HTTP_GET"]
    assert registration["tags"] == ["Linux"]
