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

from ant_agent.executors.base import ExecutorError
from formicary.domain.states import ErrorCode


@dataclass(frozen=True, slots=True)
class ScriptSession:
    """A session by name; `border` is a command run between `before_script` and `script`.

    With `direct` the shell only splits each item into words and starts what the first one names.
    """

    name: str
    items: Sequence[str]
    before: int = 0
    border: str = ":"
    direct: bool = False

    def files(self, folder: PurePath, position: PurePath) -> dict[str, str]:
        """Return the text of each file that is to lie in the folder, by its name.

        Raises ExecutorError when an item cannot be split into words.
        """
        lines = []
        for index in range(len(self.items)):
            if self.before and index == self.before:
                lines.append(self.border)
            lines += [
                f"echo {index} >|{shlex.quote(str(position))}",
                f". {shlex.quote(str(folder / f'{self.name}.{index}'))}",
                "case $? in 0);;*)exit $?;;esac",
            ]
        texts = map(_direct, self.items) if self.direct else self.items
        files = {f"{self.name}.{index}": f"{text}\n" for index, text in enumerate(texts)}
        return files | {self.driver: "\n".join(lines) + "\n"}

    @property
    def driver(self) -> str:
        """Name of the file that the shell is to read."""
        return f"{self.name}.sh"

    def command(self, item: int | None) -> str:
        """Return the text of an item, nothing for one that is not there."""
        return self.items[item] if item is not None and 0 <= item < len(self.items) else ""


def _direct(item: str) -> str:
    """Return a command in place of an item that no shell is to read further than its words."""
    try:
        words = shlex.split(item)
    except ValueError as error:
        raise ExecutorError(
            ErrorCode.VALIDATION,
            f"{item!r} cannot be split into words ({error}), which execute_command_without_shell"
            " needs: mend its quotes",
        ) from error
    # `exec` starts programs and nothing that is built into a shell.
    return f"(exec {shlex.join(words)})" if words else ":"


def signal_words(code: int) -> str:
    """Tell the signal that an exit code of a shell stands for, if it does."""
    if code > 128:
        with contextlib.suppress(ValueError):
            return f"ended by {signal.Signals(code - 128).name}"
    return ""
