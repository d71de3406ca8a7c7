import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from formicary.entrypoints.cli.exit_codes import MEANINGS
from tests.unit.cli.fake_control_plane import Answer
from tests.unit.cli.runs import DEFINITION, RUN_ID, a_run

REQUESTS = "/api/jobs/requests"
DOCUMENTATION = Path(__file__).parents[3] / "docs" / "cli.md"


@pytest.mark.parametrize(("state", "code"), [("COMPLETED", 0), ("FAILED", 1), ("CANCELLED", 7)])
def test_waiting_ends_with_the_exit_code_of_the_final_state(formicary, plane, state, code):
    plane.on("POST", REQUESTS, Answer(a_run("PENDING"), 201))
    plane.on("GET", f"{REQUESTS}/{RUN_ID}", Answer(a_run("EXECUTING")), Answer(a_run(state)))
    plane.on("GET", "/api/jobs/definitions/greet:1", Answer(DEFINITION))

    outcome = formicary("job", "run", "greet", "--wait")

    assert outcome.code == code
    assert state in outcome.out


def test_a_wait_that_takes_too_long_ends_with_8(formicary, plane):
    plane.on("POST", REQUESTS, Answer(a_run("PENDING"), 201))
    plane.on("GET", f"{REQUESTS}/{RUN_ID}", Answer(a_run("EXECUTING")))

    outcome = formicary("job", "run", "greet", "--wait", "--timeout", "0.3")

    assert outcome.code == 8
    assert "goes on" in outcome.err


@pytest.mark.parametrize(
    ("status", "code"),
    [(400, 2), (413, 2), (401, 5), (403, 5), (404, 3), (409, 4), (429, 6), (500, 6), (503, 6)],
)
def test_a_problem_of_the_control_plane_has_its_exit_code(formicary, plane, status, code):
    plane.problem("POST", REQUESTS, status, "because", code="ERR_X")

    outcome = formicary("job", "run", "greet")

    assert outcome.code == code
    assert "because" in outcome.err
    assert outcome.out == ""
    assert "Traceback" not in outcome.err


def test_nobody_listening_ends_with_6(formicary):
    outcome = formicary("--url", "http://127.0.0.1:9", "job", "list")

    assert outcome.code == 6
    assert "http://127.0.0.1:9" in outcome.err
    assert "make up" in outcome.err


@pytest.mark.parametrize(
    "arguments",
    [["job", "run"], ["job", "nonsense"], ["nonsense"], ["job", "list", "--limit", "0"]],
)
def test_wrong_usage_ends_with_2(formicary, arguments):
    outcome = formicary(*arguments)

    assert outcome.code == 2
    assert "Usage" in outcome.err or "No such" in outcome.err


def test_no_address_anywhere_ends_with_2_and_says_how_to_give_one(formicary, monkeypatch, tmp_path):
    monkeypatch.delenv("FORMICARY_URL")
    monkeypatch.setenv("FORMICARY_HOME", str(tmp_path / "nowhere"))

    outcome = formicary("job", "list")

    assert outcome.code == 2
    assert "FORMICARY_URL" in outcome.err


def test_ctrl_c_while_waiting_ends_with_130_and_says_that_the_run_goes_on(plane):
    plane.on("POST", REQUESTS, Answer(a_run("PENDING"), 201))
    plane.on("GET", f"{REQUESTS}/{RUN_ID}", Answer(a_run("EXECUTING")))
    # Whoever runs tests in the background of a shell has SIGINT ignored, and so have its children.
    command = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "from formicary.entrypoints.cli import main; main()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", command, "job", "run", "greet", "--wait", "--url", plane.url],
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    while not any(asked.method == "GET" for asked in plane.asked):
        time.sleep(0.05)

    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=20)

    assert process.returncode == 130
    assert f"formicary run show {RUN_ID}" in told
    assert "Traceback" not in told


def test_help_and_documentation_name_every_exit_code(formicary):
    shown = formicary("--help").out
    documented = DOCUMENTATION.read_text()

    for code, meaning in MEANINGS.items():
        assert f"{code.value}  {meaning}" in shown
        assert f"| {code.value} | {meaning} |" in documented
