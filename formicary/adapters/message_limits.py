"""What a queue or a function takes, checked alike in memory and on AWS."""

from formicary.domain.errors import InvalidRequestError, PayloadTooLargeError
from formicary.ports.queues import MAX_DELAY_SECONDS

# A message, and all messages of one batch together: https://docs.aws.amazon.com/AWSSimpleQueueService
MAX_BYTES = 1024 * 1024
# What a function takes that is not waited for: https://docs.aws.amazon.com/lambda/latest/api/
# API_Invoke.html says 1 MB, not which.
MAX_START_BYTES = 1_000_000


def checked_delay(delay_seconds: int) -> int:
    """Return the delay when SQS would take it."""
    if not 0 <= delay_seconds <= MAX_DELAY_SECONDS:
        raise InvalidRequestError(
            f"A delay of {delay_seconds} seconds is not within 0 and {MAX_DELAY_SECONDS}."
        )
    return delay_seconds


def checked_body(body: str) -> str:
    """Return the body when SQS would take it."""
    return _checked(body, MAX_BYTES)


def checked_start(body: str) -> str:
    """Return the body when a function would take it that is not waited for."""
    return _checked(body, MAX_START_BYTES)


def _checked(body: str, limit: int) -> str:
    size = len(body.encode())
    if size > limit:
        raise PayloadTooLargeError(f"A message of {size} bytes is over the limit of {limit}.")
    return body
