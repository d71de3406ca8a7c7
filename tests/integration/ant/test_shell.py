"""SHELL tasks: one session, first failure ends it, nothing outlives it."""

import os
import resource
import signal
import time
from pathlib import Path

import pytest

from ant_agent import log_streamer
from ant_agent.cancellation import Cancellation, StopReason
from formicary.domain.log_streams import read_streams
from formicary.domain.states import RequestState
from tests.integration.ant.workbench import Workbench
from tests.integration.ant.world import eventually, task


@pytest.fixture
def bench(tmp_path: Path) -> Workbench:
    return Workbench(tmp_path)


def alive(pid_file: Path) -> bool:
    try:
        os.kill(int(pid_file.read_text()), 0)
    except ProcessLookupError:
        return False
    return True


def test_all_items_run_in_one_session_so_that_cd_export_and_functions_carry_over(
    bench: Workbench,
) -> None:
    message = task(
        "mkdir -p deep && cd deep",
        'export COLOUR=red\nshout() {\n  echo "$COLOUR in ${PWD##*/}"\n}',
        "shout",
        before_script=["GREETING=hello"],
    )
    message.request.script.append('echo "$GREETING"')

    outcome = bench.run(message)

    assert outcome.log.inline == "red in deep\nhello\n"
    assert outcome.status() is RequestState.COMPLETED
    assert outcome.timings.pre_script_finished_at is not None


def test_the_log_tells_which_stream_wrote_what_where_that_is_asked_for(bench: Workbench) -> None:
    outcome = bench.run(
        task(
            "echo out",
            "sleep 0.3; echo bad >&2; sleep 0.3",
            "echo end",
            options={"separate_streams": True},
        )
    )

    assert outcome.log.inline == "out\nbad\nend\n"
    assert read_streams(outcome.log.streams).switches == (4, 8)


def test_the_first_failing_item_ends_the_session_and_is_named(bench: Workbench) -> None:
    outcome = bench.run(task("echo one", "sh -c 'exit 7'", "echo three"))

    assert outcome.log.inline == "one\n"
    assert outcome.result.exit_code == "7"
    assert outcome.result.failed_command == "sh -c 'exit 7'"
    assert outcome.result.error_code == "ERR_TASK_EXECUTE"
    assert outcome.status() is RequestState.FAILED


@pytest.mark.parametrize(
    ("script", "exit_code"),
    [
        (["exit 3"], "3"),
        (["set -e\nfalse\necho not here"], "1"),
        (["echo 'no end"], "2"),
        (["no-such-command"], "127"),
        (["set -u", "echo $NOT_THERE"], "2"),
        (["kill -KILL $$"], "137"),
        (["sh -c 'kill -TERM $$'"], "143"),
    ],
)
def test_a_shell_that_ends_in_any_way_tells_its_exit_code_and_the_item(
    bench: Workbench, script: list[str], exit_code: str
) -> None:
    outcome = bench.run(task(*script, "echo never"))

    assert outcome.result.exit_code == exit_code
    assert outcome.result.failed_command == script[-1]
    assert "never" not in outcome.log.inline


def test_a_signal_is_named(bench: Workbench) -> None:
    outcome = bench.run(task("kill -SEGV $$"))

    assert (outcome.result.exit_code, outcome.result.exit_message) == ("139", "ended by SIGSEGV")


def test_after_script_always_runs_in_its_own_session_and_only_warns(bench: Workbench) -> None:
    message = task("export X=1; exit 4", after_script=['echo "after:$X"', "exit 5"])

    outcome = bench.run(message)

    assert outcome.log.inline == "after:\n"
    assert outcome.result.exit_code == "4"
    assert outcome.warnings == ["after_script failed: exit code 5"]


def test_stdout_and_stderr_come_in_order_and_stdin_is_empty(bench: Workbench) -> None:
    outcome = bench.run(task("for n in $(seq 200); do echo o$n; echo e$n >&2; done; cat"))

    assert outcome.log.inline == "".join(f"o{n}\ne{n}\n" for n in range(1, 201))
    assert outcome.log.streams == ""


