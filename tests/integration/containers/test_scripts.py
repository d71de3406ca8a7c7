"""Scripts in a container of a real engine: order, sessions, exit codes, stops, files."""

from ant_agent.cancellation import Cancellation, StopReason
from formicary.domain.states import RequestState, TaskMethod
from tests.integration.ant.world import eventually
from tests.integration.containers.benches import ContainerBench


def test_one_session_runs_before_script_and_script_another_the_after_script(
    bench: ContainerBench,
) -> None:
    outcome, text = bench.run(
        "echo in $PWD with $COLOUR",
        before_script=["export COLOUR=red", "cd /tmp"],
        after_script=["echo after in $PWD with ${COLOUR:-none}"],
    )

    assert text == "in /tmp with red\nafter in /formicary/work with none\n"
    assert outcome.status() is RequestState.COMPLETED
    assert (outcome.result.exit_code, outcome.warnings) == ("0", [])


def test_timings_tell_each_step(bench: ContainerBench) -> None:
    outcome, _ = bench.run("true", before_script=["true"], after_script=["true"])

    timings = outcome.timings
    steps = [
        timings.received_at,
        timings.dependent_artifacts_downloaded_at,
        timings.pod_started_at,
        timings.pre_script_finished_at,
        timings.script_finished_at,
        timings.post_script_finished_at,
        timings.pod_shutdown_at,
    ]
    assert steps == sorted(step for step in steps if step is not None)


def test_the_first_failing_command_is_named_and_ends_the_script(bench: ContainerBench) -> None:
    outcome, text = bench.run("echo one", "sh -c 'exit 7'", "echo two", after_script=["exit 3"])

    result = outcome.result
    assert (text, result.exit_code, result.failed_command) == ("one\n", "7", "sh -c 'exit 7'")
    assert result.error_code == "ERR_TASK_EXECUTE"
    assert outcome.warnings == ["after_script failed: exit code 3"]


def test_without_a_shell_words_reach_the_program_as_they_are(bench: ContainerBench) -> None:
    outcome, text = bench.run(
        "printf '%s\\n' $HOME '*' '|'",
        "unset HOME",
        after_script=["echo $?"],
        options={"execute_command_without_shell": True},
    )

    assert "$HOME\n*\n|\n" in text
    assert text.endswith("$?\n")
    assert (outcome.result.exit_code, outcome.result.failed_command) == ("127", "unset HOME")


def test_debug_tells_of_no_folder_that_the_container_does_not_have(bench: ContainerBench) -> None:
    text = bench.output("pwd", options={"debug": True})

    assert "[debug] image: alpine:latest\n" in text
    assert "\n/formicary/work\n" in text
    assert str(bench.workbench.folder) not in text


def test_signals_and_lack_of_memory_are_told_apart(bench: ContainerBench) -> None:
    killed, _ = bench.run("kill -9 $$")
    starved, _ = bench.run("tail /dev/zero", container={"memory_limit": "32Mi"})

    assert (killed.result.exit_code, killed.result.error_code) == ("137", "ERR_TASK_EXECUTE")
    assert killed.result.error_message == "ended by SIGKILL"
    assert (starved.result.exit_code, starved.result.error_code) == ("137", "ERR_OUT_OF_MEMORY")
    assert "limit of 33554432 bytes" in starved.result.error_message
    assert "raise memory_limit" in starved.result.error_message


def test_a_script_that_ends_the_whole_container_fails_in_words(bench: ContainerBench) -> None:
    outcome, _ = bench.run("kill -9 -1; kill -USR2 1; sleep 60")

    assert outcome.result.error_code in {"ERR_TASK_EXECUTE", "ERR_CONTAINER"}
    assert outcome.result.error_message


def test_a_timeout_ends_a_script_that_ignores_sigterm_and_after_script_still_runs(
    bench: ContainerBench,
) -> None:
    def time_out(cancellation: Cancellation) -> None:
        eventually(lambda: "deaf" in bench.log_so_far())
        cancellation.stop(StopReason.TIMED_OUT)

    outcome, text = bench.run(
        "trap '' TERM",
        "echo deaf",
        "while :; do sleep 9; done",
        after_script=["echo x"],
        when_started=time_out,
    )

    assert (outcome.stopped, outcome.result.error_code) == (
        StopReason.TIMED_OUT,
        "ERR_TASK_TIMED_OUT",
    )
    assert text == "deaf\nx\n"


