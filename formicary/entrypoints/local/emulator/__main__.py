"""Run MiniStack on the state below `--state`; `.venv-emulator/bin/python -m` starts it."""

from __future__ import annotations

import argparse
import importlib
import shutil
import sys
import threading
from pathlib import Path
from typing import Any

from formicary.entrypoints.local.emulator.abandoned_polls import without_abandoned_polls
from formicary.entrypoints.local.emulator.generations import Generations
from formicary.entrypoints.local.emulator.guard import guarded
from formicary.entrypoints.local.emulator.housekeeping import Housekeeping
from formicary.entrypoints.local.emulator.long_poll import answer_long_polls_at_once
from formicary.entrypoints.local.emulator.redelivery import release_messages_of_functions
from formicary.entrypoints.local.emulator.shared_code import unpack_code_once
from formicary.entrypoints.local.emulator.snapshots import Activity, Snapshots


def main() -> None:
    """Put our parts around MiniStack, then let it run until it is told to stop."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--scratch", type=Path, required=True)
    parser.add_argument("--snapshot-seconds", type=float, default=5.0)
    options = parser.parse_args()

    threading.Thread(target=_remove_former, args=(options.scratch,), daemon=True).start()

    persistence: Any = importlib.import_module("ministack.core.persistence")
    # Functions' code lives beside the generations: it is large, named by its content and shared.
    functions: Any = importlib.import_module("ministack.services.lambda_svc")
    ministack: Any = importlib.import_module("ministack.app")

    generations = Generations(options.state, persistence=persistence, functions=functions)
    persistence.STATE_DIR = str(generations.open_newest())
    release_messages_of_functions(persistence)
    unpack_code_once(options.state.parent / "code")

    activity = Activity()
    answer_long_polls_at_once(on_message=activity.mark)
    snapshots = Snapshots(
        generations,
        services=ministack._build_persistence_save_dict,  # noqa: SLF001 (no public way to save)
        activity=activity,
        before=Housekeeping(functions).do,
        interval_seconds=options.snapshot_seconds,
    )
    ministack.save_all = snapshots.save_last
    application = without_abandoned_polls(snapshots.watching(ministack.app))
    ministack.app = guarded(application, snapshot_now=snapshots.take)
    sys.argv[1:] = []  # it would parse ours
    ministack.main()


def _remove_former(scratch: Path) -> None:
    for former in scratch.parent.glob(f"{scratch.name}-*"):
        shutil.rmtree(former, ignore_errors=True)


if __name__ == "__main__":
    main()