def test_the_environment_has_variables_and_the_attempt_but_nothing_of_the_ant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORMICARY_TOKEN", "very-secret")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://aws")
    monkeypatch.setenv("PRIVATE", "of the ant")
    variables = {
        "Name": {"value": "Ann"},
        "Number": {"value": 3},
        "Flag": {"value": True},
        "List": {"value": [1, "a"]},
        "not-valid": {"value": "x"},
        "Password": {"value": "hidden", "secret": True},
    }
    message = task("env", options={"environment": {"MODE": "fast"}}, variables=variables, attempt=3)

    outcome = Workbench(tmp_path).run(message)

    lines = set(outcome.log.inline.splitlines())
    assert {"Name=Ann", "Number=3", "Flag=true", 'List=[1, "a"]', "MODE=fast"} <= lines
    assert f"FORMICARY_IDEMPOTENCY_KEY={message.task_key}" in lines
    assert {"FORMICARY_ATTEMPT=3", "FORMICARY_TASK_TYPE=work"} <= lines
    assert [line for line in lines if line.startswith("AWS_")] == ["AWS_EC2_METADATA_DISABLED=true"]
    for foreign in ("FORMICARY_TOKEN", "PRIVATE", "hidden", "not-valid"):
        assert foreign not in outcome.log.inline


def test_a_task_may_have_sdks_ask_its_host_for_credentials(bench: Workbench) -> None:
    asking = {"environment": {"AWS_EC2_METADATA_DISABLED": "false"}}

    outcome = bench.run(task("echo $AWS_EC2_METADATA_DISABLED", options=asking))

    assert outcome.log.inline == "false\n"


def test_script_text_does_not_show_in_the_process_list(bench: Workbench) -> None:
    outcome = bench.run(task("# s3cr3t\ntr '\\0' ' ' < /proc/$$/cmdline"))

    assert "s3cr3t" not in outcome.log.inline


def test_a_timeout_covers_the_task_and_kills_children_that_ignore_sigterm(
    bench: Workbench, tmp_path: Path
) -> None:
    pid_file = tmp_path / "pid"
    script = f"trap '' TERM; (trap '' TERM; sleep 60) & echo $! > {pid_file}; wait; wait"

    started = time.monotonic()
    message = task(script, timeout=2, after_script=["echo cleaned"])
    outcome = bench.run(message)

    assert time.monotonic() - started < 30
    assert outcome.status() is RequestState.FAILED
    assert (outcome.result.error_code, outcome.result.exit_code) == ("ERR_TASK_TIMED_OUT", "")
    assert bench.text(message, outcome) == "cleaned\n"
    eventually(lambda: not alive(pid_file))


def test_sigterm_gives_a_task_the_grace_to_clean_up(bench: Workbench) -> None:
    message = task("trap 'echo bye; exit 0' TERM; sleep 60 & wait", timeout=2)
    outcome = bench.run(message)

    assert bench.text(message, outcome) == "bye\n"
    assert outcome.result.error_code == "ERR_TASK_TIMED_OUT"


def test_a_cancel_ends_the_task_as_cancelled(bench: Workbench) -> None:
    def cancel(cancellation: Cancellation) -> None:
        eventually(lambda: "begun" in bench.log_so_far())
        cancellation.stop(StopReason.CANCELLED)

    message = task("echo begun; sleep 60", "echo more")
    outcome = bench.run(message, cancel)

    assert outcome.status() is RequestState.CANCELLED
    assert bench.text(message, outcome) == "begun\n"


@pytest.mark.parametrize("hide", ["setsid", "env -i setsid -f", "nohup"])
def test_a_daemon_that_holds_stdout_open_neither_delays_nor_outlives_the_task(
    tmp_path: Path, hide: str
) -> None:
    pid_file = tmp_path / "pid"
    bench = Workbench(tmp_path)
    daemon = f"{hide} sh -c 'echo $$ > {pid_file}; exec sleep 60' &"
    script = f"{daemon} until [ -s {pid_file} ]; do :; done"

    started = time.monotonic()
    outcome = bench.run(task(script))

    assert time.monotonic() - started < 30
    assert outcome.status() is RequestState.COMPLETED
    if "env -i" in hide:
        # It hides who it is: only an ant that owns its process may end it, once nothing runs.
        os.kill(int(pid_file.read_text()), signal.SIGKILL)
        eventually(lambda: bench.processes.sweep() or not alive(pid_file))
    assert not alive(pid_file)


def test_output_of_100_mb_is_cut_at_the_limit_with_bounded_memory(tmp_path: Path) -> None:
    bench = Workbench(tmp_path, output_limit_bytes=8 * 2**20)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    noise = "head -c 100000000 /dev/zero | tr '\\0' x"
    message = task(noise, "echo; echo '::set-output name=end::yes'")

    outcome = bench.run(message)

    assert outcome.status() is RequestState.COMPLETED
    assert outcome.log.truncated
    assert outcome.context == {"end": "yes"}
    text = bench.text(message, outcome)
    assert len(text) == outcome.log.size < 8 * 2**20 + 100
    assert text.endswith("[output truncated after 8388608 bytes]\n")
    # The objects are kept in memory by the test itself.
    grown_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown_kib < 60 * 1024