def test_a_cancel_gives_the_script_its_grace(bench: ContainerBench) -> None:
    def cancel(cancellation: Cancellation) -> None:
        eventually(lambda: "waiting" in bench.log_so_far())
        cancellation.stop(StopReason.CANCELLED)

    outcome, text = bench.run(
        "trap 'echo tidied; exit 0' TERM; echo waiting; while :; do sleep 0.1; done",
        when_started=cancel,
    )

    assert outcome.status() is RequestState.CANCELLED
    # The shell may say of the sleep that it was terminated, too.
    assert text.startswith("waiting\n")
    assert text.endswith("tidied\n")


def test_an_abandoned_task_ends_at_once(bench: ContainerBench) -> None:
    def abandon(cancellation: Cancellation) -> None:
        eventually(lambda: "waiting" in bench.log_so_far())
        cancellation.stop(StopReason.ABANDONED)

    outcome, _ = bench.run("echo waiting; sleep 100", when_started=abandon, after_script=["no"])

    assert outcome.stopped is StopReason.ABANDONED


def test_daemons_do_not_hold_a_task_up_and_end_with_it(bench: ContainerBench) -> None:
    text = bench.output("sleep 1000 &", "setsid sh -c 'sleep 1000' &", "echo gone")

    assert text == "gone\n"


def test_a_script_may_delete_its_working_directory_and_ours(bench: ContainerBench) -> None:
    text = bench.output('rm -rf "$PWD"; echo still here', after_script=["pwd"])
    outcome, _ = bench.run("rm -rf /formicary", "echo unreachable")

    assert text == "still here\n/formicary/work\n"
    assert outcome.status() is RequestState.FAILED


def test_binary_output_arrives_byte_by_byte(bench: ContainerBench) -> None:
    message = bench.message("head -c 3000000 /dev/urandom | tee bytes; sha256sum bytes >sum")
    options = message.request.executor_opts
    options.artifacts.paths = ["bytes"]

    outcome = bench.workbench.run(message)

    objects = bench.workbench.objects.objects
    keys = sorted(key for key in objects if "/log/" in key)
    kept = b"".join(objects[key] for key in keys)
    made = objects[outcome.artifacts[0].key]
    if bench.method is TaskMethod.KUBERNETES:
        # A cluster keeps logs as lines: it drops carriage returns and ends the last one.
        made, kept = made.replace(b"\r\n", b"\n"), kept.removesuffix(b"\n")
        made = made.removesuffix(b"\n").removesuffix(b"\r")
    assert kept == made


def test_files_go_in_and_artifacts_come_out(bench: ContainerBench) -> None:
    message = bench.message(
        "cat given.txt in/deep.txt",
        "mkdir -p out/sub && echo built >out/sub/a.bin && echo b >b.log && echo c >.hidden",
        "ln -s /etc/passwd leak; ln -s sub/a.bin out/link",
        dependencies=[
            bench.workbench.artifact("given.txt", b"one\n"),
            bench.workbench.artifact("in/deep.txt", b"two\n"),
        ],
        options={"artifacts": {"paths": ["out", "*.log", "leak", "none"]}},
    )

    outcome = bench.workbench.run(message)

    assert bench.workbench.text(message, outcome) == "one\ntwo\n"
    assert [artifact.path for artifact in outcome.artifacts] == ["out", "b.log"]
    assert any("/etc/passwd" in warning for warning in outcome.warnings)
    assert "artifact path 'none' matches nothing" in outcome.warnings


def test_artifacts_of_a_failed_script_come_out_where_they_are_asked_for(
    bench: ContainerBench,
) -> None:
    outcome, _ = bench.run(
        "echo why >core.txt", "false", options={"artifacts": {"paths": ["*.txt"], "when": "always"}}
    )

    assert [artifact.path for artifact in outcome.artifacts] == ["core.txt"]
