"""Launcher and carrier in real shells of this machine, in a folder instead of /formicary."""

import os
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

from ant_agent.executors.containers.launcher import HOME, carrier_command, launcher_text
from ant_agent.executors.containers.marks import Mark, MarkFilter

_NONCE = "n0"
_SECONDS = 20


class Shells:
    """One launcher and its carrier; what they write is collected."""

    def __init__(self, home: Path, script: str, path: str = "/usr/bin:/bin") -> None:
        self._home = home
        (home / "ctl").mkdir()
        (home / "ctl" / "script.sh").write_text(script)
        text = self._here(launcher_text())
        arguments = ["sh", _NONCE, str(home), "hold", "carried"]
        self._main = _start(["/bin/sh", "-c", text, *arguments])
        self._carrier = _start([self._here(word) for word in carrier_command()], path)
        self.stdout, self.stderr = Collected(self._main), Collected(self._carrier)

    def let_go(self) -> None:
        (self._home / "state").mkdir(exist_ok=True)
        (self._home / "state" / "go").touch()

    def end(self) -> int:
        """End the launcher; return the exit code of the carrier."""
        self._main.kill()
        self._main.wait(_SECONDS)
        code = self._carrier.wait(_SECONDS)
        self.stdout.join()
        self.stderr.join()
        return code

    def _here(self, text: str) -> str:
        return text.replace(str(HOME), str(self._home))


class Collected(threading.Thread):
    """The output of a process, marks apart."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        super().__init__(daemon=True)
        self._process = process
        self.text = b""
        self.marks: list[Mark] = []
        self.start()

    def run(self) -> None:
        assert self._process.stdout is not None
        marks = MarkFilter(_NONCE)
        with self._process.stdout as pipe:
            while block := os.read(pipe.fileno(), 4096):
                for found in marks.feed(block):
                    if isinstance(found, Mark):
                        self.marks.append(found)
                    else:
                        self.text += found

    def kinds(self) -> set[str]:
        return {mark.kind for mark in self.marks}


def _start(command: list[str], path: str = "/usr/bin:/bin") -> subprocess.Popen[bytes]:
    return subprocess.Popen(command, stdout=subprocess.PIPE, env={"PATH": path})


def eventually(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + _SECONDS
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_the_carrier_writes_what_the_script_writes_to_stderr_and_ends_with_the_last_writer(
    tmp_path: Path,
) -> None:
    shells = Shells(tmp_path, "echo out; echo bad >&2; printf 'no end' >&2; exit 7")
    eventually(lambda: "waiting" in shells.stdout.kinds() & shells.stderr.kinds())
    assert shells.stdout.text + shells.stderr.text == b""

    shells.let_go()
    eventually(lambda: "ended" in shells.stdout.kinds() & shells.stderr.kinds())

    assert shells.end() == 0
    assert (shells.stdout.text, shells.stderr.text) == (b"out\n", b"bad\nno end")
    ended = [mark for mark in shells.stderr.marks if mark.kind == "ended"]
    assert ended[0] == Mark("ended", ("script", "7", "-", "0", "1"))
    assert ended[0] in shells.stdout.marks


def test_the_end_is_told_again_while_nothing_else_is_to_do(tmp_path: Path) -> None:
    shells = Shells(tmp_path, "true")
    shells.let_go()

    again = Mark("ended", ("script", "0", "-", "0", "2"))
    eventually(lambda: again in shells.stdout.marks and again in shells.stderr.marks)

    shells.end()


def test_an_image_without_tools_leaves_both_streams_one(tmp_path: Path) -> None:
    nothing = tmp_path / "bin"
    nothing.mkdir()
    shells = Shells(tmp_path, "echo out; echo bad >&2", path=str(nothing))
    shells.let_go()

    eventually(lambda: shells.stdout.marks.count(Mark("ready", ("mixed",))) == 2)
    eventually(lambda: "ended" in shells.stdout.kinds())

    assert shells.end() == 0
    assert (shells.stdout.text, shells.stderr.text) == (b"out\nbad\n", b"")
