"""Background processes are found again, and a stranger with the same pid is left alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from formicary.entrypoints.local.errors import LocalError
from formicary.entrypoints.local.home import Home
from formicary.entrypoints.local.processes import Daemon, start_mark

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]
IGNORE_SIGTERM = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("deaf", flush=True)
time.sleep(60)
"""
DEAF = [sys.executable, "-c", IGNORE_SIGTERM]


@pytest.fixture
def daemon(tmp_path):
    daemon = Daemon(tmp_path / "it.json", tmp_path / "it.log")
    yield daemon
    daemon.stop(grace_seconds=0.1)


def start(daemon, command):
    return daemon.start(command, environment={}, folder=daemon.log_file.parent, facts={"port": 1})


def test_a_started_process_is_known_by_another_command(daemon):
    pid = start(daemon, SLEEP)

    again = Daemon(daemon.record_file, daemon.log_file)

    assert again.pid() == pid
    assert again.fact("port") == 1


def test_it_has_a_session_of_its_own_so_that_closing_the_terminal_does_not_end_it(daemon):
    pid = start(daemon, SLEEP)

    assert os.getsid(pid) == pid


def test_a_stopped_process_is_gone_and_stopping_again_is_fine(daemon):
    pid = start(daemon, SLEEP)

    assert daemon.stop(grace_seconds=5)
    assert daemon.stop(grace_seconds=5)
    assert start_mark(pid) is None


def test_one_that_ignores_the_request_is_killed_after_the_grace(daemon):
    pid = start(daemon, DEAF)
    while "deaf" not in daemon.log_tail():
        pass

    assert not daemon.stop(grace_seconds=0.2)
    assert start_mark(pid) is None


def test_a_stranger_with_the_recorded_pid_is_neither_taken_for_ours_nor_killed(daemon):
    stranger = subprocess.Popen(SLEEP)
    try:
        record = {"pid": stranger.pid, "start_mark": "another boot 1", "facts": {}}
        daemon.record_file.write_text(json.dumps(record))

        assert daemon.pid() is None
        assert daemon.stop(grace_seconds=0.1)
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_torn_record_counts_as_nothing_running(daemon):
    daemon.record_file.write_text('{"pid": 1')

    assert daemon.pid() is None


def test_two_commands_do_not_work_on_one_home_at_once(tmp_path):
    home = Home(tmp_path / "home")
    home.prepare()

    with (
        home.locked(),
        pytest.raises(LocalError, match="at work"),
        Home(tmp_path / "home").locked(),
    ):
        pass


def test_the_home_is_readable_by_its_user_alone(tmp_path):
    home = Home(tmp_path / "home")

    home.prepare()

    assert home.folder.stat().st_mode & 0o077 == 0
