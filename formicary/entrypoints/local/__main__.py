"""`python -m formicary.entrypoints.local up|down|status|demo`, which the Makefile calls."""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import sys

from formicary.entrypoints.local import commands
from formicary.entrypoints.local.errors import LocalError
from formicary.entrypoints.local.settings import LocalSettings

_DEMO = "formicary.entrypoints.local.demo"


def main() -> int:
    """Run one command; failures the user can mend are a message, not a traceback."""
    parser = argparse.ArgumentParser(prog="formicary.entrypoints.local", description=__doc__)
    parser.add_argument("command", choices=("up", "down", "status", "demo"))
    command = parser.parse_args().command
    try:
        return _run(command, LocalSettings())
    except LocalError as error:
        print(f"{command}: {error}", file=sys.stderr)
        return 1


def _run(command: str, settings: LocalSettings) -> int:
    if command == "down":
        commands.down(settings)
        return 0
    if command == "status":
        return 0 if commands.status(settings) else 1
    commands.up(settings)
    return _demo(settings) if command == "demo" else 0


def _demo(settings: LocalSettings) -> int:
    if importlib.util.find_spec(_DEMO) is None:
        raise LocalError("this checkout holds no demo")
    return int(importlib.import_module(_DEMO).main(settings) or 0)


if __name__ == "__main__":
    sys.exit(main())
