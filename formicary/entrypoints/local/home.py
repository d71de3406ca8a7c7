"""The folder of one local system: which file is where."""

from __future__ import annotations

import fcntl
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from formicary.entrypoints.local.errors import LocalError

if TYPE_CHECKING:
    from collections.abc import Iterator

CHECKOUT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class Home:
    """Paths below FORMICARY_HOME, which `make down` and `make clean` leave alone."""

    folder: Path

    @property
    def aws_state(self) -> Path:
        """Generations of the embedded AWS's state."""
        return self.folder / "aws" / "state"

    @property
    def aws_objects(self) -> Path:
        """Objects of its buckets, written through."""
        return self.folder / "aws" / "s3"

    @property
    def aws_scratch(self) -> Path:
        """What it needs while it runs only."""
        return self.folder / "aws" / "tmp"

    @property
    def assembly(self) -> Path:
        """The synthesised stacks, with function code for this machine."""
        return self.folder / "cdk.out"

    @property
    def env_file(self) -> Path:
        """What a client needs: URL, token, endpoint."""
        return self.folder / "env"

    @property
    def tokens_file(self) -> Path:
        """The tokens made at the first start."""
        return self.folder / "tokens.json"

    def log(self, name: str) -> Path:
        """The log of one process or step."""
        return self.folder / "log" / f"{name}.log"

    def pid_file(self, name: str) -> Path:
        """The record of one running process."""
        return self.folder / "run" / f"{name}.json"

    def prepare(self) -> None:
        """Make the folders, readable by this user alone."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for name in ("aws", "log", "run"):
            (self.folder / name).mkdir(exist_ok=True, mode=0o700)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep a second `up` or `down` of the same home out meanwhile."""
        with (self.folder / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise LocalError(f"another up or down is at work on {self.folder}") from None
            yield
