"""Secrets of a task and of its ant do not leave the host with what the task says."""

from pathlib import Path

import pytest

from tests.integration.ant.workbench import Workbench
from tests.integration.ant.world import World, task

_SECRET = "s3cr3t-Token/42+x"


@pytest.fixture
def bench(tmp_path: Path) -> Workbench:
    return Workbench(tmp_path)


def with_secret(*script: str, **more: object) -> dict[str, object]:
    return {
        "script": script,
        "variables": {"Password": {"value": _SECRET, "secret": True}},
        "options": {"environment": {"PASSWORD": _SECRET}, **more},
    }


def run(bench: Workbench, *script: str, **more: object) -> tuple[str, object]:
    made = with_secret(*script, **more)
    message = task(*made.pop("script"), **made)
    outcome = bench.run(message)
    return bench.text(message, outcome), outcome


@pytest.mark.parametrize(
    "command",
    [
        'echo "$PASSWORD"',
        'printf %s "$PASSWORD" | base64',
        'printf "user:%s" "$PASSWORD" | base64',
        'echo "$PASSWORD" | od -An -v -tx1 | tr -d " \\n"',
        'echo "$PASSWORD" | fold -w 3',
        'printf s3cr3t; sleep 0.1; printf %s "${PASSWORD#s3cr3t}"',
        'set -x; : "$PASSWORD"',
        'echo "$PASSWORD" >&2',
    ],
)
def test_no_way_to_print_a_secret_shows_it(bench: Workbench, command: str) -> None:
    text, _ = run(bench, command)

    assert "***" in text
    assert _SECRET not in text.replace("\n", "")


def test_a_large_log_is_masked_where_it_is_cut_into_chunks(bench: Workbench) -> None:
    script = 'i=0; while [ $i -lt 40000 ]; do echo "$i $PASSWORD and more"; i=$((i+1)); done'

    text, outcome = run(bench, script)

    assert outcome.log.chunks > 1
    assert _SECRET not in text
    assert text.count("***") == 40_000


def test_what_a_task_reports_is_masked_and_a_masked_output_is_told(bench: Workbench) -> None:
    _, outcome = run(
        bench,
        'echo "::set-output name=key::$PASSWORD"; echo "::set-output name=other::fine"',
        f"false {_SECRET}",
        report_stdout="true",
    )

    assert outcome.context == {"key": "***", "other": "fine"}
    assert outcome.warnings == ["the output 'key' holds a secret and was masked"]
    assert outcome.stdout == ["::set-output name=key::***", "::set-output name=other::fine"]
    assert outcome.result.failed_command == "false ***"


def test_artifacts_are_not_masked(bench: Workbench) -> None:
    _, outcome = run(bench, 'printf %s "$PASSWORD" > f', artifacts={"paths": ["f"]})

    assert bench.objects.objects[outcome.artifacts[0].key].decode() == _SECRET


def test_variables_of_the_ant_are_masked_where_a_setting_names_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SITE_KEY", "value-of-the-site")
    bench = Workbench(tmp_path, mask_environment="SITE_KEY", pass_environment="PATH,SITE_KEY")

    assert bench.run(task("echo $SITE_KEY")).log.inline == "***\n"


def test_the_token_of_the_ant_is_masked(world: World) -> None:
    world.start_ant()

    assert world.run("echo secret-token").log.inline == "***\n"


def test_a_gigabyte_of_output_is_bounded_and_does_not_stop_the_task(tmp_path: Path) -> None:
    bench = Workbench(tmp_path, output_limit_bytes=2**20)
    message = task("head -c 1073741824 /dev/zero; echo; echo '::set-output name=end::reached'")

    outcome = bench.run(message)

    assert outcome.result.succeeded
    assert outcome.log.truncated
    assert outcome.log.size < 2**20 + 100
    assert outcome.context == {"end": "reached"}
