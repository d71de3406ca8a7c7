"""What can go wrong with a call of AWS, in one place."""

# botocore has no types.
from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]

from ant_agent.control_plane import ControlPlaneError

# Renewing credentials on the way is a call of the control plane.
AWS_FAULTS: tuple[type[Exception], ...] = (BotoCoreError, ClientError, ControlPlaneError)
AWS_OR_FILE_FAULTS: tuple[type[Exception], ...] = (*AWS_FAULTS, OSError)


def error_code(error: Exception) -> str:
    """Return the code that AWS gave, without the `AWS.SimpleQueueService.` of old; else nothing."""
    if not isinstance(error, ClientError):
        return ""
    return str(error.response.get("Error", {}).get("Code", "")).rpartition(".")[2]
