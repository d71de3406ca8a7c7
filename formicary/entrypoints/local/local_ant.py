"""The one ant of the local system."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from formicary.domain.states import HTTP_METHODS
from formicary.entrypoints.local.fingerprint import fingerprint
from formicary.entrypoints.local.home import CHECKOUT, Home
from formicary.entrypoints.local.processes import Daemon
from formicary.entrypoints.local.settings import shell_environment

if TYPE_CHECKING:
    from collections.abc import Mapping

ANT_ID = "local-ant-1"
_METHODS = ",".join(("SHELL", "MESSAGING", *sorted(HTTP_METHODS)))
_CAPACITY = 8
_DRAIN_SECONDS = 10.0
_CODE = ("formicary", "ant_agent", "uv.lock")
_NOT_THE_ANTS = frozenset({"local", "service_layer"})


@dataclass(frozen=True, kw_only=True)
class LocalAnt:
    """An ant as any user would start it, kept as a background process."""

    home: Home
    client_environment: Mapping[str, str]
    url: str
    token: str

    @cached_property
    def daemon(self) -> Daemon:
        """Its process."""
        return ant_daemon(self.home)

    def start(self) -> bool:
        """Have an ant of today's code run; false when it ran before."""
        facts = {"url": self.url, "code": self._code()}
        if self.daemon.pid() is not None:
            if all(self.daemon.fact(name) == value for name, value in facts.items()):
                return False
            stop_ant(self.home)
        command = [str(Path(sys.executable).with_name("formicary")), "ant", "start"]
        options = ["--id", ANT_ID, "--methods", _METHODS, "--capacity", str(_CAPACITY)]
        self.daemon.start(
            [*command, *options, "--work-dir", str(self.home.folder / "ant")],
            environment={
                **shell_environment(),
                **self.client_environment,
                "FORMICARY_URL": self.url,
                "FORMICARY_TOKEN": self.token,
            },
            folder=self.home.folder,
            facts=facts,
        )
        return True

    def _code(self) -> str:
        return fingerprint([CHECKOUT / name for name in _CODE], without=_NOT_THE_ANTS)


def ant_daemon(home: Home) -> Daemon:
    """The process of the local ant."""
    return Daemon(home.pid_file("ant"), home.log("ant"))


def stop_ant(home: Home) -> bool:
    """Let it finish what it can in a moment; what it cannot comes back when it starts again."""
    return ant_daemon(home).stop(grace_seconds=_DRAIN_SECONDS)
