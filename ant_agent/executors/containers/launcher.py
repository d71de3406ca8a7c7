"""What is put into the main container: the launcher, the scripts, and where they lie."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import PurePosixPath

from ant_agent.executors.script_session import ScriptSession
from formicary.domain.log_streams import Stream
from formicary.domain.task_request import TaskRequest

HOME = PurePosixPath("/formicary")
CONTROL = HOME / "ctl"
STATE = HOME / "state"
WORK = HOME / "work"
GO = STATE / "go"
# What the launcher was asked to run, as it names it when it tells the end.
SCRIPT, AFTER_SCRIPT = "script", "after"
_LAUNCHER = "launch.sh"


@dataclass(frozen=True, slots=True)
class Launch:
    """The launcher of one attempt and its scripts; `streams` are those that it writes to."""

    streams: Sequence[Stream]
    nonce: str
    script: ScriptSession
    after: ScriptSession
    working_dir: PurePosixPath

    @classmethod
    def of(cls, request: TaskRequest, streams: Sequence[Stream]) -> "Launch":
        """Take the scripts of a request; a relative `working_dir` lies below WORK."""
        nonce = secrets.token_hex(16)
        direct = request.executor_opts.wants("execute_command_without_shell")
        return cls(
            streams=streams,
            nonce=nonce,
            script=ScriptSession(
                SCRIPT,
                [*request.before_script, *request.script],
                len(request.before_script),
                border=f"printf '\\036{nonce} border\\036\\n'",
                direct=direct,
            ),
            after=ScriptSession(AFTER_SCRIPT, request.after_script, direct=direct),
            working_dir=WORK / request.executor_opts.working_dir,
        )

    def files(self) -> dict[str, str]:
        """Return the texts that are to lie in CONTROL, by name."""
        return {
            _LAUNCHER: launcher_text(),
            **self.script.files(CONTROL, STATE / "script.position"),
            **self.after.files(CONTROL, STATE / "after.position"),
        }

    def command(
        self, *, hold: bool = False, carried: bool = False, ports: tuple[str, ...] = ()
    ) -> list[str]:
        """Return the command of the main container; `carried` where another one has its stderr."""
        gate = "hold" if hold else "go"
        launcher = str(CONTROL / _LAUNCHER)
        many = "one" if len(self.streams) == 1 else "carried" if carried else "two"
        return ["/bin/sh", launcher, self.nonce, str(self.working_dir), gate, many, *ports]


def launcher_text() -> str:
    """Return the launcher."""
    return _text(_LAUNCHER)


def carrier_command() -> list[str]:
    """Return the command of a container that carries the stderr of the main one on."""
    return ["/bin/sh", "-c", _text("carry.sh")]


def probe_command(ports: tuple[str, ...]) -> list[str]:
    """Return the command of a container that ends once somebody listens on every port."""
    return ["/bin/sh", "-c", launcher_text(), "probe", "-", "/", "probe", "one", *ports]


def _text(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")
