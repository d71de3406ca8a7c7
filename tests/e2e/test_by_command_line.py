"""The command line as a process: what it prints, and what its exit code tells."""

from __future__ import annotations

import json

from formicary.entrypoints.local.home import CHECKOUT
from tests.e2e.api import states_of

EXAMPLES = CHECKOUT / "examples"


def push(system, *names: str) -> None:
    done = system.formicary("job", "push", *(str(EXAMPLES / f"{name}.yaml") for name in names))
    assert done.returncode == 0, done.stderr


def test_the_demo_job_completes_and_its_report_can_be_fetched(system, tmp_path):
    push(system, "word-count", "word-statistics")

    done = system.formicary(
        *("job", "run", "word-statistics", "-p", f"InputDir={EXAMPLES / 'data'}"),
        *("--wait", "--output", "json"),
    )

    assert done.returncode == 0, done.stderr
    run = json.loads(done.stdout)
    states = states_of(run)
    assert run["job_state"] == "COMPLETED"
    assert states["proofread"] == "FAILED"  # optional
    assert states["clean-up"] == "COMPLETED"  # always
    report = tmp_path / "report.txt"
    fetched = system.formicary(
        *("artifact", "download", "report.txt", "--run", run["id"], "-o", str(report))
    )
    assert fetched.returncode == 0, fetched.stderr
    assert report.read_text().strip()
    logs = system.formicary("run", "logs", run["id"], "clean-up")
    assert "cleaned up" in logs.stdout


def test_wait_ends_with_1_when_the_job_has_failed(system):
    push(system, "cleanup")

    done = system.formicary("job", "run", "cleanup", "-p", "Mode=broken", "--wait")

    assert done.returncode == 1, done.stderr
    assert "FAILED" in done.stdout


def test_wait_ends_with_7_when_the_job_was_cancelled(system, api):
    push(system, "cleanup")
    started = system.formicary("job", "run", "cleanup", "-p", "Seconds=300")
    request = started.stdout.strip()
    api.executes(request, "work")

    cancelled = system.formicary("run", "cancel", request)
    assert cancelled.returncode == 0, cancelled.stderr
    waiting = system.formicary("run", "logs", "-f", request)

    assert waiting.returncode == 7, waiting.stderr
    assert states_of(api.run(request))["give-back"] == "COMPLETED"


def test_wait_sees_a_cancel_by_somebody_else(system, api):
    api.define(
        "job_type: e2e-wait-cancel\ntasks:\n- task_type: linger\n  method: SHELL\n"
        "  script: ['sleep 300']\n"
    )
    with system.start_formicary("job", "run", "e2e-wait-cancel", "--wait") as waiting:
        request = waiting.stderr.readline().split()[1]
        api.executes(request, "linger")
        assert api.cancel(request).status == 202
        waiting.communicate(timeout=120)

    assert waiting.returncode == 7


def test_what_is_wrong_has_exit_codes_of_its_own(system, tmp_path):
    bad = tmp_path / "bad.yaml"
    bad.write_text("job_type: e2e-bad\ntasks:\n- task_type: a\n  metod: SHELL\n")

    pushed = system.formicary("job", "push", str(bad))
    unknown = system.formicary("job", "run", "e2e-no-such-job")
    stranger = system.formicary("run", "list", "--token", "fmc_wrong")

    assert pushed.returncode == 2
    assert "metod" in pushed.stderr
    assert unknown.returncode == 3
    assert stranger.returncode == 5
    assert "Traceback" not in pushed.stderr + unknown.stderr + stranger.stderr
