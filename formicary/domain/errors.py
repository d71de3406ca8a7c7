"""The errors of the product, each with a stable code; the docstring is the default message.

FormicaryError
├── InvalidRequestError      the caller's input is wrong (400)
│   ├── InvalidDefinitionError   a definition has faults (400, with all of them)
│   └── AntTooOldError           an ant of a version that is no longer understood (400)
├── NotAuthorizedError       the token does not allow it (403)
├── NotFoundError            no such thing for this tenant (404)
├── ConflictError            the state of the thing forbids it (409)
│   └── ChangePendingError       something else is under way with it (409)
├── PayloadTooLargeError     the body is over the limit (413)
├── DeliveryRefusedError     a notification that can never be delivered
├── ForgedEventError         an event without the right proof
├── BrokenSealError          a sealed secret is not as it was sealed
├── ConcurrentUpdateError    somebody else changed it first (retryable)
└── UnavailableError         a service that we need does not answer (503, retryable)
"""

from collections.abc import Sequence
from typing import Any


class FormicaryError(Exception):
    """Something went wrong."""

    code = "ERR_INTERNAL"
    status = 500
    retryable = False

    def __init__(self, message: str = "", **details: Any) -> None:
        """Take a message for the user and details for the problem document."""
        super().__init__(message or (self.__doc__ or "").strip())
        self.details = details

    @property
    def message(self) -> str:
        """What is wrong and how to mend it."""
        return str(self)


class InvalidRequestError(FormicaryError):
    """The request is not valid."""

    code = "ERR_VALIDATION"
    status = 400


class InvalidDefinitionError(InvalidRequestError):
    """The job definition has faults."""

    code = "ERR_DEFINITION"

    def __init__(self, message: str, faults: Sequence[Any]) -> None:
        """Take every fault found, in the order of the text."""
        super().__init__(message)
        self.faults = tuple(faults)


class AntTooOldError(InvalidRequestError):
    """The ant is too old for this control plane."""

    code = "ERR_ANT_TOO_OLD"


class NotAuthorizedError(FormicaryError):
    """The token does not allow this."""

    code = "ERR_FORBIDDEN"
    status = 403


class NotFoundError(FormicaryError):
    """There is no such thing."""

    code = "ERR_NOT_FOUND"
    status = 404


class ConflictError(FormicaryError):
    """Its state does not allow this now."""

    code = "ERR_CONFLICT"
    status = 409


class ChangePendingError(ConflictError):
    """Something else was asked of it and is not decided yet."""

    code = "ERR_CHANGE_PENDING"


class PayloadTooLargeError(FormicaryError):
    """The body is too large."""

    code = "ERR_TOO_LARGE"
    status = 413


class DeliveryRefusedError(FormicaryError):
    """The notification can never be delivered."""

    code = "ERR_DELIVERY_REFUSED"


class ForgedEventError(FormicaryError):
    """The event does not carry the proof of its run."""

    code = "ERR_FORGED_EVENT"
    status = 403


class BrokenSealError(FormicaryError):
    """A sealed secret is not as it was sealed."""

    code = "ERR_BROKEN_SEAL"


class ConcurrentUpdateError(FormicaryError):
    """Somebody else changed it at the same moment."""

    code = "ERR_CONCURRENT_UPDATE"
    status = 409
    retryable = True


class UnavailableError(FormicaryError):
    """A service that is needed does not answer."""

    code = "ERR_UNAVAILABLE"
    status = 503
    retryable = True
