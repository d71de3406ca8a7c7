"""Tasks in containers of real engines whose logs tell stderr from stdout, and long logs of pods."""

import hashlib
import time
from pathlib import Path
from typing import Any

import pytest

from ant_agent.cancellation import Cancellation, StopReason
from ant_agent.executors.kubernetes.cluster import Cluster
from ant_agent.task_outcome import Outcome
from formicary.domain.log_streams import Stream
from formicary.domain.states import TaskMethod
from tests.engines import IMAGE
from tests.integration.ant.world import eventually
from tests.integration.containers.benches import ContainerBench, KubernetesBench

# Engines take their time for each line: few of them shall be megabytes.
WORDS = "a line of a thousand bytes ".ljust(1000, ".")


def count(first: int, last: int) -> str:
    """Return the command that writes numbered lines."""
    return f"awk 'BEGIN {{ for (n = {first}; n <= {last}; n++) print n, \"{WORDS}\" }}'"


def run(bench: ContainerBench, *script: str, **changes: Any) -> tuple[Outcome, bytes, bytes]:
    """Run a script; return how it went and what came from stdout and from stderr."""
    message = bench.message(*script, options={"separate_streams": True}, **changes)
    outcome = bench.workbench.run(message)
    stdout, stderr = (bench.workbench.written_to(stream, message, outcome) for stream in Stream)
    return outcome, stdout, stderr


def test_the_log_tells_which_stream_wrote_what(bench: ContainerBench) -> None:
    message = bench.message(
        "echo out",
        "sleep 0.5; echo bad >&2; sleep 0.5",
        "echo end",
        after_script=["echo x >&2"],
        options={"separate_streams": True},
    )

    outcome = bench.workbench.run(message)

    assert bench.workbench.text(message, outcome) == "out\nbad\nend\nx\n"
    assert bench.workbench.written_to(Stream.STDOUT, message, outcome) == b"out\nend\n"
    assert bench.workbench.written_to(Stream.STDERR, message, outcome) == b"bad\nx\n"


def test_nothing_that_a_script_wrote_comes_after_its_end(bench: ContainerBench) -> None:
    options = {"separate_streams": True}
    _, text = bench.run("seq 5000 >&2; seq 5000", after_script=["echo after"], options=options)

    assert text.endswith("after\n")
    assert len(text.splitlines()) == 10_001


def test_ten_megabytes_on_stderr_come_whole_beside_those_on_stdout(bench: ContainerBench) -> None:
    outcome, stdout, stderr = run(bench, f"{count(1, 10_500)} >&2 & seq 5000; wait", "echo done")

    assert outcome.succeeded, outcome.result
    wanted = b"".join(b"%d %s\n" % (number, WORDS.encode()) for number in range(1, 10_501))
    assert len(wanted) > 10_000_000
    assert hashlib.sha256(stderr).digest() == hashlib.sha256(wanted).digest()
    assert stdout == b"".join(b"%d\n" % number for number in range(1, 5_001)) + b"done\n"


def test_bytes_on_stderr_arrive_as_they_are(bench: ContainerBench) -> None:
    script = "head -c 300000 /dev/urandom | tee bytes >&2; sha256sum <bytes; od -An -c bytes | tail"
    message = bench.message(script, options={"separate_streams": True})
    message.request.executor_opts.artifacts.paths = ["bytes"]

    outcome = bench.workbench.run(message)

    made = bench.workbench.objects.objects[outcome.artifacts[0].key]
    kept = bench.workbench.written_to(Stream.STDERR, message, outcome)
    if bench.method is TaskMethod.KUBERNETES:
        # A cluster keeps logs as lines: it drops carriage returns and ends the last one.
        made, kept = made.replace(b"\r\n", b"\n"), kept.removesuffix(b"\n")
        made = made.removesuffix(b"\n").removesuffix(b"\r")
    assert kept == made


def test_whoever_keeps_stderr_open_holds_nothing_up(bench: ContainerBench) -> None:
    outcome, stdout, stderr = run(
        bench, "sleep 1000 >/dev/null &", "(while :; do sleep 1; done) & echo bad >&2", "echo gone"
    )

    assert (outcome.succeeded, stdout, stderr) == (True, b"gone\n", b"bad\n")


def test_a_script_may_close_its_stderr_and_open_it_again(bench: ContainerBench) -> None:
    outcome, stdout, stderr = run(
        bench,
        "exec 3>&2 2>&-; echo unheard >&2 || :",
        "echo heard",
        "exec 2>&3 3>&-; echo again >/dev/stderr; exit 3",
        after_script=["echo after >&2"],
    )

    assert (outcome.result.exit_code, stdout) == ("3", b"heard\n")
    assert stderr.endswith(b"again\nafter\n")


