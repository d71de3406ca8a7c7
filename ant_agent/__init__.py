"""The ant: an agent that takes tasks from queues and runs them on a host."""

import sys
from types import ModuleType
from typing import cast

from ant_agent.settings import Settings

__all__ = ["Settings", "main"]

# httpx loads a command line of its own when rich is installed, which an idle ant would hold for
# nothing. Its __init__ goes on without (it catches the ImportError).
sys.modules.setdefault("httpx._main", cast("ModuleType", None))


def main(settings: Settings) -> int:
    """Run an ant until it is told to stop; return the exit code of the process."""
    from ant_agent.agent import run_ant  # noqa: PLC0415 - boto3 is slow to import; reading settings is not

    return run_ant(settings)
