"""Reports on disk: one file each, complete or not there at all, in the order they were made."""

import contextlib
import json
import logging
from dataclasses import dataclass
from pathlib import Path

from ulid import ULID

from ant_agent.lease_keeper import Lease
from formicary.domain.messages import pack_response
from formicary.domain.task_request import TaskMessage
from formicary.domain.task_response import TaskResponse

_log = logging.getLogger(__name__)
_MAX_BODY = 900_000


@dataclass(frozen=True, slots=True)
class Report:
    """The body of a message to the events queue, and the task message that it answers."""

    body: str
    lease: Lease


class Spool:
    """A folder of unsent reports."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder

    def keep(self, report: Report) -> Path:
        """Write a report; from here on it survives a crash of the ant."""
        path = self._folder / f"{ULID()}.json"
        draft = path.with_suffix(".draft")
        lease = report.lease
        draft.write_text(
            json.dumps(
                {"body": report.body, "queue": lease.queue_url, "handle": lease.receipt_handle}
            )
        )
        draft.rename(path)
        return path

    def unsent(self) -> list[Path]:
        """Return the reports there are, the oldest first."""
        return sorted(self._folder.glob("*.json"))

    def read(self, path: Path) -> Report | None:
        """Read a report, None when the file is not one."""
        try:
            fields = json.loads(path.read_text())
            return Report(fields["body"], Lease(fields["queue"], fields["handle"]))
        except (OSError, ValueError, KeyError):
            _log.exception("unreadable report", extra={"file": path.name})
            self.set_aside(path)
            return None

    def forget(self, path: Path) -> None:
        """Delete a report that was sent."""
        path.unlink(missing_ok=True)

    def set_aside(self, path: Path) -> None:
        """Keep a report that cannot be sent for a human."""
        with contextlib.suppress(OSError):
            path.rename(path.with_suffix(".refused"))


def report_body(message: TaskMessage, response: TaskResponse) -> str:
    """Write the message to the events queue: small enough for SQS, in characters that it takes."""
    leaner: tuple[dict[str, object], ...] = (
        {},
        {"stdout": [], "warnings": [*response.warnings[:20], "stdout dropped: report too large"]},
        {"stdout": [], "warnings": ["stdout and warnings dropped: report too large"]},
        {"stdout": [], "warnings": ["details dropped: report too large"], "job_context": {}},
    )
    body = ""
    for changes in leaner:
        envelope = pack_response(
            message.tenant,
            message.attempt,
            message.proof,
            message.request.job_execution_id,
            response.model_copy(update=changes),
        )
        # Pure ASCII: SQS refuses some characters that JSON would carry as they are.
        body = json.dumps(envelope.model_dump(mode="json"), separators=(",", ":"))
        if len(body) <= _MAX_BODY:
            break
    return body