def test_exit_codes_and_signals_are_those_of_the_script(bench: ContainerBench) -> None:
    failed, stdout, _ = run(bench, "echo one; sh -c 'exit 7'", "echo two")
    killed, _, _ = run(bench, "kill -9 $$")

    assert (failed.result.exit_code, failed.result.failed_command, stdout) == (
        "7",
        "echo one; sh -c 'exit 7'",
        b"one\n",
    )
    assert (killed.result.exit_code, killed.result.error_message) == ("137", "ended by SIGKILL")


def test_a_cancel_ends_a_script_that_writes_to_both(bench: ContainerBench) -> None:
    def cancel(cancellation: Cancellation) -> None:
        eventually(lambda: "waiting" in bench.log_so_far())
        cancellation.stop(StopReason.CANCELLED)

    outcome, text = bench.run(
        "trap 'echo tidied >&2; exit 0' TERM; echo waiting; while :; do sleep 0.1; done",
        options={"separate_streams": True},
        when_started=cancel,
    )

    assert outcome.stopped is StopReason.CANCELLED
    assert text.startswith("waiting\n")
    assert "tidied\n" in text


def test_a_script_that_deletes_everything_of_ours_is_still_heard(bench: ContainerBench) -> None:
    _, stdout, stderr = run(bench, "rm -rf /formicary/* 2>/dev/null; echo bad >&2; echo out")

    assert (stdout, stderr[:4]) == (b"out\n", b"bad\n")


@pytest.mark.parametrize("separate", [False, True])
def test_a_log_that_the_cluster_turns_over_comes_whole(
    kubernetes_bench: KubernetesBench, monkeypatch: pytest.MonkeyPatch, separate: bool
) -> None:
    """A kubelet looks each ten seconds whether a log is over its size, 10 MiB by default.

    The first to read the log comes late, as on a busy machine: nothing may be written before.
    """
    follow, late = Cluster.log, [12.0]

    def follow_late(self: Cluster, *arguments: Any) -> Any:
        time.sleep(late.pop() if late else 0)
        return follow(self, *arguments)

    monkeypatch.setattr(Cluster, "log", follow_late)
    message = kubernetes_bench.message(
        f"{count(1, 12_000)} >&2; sleep 15; {count(12_001, 13_000)} >&2; echo end >&2",
        options={"separate_streams": separate},
        timeout=120,
    )

    outcome = kubernetes_bench.workbench.run(message)

    text = kubernetes_bench.workbench.text(message, outcome)
    assert outcome.succeeded, outcome.result
    assert [int(line.split()[0]) for line in text.splitlines()[:-1]] == [*range(1, 13_001)]
    assert text.endswith("\nend\n")


def test_files_and_services_are_there_before_the_first_line_of_either_stream(
    bench: ContainerBench,
) -> None:
    service = {"name": "pong", "image": IMAGE, "ports": [{"number": 7070}]}
    service["command"] = ["sh", "-c", "while :; do echo pong | nc -l -p 7070; done"]
    message = bench.message(
        "cat given.txt >&2; nc pong 7070 </dev/null; echo made >made.txt",
        dependencies=[bench.workbench.artifact("given.txt", b"given\n")],
        options={
            "separate_streams": True,
            "services": [service],
            "artifacts": {"paths": ["made.txt"]},
        },
    )

    outcome = bench.workbench.run(message)

    assert outcome.succeeded, outcome.result
    assert bench.workbench.written_to(Stream.STDERR, message, outcome) == b"given\n"
    assert bench.workbench.written_to(Stream.STDOUT, message, outcome) == b"pong\n"
    assert [artifact.path for artifact in outcome.artifacts] == ["made.txt"]


def test_the_limit_of_the_output_and_masks_hold_for_both_streams_together(
    cluster: Cluster, tmp_path: Path
) -> None:
    bench = KubernetesBench(cluster, tmp_path, output_limit_bytes=100_000)

    text = bench.output(
        "echo hidden-word >&2; sleep 0.3; seq 20000 >&2 & seq 20000; wait; echo past",
        variables={"Password": {"value": "hidden-word", "secret": True}},
        options={"separate_streams": True},
    )

    note = "\n[output truncated after 100000 bytes]\n"
    assert text.startswith("***\n")
    assert len(text) == 100_000 + len(note)
    assert text.endswith(note)
    bench.close()
