"""The launcher in a real shell, outside of a container: it then touches nothing but its script."""

import socket
import subprocess
from pathlib import Path

import pytest

from ant_agent.executors.containers.launcher import HOME, launcher_text, probe_command

_SHELLS = [shell for shell in ("/bin/sh", "/bin/bash", "/bin/dash") if Path(shell).exists()]


@pytest.mark.parametrize("shell", _SHELLS)
def test_every_shell_can_read_it(shell: str) -> None:
    checked = subprocess.run([shell, "-n"], input=launcher_text().encode(), check=False)

    assert checked.returncode == 0


def test_a_script_that_is_held_begins_once_somebody_has_seen_that_it_waits(tmp_path: Path) -> None:
    (tmp_path / "ctl").mkdir()
    (tmp_path / "ctl" / "script.sh").write_text("echo begun")
    text = launcher_text().replace(str(HOME), str(tmp_path))
    command = ["/bin/sh", "-c", text, "sh", "n0", str(tmp_path), "hold", "one"]

    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as launcher:
        assert launcher.stdout is not None
        assert next(launcher.stdout) == "\x1en0 waiting 1\x1e\n"
        (tmp_path / "state" / "go").touch()
        after = list(iter(launcher.stdout.readline, "begun\n"))
        launcher.kill()

    assert [line for line in after if "waiting" not in line] == ["\x1en0 ready\x1e\n"]


def test_the_probe_ends_once_somebody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        command = probe_command((f"tcp:{server.getsockname()[1]}",))

        done = subprocess.run(command, capture_output=True, timeout=20, check=False)

    assert (done.returncode, done.stdout) == (0, b"\x1e- ready\x1e\n")
