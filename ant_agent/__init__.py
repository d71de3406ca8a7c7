"""The ant: an agent that takes tasks from queues and runs them on a host."""

from ant_agent.settings import Settings

__all__ = ["Settings", "main"]


def main(settings: Settings) -> int:
    """Run an ant until it is told to stop; return the exit code of the process."""
    from ant_agent.agent import run_ant  # noqa: PLC0415 - boto3 is slow to import; reading settings is not

    return run_ant(settings)
