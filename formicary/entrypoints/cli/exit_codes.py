"""The exit codes of every command; scripts rely on them, so a number never changes its meaning."""

from enum import IntEnum

from formicary.domain.errors import (
    ConflictError,
    FormicaryError,
    InvalidRequestError,
    NotAuthorizedError,
    NotFoundError,
    PayloadTooLargeError,
    UnavailableError,
)


class ExitCode(IntEnum):
    """What an exit code says."""

    OK = 0
    FAILED = 1
    INVALID = 2
    NOT_FOUND = 3
    CONFLICT = 4
    NOT_AUTHORIZED = 5
    UNREACHABLE = 6
    CANCELLED = 7
    TIMED_OUT = 8
    INTERRUPTED = 130


MEANINGS = {
    ExitCode.OK: "done; with --wait: the job is COMPLETED",
    ExitCode.FAILED: "the job is FAILED, or the command itself failed",
    ExitCode.INVALID: "wrong usage or invalid input, such as a definition with faults",
    ExitCode.NOT_FOUND: "no such thing",
    ExitCode.CONFLICT: "the state of the thing forbids it",
    ExitCode.NOT_AUTHORIZED: "the token is missing, wrong, or does not allow it",
    ExitCode.UNREACHABLE: "the control plane does not answer",
    ExitCode.CANCELLED: "the job is CANCELLED",
    ExitCode.TIMED_OUT: "--timeout passed before the job ended (the job goes on)",
    ExitCode.INTERRUPTED: "interrupted by Ctrl-C (the job goes on)",
}

_BY_ERROR: tuple[tuple[type[FormicaryError], ExitCode], ...] = (
    (InvalidRequestError, ExitCode.INVALID),
    (PayloadTooLargeError, ExitCode.INVALID),
    (NotFoundError, ExitCode.NOT_FOUND),
    (ConflictError, ExitCode.CONFLICT),
    (NotAuthorizedError, ExitCode.NOT_AUTHORIZED),
    (UnavailableError, ExitCode.UNREACHABLE),
)
_BY_STATE = {
    "COMPLETED": ExitCode.OK,
    "FAILED": ExitCode.FAILED,
    "CANCELLED": ExitCode.CANCELLED,
}


def exit_code_of(error: FormicaryError) -> ExitCode:
    """Return the exit code that an error leads to."""
    return next((code for kind, code in _BY_ERROR if isinstance(error, kind)), ExitCode.FAILED)


def exit_code_of_state(job_state: str) -> ExitCode:
    """Return the exit code that tells the final state of a job."""
    return _BY_STATE.get(job_state, ExitCode.FAILED)


def help_text() -> str:
    """Return the exit codes as the end of `formicary --help`."""
    rows = "\n".join(f"  {code.value:>3}  {meaning}" for code, meaning in MEANINGS.items())
    return f"\b\nExit codes:\n{rows}"
