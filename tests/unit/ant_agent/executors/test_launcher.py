"""The launcher in a real shell, outside of a container: it then touches nothing but its script."""

import socket
import subprocess
from pathlib import Path

import pytest

from ant_agent.executors.containers.launcher import launcher_text, probe_command

_SHELLS = [shell for shell in ("/bin/sh", "/bin/bash", "/bin/dash") if Path(shell).exists()]


@pytest.mark.parametrize("shell", _SHELLS)
def test_every_shell_can_read_it(shell: str) -> None:
    checked = subprocess.run([shell, "-n"], input=launcher_text().encode(), check=False)

    assert checked.returncode == 0


def test_the_probe_ends_once_somebody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        command = probe_command((f"tcp:{server.getsockname()[1]}",))

        done = subprocess.run(command, capture_output=True, timeout=20, check=False)

    assert (done.returncode, done.stdout) == (0, b"\x1e- ready\x1e\n")
