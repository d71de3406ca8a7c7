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
        return cls(
            streams=streams,
            nonce=nonce,
            script=ScriptSession(
                "script",
                [*request.before_script, *request.script],
                len(request.before_script),
                border=f"printf '\\036{nonce} border\\036\\n'",
            ),
            after=ScriptSession("after", request.after_script),
            working_dir=WORK / request.executor_opts.working_dir,
        )

    def files(self) -> dict[str, str]:
        """Return the texts that are to lie in CONTROL, by name."""
        return {
            _LAUNCHER: launcher_text(),
            **self.script.files(CONTROL, STATE / "script.position"),
            **self.after.files(CONTROL, STATE / "after.position"),
        }

    def command(self, *, hold: bool = False, ports: tuple[str, ...] = ()) -> list[str]:
        """Return the command of the main container."""
        gate = "hold" if hold else "go"
        launcher = str(CONTROL / _LAUNCHER)
        many = "one" if len(self.streams) == 1 else "two"
        return ["/bin/sh", launcher, self.nonce, str(self.working_dir), gate, many, *ports]


def launcher_text() -> str:
    """Return the launcher."""
    return resources.files(__package__).joinpath(_LAUNCHER).read_text(encoding="utf-8")


def probe_command(ports: tuple[str, ...]) -> list[str]:
    """Return the command of a container that ends once somebody listens on every port."""
    return ["/bin/sh", "-c", launcher_text(), "probe", "-", "/", "probe", "one", *ports]
