"""`execute_command_without_shell`, `debug` and `cost_factor` of a task."""

from pathlib import Path

import pytest

from formicary.domain.task_request import VariableValue
from tests.integration.ant.workbench import Workbench
from tests.integration.ant.world import task

DIRECT = {"execute_command_without_shell": True}


@pytest.fixture
def bench(tmp_path: Path) -> Workbench:
    return Workbench(tmp_path)


def test_without_a_shell_words_reach_the_program_as_they_are(bench: Workbench) -> None:
    script = ["printf '%s\\n' $HOME '*' a\\ b '|' wc", "sh -c 'exit 3'", "echo not reached"]

    outcome = bench.run(task(*script, options=DIRECT))

    assert outcome.log.inline == "$HOME\n*\na b\n|\nwc\n"
    assert (outcome.result.exit_code, outcome.result.failed_command) == ("3", script[1])


@pytest.mark.parametrize(
    ("command", "code", "words"),
    [("unset HOME", "127", "exit code 127"), ("echo 'a", "", "mend its quotes")],
)
def test_without_a_shell_nothing_of_a_shell_is_there(
    bench: Workbench, command: str, code: str, words: str
) -> None:
    outcome = bench.run(task(command, options=DIRECT))

    assert outcome.result.exit_code == code
    assert words in outcome.result.error_message


def test_an_after_script_that_cannot_be_split_is_a_warning(bench: Workbench) -> None:
    outcome = bench.run(task("echo done", after_script=["echo 'a"], options=DIRECT))

    assert outcome.succeeded
    assert "mend its quotes" in outcome.warnings[0]


def test_with_debug_the_log_tells_how_it_began_and_ended_and_no_value(bench: Workbench) -> None:
    message = task("echo out; exit 4", options={"debug": True})
    message.request.variables["Key"] = VariableValue(value="k-9-value")

    log = bench.run(message).log.inline

    assert log.startswith("[debug] SHELL ")
    assert "\n[debug] working directory: /" in log
    assert " Key" in log
    assert "k-9-value" not in log
    assert "\nout\n[debug] FAILED, exit code 4: " in log
    assert "\n[debug] script_finished_at after 0." in log


def test_a_second_costs_what_the_task_says_or_one_and_one_for_each_service(
    bench: Workbench,
) -> None:
    services = [{"name": "a", "image": "i", "instances": 2}, {"name": "b", "image": "i"}]
    for options, factor in [({}, 1), ({"cost_factor": 2.5}, 2.5), ({"services": services}, 4)]:
        message = task("true", options=options)
        assert bench.run(message).response(message, "ant", []).cost_factor == factor
