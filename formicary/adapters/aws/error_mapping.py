"""Turns what botocore raises into the errors of the product; nothing else leaves these adapters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import (  # type: ignore[import-untyped] # botocore has no types
    BotoCoreError,
    ClientError,
    HTTPClientError,
)
from botocore.exceptions import (
    ConnectionError as BotoConnectionError,
)

from formicary.domain.errors import (
    ConcurrentUpdateError,
    FormicaryError,
    NotFoundError,
    PayloadTooLargeError,
    UnavailableError,
)

_LOST_RACES = frozenset(
    {
        "ConditionalCheckFailed",
        "ConditionalCheckFailedException",
        "ParameterAlreadyExists",
        "TransactionConflict",
        "TransactionConflictException",
        "TransactionInProgressException",
    }
)
_BUSY = frozenset(
    {
        "InternalError",
        "InternalFailure",
        "InternalServerError",
        "LimitExceededException",
        "OverLimit",
        "ProvisionedThroughputExceeded",
        "ProvisionedThroughputExceededException",
        "QueueDeletedRecently",
        "AWS.SimpleQueueService.QueueDeletedRecently",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestTimeout",
        "ServiceUnavailable",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingError",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
MISSING_QUEUE = frozenset({"AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"})
_MISSING = MISSING_QUEUE | {"NoSuchKey", "ParameterNotFound", "ParameterVersionNotFound", "404"}
_TOO_LARGE = frozenset({"EntityTooLarge", "InvalidMessageContents.TooLong"})


@contextmanager
def aws_errors() -> Iterator[None]:
    """Raise a FormicaryError for whatever botocore raises; also usable as a decorator."""
    try:
        yield
    except ClientError as error:
        raise _of_answer(error.response, error) from error
    except (HTTPClientError, BotoConnectionError) as error:
        raise UnavailableError(f"AWS does not answer: {error}") from error
    except BotoCoreError as error:
        raise FormicaryError(f"AWS cannot be called: {error}") from error


def _of_answer(response: Mapping[str, Any], error: Exception) -> FormicaryError:
    code = str(response.get("Error", {}).get("Code", ""))
    codes = {code} | _reasons(response)
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if codes & _LOST_RACES:
        return ConcurrentUpdateError(aws_code=code)
    if codes & _BUSY or status >= 500 or status == 429:
        return UnavailableError(f"AWS is busy: {code}", aws_code=code)
    if codes & _MISSING:
        return NotFoundError(f"AWS does not find it: {code}", aws_code=code)
    if codes & _TOO_LARGE or "Item size has exceeded" in str(error):
        return PayloadTooLargeError(f"AWS does not take so much: {code}", aws_code=code)
    return FormicaryError(f"AWS refused a call: {error}", aws_code=code)


def _reasons(response: Mapping[str, Any]) -> set[str]:
    return {str(reason.get("Code", "")) for reason in response.get("CancellationReasons", ())}


def is_throttled_transaction(response: Mapping[str, Any]) -> bool:
    """Whether a transaction was cancelled for throttling alone, so that trying again may help."""
    reasons = _reasons(response) - {"", "None"}
    return bool(reasons) and reasons <= _BUSY
