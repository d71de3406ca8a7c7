"""The files of one shell session: a driver, and one file for each item of a script.

The driver reads each item with `.`, so that `cd` and `export` carry over, a syntax error stays
within its item, and no text of the user shows in the process list. Before each item its number is
written down: that names the failed command, however the shell came to its end.
"""

import contextlib
import shlex
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath


@dataclass(frozen=True, slots=True)
class ScriptSession:
    """A session by name; `border` is a command run between `before_script` and `script`."""

    name: str
    items: Sequence[str]
    before: int = 0
    border: str = ":"

    def files(self, folder: PurePath, position: PurePath) -> dict[str, str]:
        """Return the text of each file that is to lie in the folder, by its name."""
        lines = []
        for index in range(len(self.items)):
            if self.before and index == self.before:
                lines.append(self.border)
            lines += [
                f"echo {index} >|{shlex.quote(str(position))}",
                f". {shlex.quote(str(folder / f'{self.name}.{index}'))}",
                "case $? in 0);;*)exit $?;;esac",
            ]
        files = {f"{self.name}.{index}": f"{item}\n" for index, item in enumerate(self.items)}
        return files | {self.driver: "\n".join(lines) + "\n"}

    @property
    def driver(self) -> str:
        """Name of the file that the shell is to read."""
        return f"{self.name}.sh"

    def command(self, item: int | None) -> str:
        """Return the text of an item, nothing for one that is not there."""
        return self.items[item] if item is not None and 0 <= item < len(self.items) else ""


def signal_words(code: int) -> str:
    """Tell the signal that an exit code of a shell stands for, if it does."""
    if code > 128:
        with contextlib.suppress(ValueError):
            return f"ended by {signal.Signals(code - 128).name}"
    return ""