def test_bytes_that_are_no_text_do_no_harm(bench: Workbench) -> None:
    outcome = bench.run(task(r"printf 'a\377\376\000b\n'"))

    assert outcome.log.inline == "a\ufffd\ufffd\0b\n"


def test_a_task_may_delete_its_working_directory(bench: Workbench, tmp_path: Path) -> None:
    message = task('rm -rf "$PWD" "$TMPDIR"', after_script=["echo after"])
    message.request.executor_opts.artifacts.paths = ["out.txt"]

    outcome = bench.run(message)

    assert outcome.status() is RequestState.COMPLETED
    assert outcome.log.inline == "after\n"
    assert not list(tmp_path.glob("t*"))


def test_a_task_that_deletes_everything_the_ant_made_for_it_ends_all_the_same(
    bench: Workbench,
) -> None:
    outcome = bench.run(task('rm -rf "$FORMICARY_TASK_DIR"', "echo unreachable"))

    assert outcome.status() is RequestState.FAILED


def test_working_dir_is_below_the_tasks_own_or_absolute(bench: Workbench, tmp_path: Path) -> None:
    relative = bench.run(task("pwd", options={"working_dir": "a/b"}))
    absolute = bench.run(task("pwd", options={"working_dir": str(tmp_path / "there")}))
    outside = bench.run(task("pwd", options={"working_dir": "../.."}))

    assert relative.log.inline.endswith("/work/a/b\n")
    assert absolute.log.inline == f"{tmp_path}/there\n"
    assert (outside.result.error_code, outside.log.inline) == ("ERR_VALIDATION", "")


def test_long_output_becomes_chunks_that_do_not_cut_characters(bench: Workbench) -> None:
    message = task("i=0; while [ $i -lt 3000 ]; do echo '\u00e9\u20ac'; i=$((i+1)); done")

    outcome = bench.run(message)

    assert outcome.log.chunks >= 1
    assert outcome.log.inline == ""
    assert bench.text(message, outcome) == "\u00e9\u20ac\n" * 3000
    for chunk in bench.objects.objects.values():
        chunk.decode()


def test_output_is_shipped_while_the_task_runs(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_streamer, "_FLUSH_SECONDS", 0.5)
    message = task("echo early; sleep 60")
    key = f"{message.object_prefix}log/000001"

    def cancel_once_shipped(cancellation: Cancellation) -> None:
        eventually(lambda: key in bench.objects.objects)
        cancellation.stop(StopReason.CANCELLED)

    outcome = bench.run(message, cancel_once_shipped)

    assert bench.objects.objects[key] == b"early\n"
    assert (outcome.log.chunks, outcome.log.inline) == (1, "")


def test_a_store_that_is_away_for_a_moment_costs_no_output(bench: Workbench) -> None:
    bench.objects.failures = 1
    message = task("head -c 10000 /dev/zero | tr '\\0' x")

    outcome = bench.run(message)

    assert bench.text(message, outcome) == "x" * 10000


def test_stdout_is_reported_when_asked_for(bench: Workbench) -> None:
    outcome = bench.run(task("echo one; echo two", options={"report_stdout": True}))

    assert outcome.stdout == ["one", "two"]


def test_a_method_that_no_executor_knows_fails_clearly(bench: Workbench) -> None:
    outcome = bench.run(task("x", options={"method": "KUBERNETES"}))

    assert outcome.result.error_code == "ERR_UNSUPPORTED_METHOD"
    assert "KUBERNETES" in outcome.result.error_message


def test_the_moments_of_an_attempt_are_told_in_their_order(bench: Workbench) -> None:
    options = {"artifacts": {"paths": ["f"]}}

    outcome = bench.run(
        task("echo x > f", before_script=["true"], after_script=["true"], options=options)
    )

    told = outcome.timings
    moments = [
        told.received_at,
        told.dependent_artifacts_downloaded_at,
        told.pod_started_at,
        told.script_finished_at,
        told.post_script_finished_at,
        told.artifacts_uploaded_at,
    ]
    assert None not in moments
    assert moments == sorted(moments)
    assert told.pre_script_finished_at is not None
