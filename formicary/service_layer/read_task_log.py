"""Reading what a task printed, while it runs and after.

The offset to go on from is a place, not a count: for a log in chunks it holds the chunk
and the byte in it, so that reading on costs the same at the end of a gigabyte as at its beginning.
"""

from dataclasses import dataclass

from formicary.domain.errors import InvalidRequestError, NotFoundError
from formicary.domain.job_run import JobRun
from formicary.domain.log_streams import read_streams
from formicary.domain.log_times import read_times
from formicary.domain.log_view import PLAIN_LOG, Chunk, LogView
from formicary.domain.object_keys import log_prefix
from formicary.domain.records import Principal, TaskAttempt
from formicary.service_layer.control_plane import ControlPlane
from formicary.service_layer.find_run import find_run
from formicary.service_layer.run_reader import RunReader
from formicary.service_layer.show_run import task_facts
from formicary.service_layer.suggest import did_you_mean
from formicary.service_layer.task_attempts import attempts_of_task

MAX_ANSWER_BYTES = 4 * 1024 * 1024
MAX_CHUNKS = 64
_CHUNK_BITS = 24
_BYTE_MASK = (1 << _CHUNK_BITS) - 1


@dataclass(frozen=True, slots=True)
class LogPart:
    """A piece of a log; `complete` tells that nothing follows `next_offset`."""

    data: bytes
    next_offset: int
    complete: bool


@dataclass(frozen=True, slots=True)
class _Found:
    execution_id: str
    attempt: int
    ended: TaskAttempt | None


def read_task_log(
    plane: ControlPlane,
    caller: Principal,
    request_id: str,
    task_type: str,
    *,
    attempt: int | None = None,
    offset: int = 0,
    view: LogView = PLAIN_LOG,
) -> LogPart:
    """Return the log of an attempt (the latest unless told) from `offset` on, as the view wants it.

    Times and streams are shown as far as they were noted.
    """
    run = find_run(plane, caller, request_id)
    return read_log_of(plane, run, task_type, attempt=attempt, offset=offset, view=view)


def read_log_of(
    reader: RunReader,
    run: JobRun,
    task_type: str,
    *,
    attempt: int | None = None,
    offset: int = 0,
    view: LogView = PLAIN_LOG,
    most: int = MAX_ANSWER_BYTES,
) -> LogPart:
    """Return the log of an attempt of a run, at most so many bytes."""
    found = _find_attempt(reader, run, task_type, attempt)
    if found.ended is not None and found.ended.log.inline:
        log = found.ended.log
        chunk = Chunk(log.inline.encode(), read_times(log.times), read_streams(log.streams))
        end = min(len(chunk.text), offset + most)
        shown = view.show(chunk, offset, end)
        return LogPart(shown, max(offset, end), complete=end == len(chunk.text))
    prefix = log_prefix(run.tenant, run.request_id, found.execution_id, task_type, found.attempt)
    return _read_chunks(reader, prefix, offset, ended=found.ended is not None, view=view, most=most)


def _find_attempt(reader: RunReader, run: JobRun, task_type: str, wanted: int | None) -> _Found:
    index = _index(reader, run, task_type)
    active = run.active.get(task_type)
    execution_id = run.execution_id if active else run.origin_execution_id(index)
    if active is not None and wanted in (None, active.attempt):
        return _Found(execution_id, active.attempt, None)
    stored = attempts_of_task(reader.runs, run, task_type, index, execution_id)
    fitting = [a for a in stored if a.attempt == wanted or (wanted is None and not a.late)]
    if not fitting:
        which = f"attempt {wanted}" if wanted is not None else "attempt"
        raise NotFoundError(f"The task {task_type!r} has no {which} to show a log of.")
    return _Found(execution_id, fitting[-1].attempt, fitting[-1])


def _index(reader: RunReader, run: JobRun, task_type: str) -> int:
    parsed = reader.parsed.get(run.defined_by, run.job_type, run.job_version).parsed
    names = [fact.task_type for fact in task_facts(parsed)]
    if task_type not in names:
        raise NotFoundError(
            f"The job has no task {task_type!r}.{did_you_mean(task_type, names)}", tasks=names[:100]
        )
    return names.index(task_type)


def _read_chunks(
    reader: RunReader, prefix: str, offset: int, *, ended: bool, view: LogView, most: int
) -> LogPart:
    keys = reader.objects.list_keys(prefix)
    chunk, skip = offset >> _CHUNK_BITS, offset & _BYTE_MASK
    if chunk > len(keys):
        raise InvalidRequestError(
            "offset is 0 or what the header Formicary-Next-Offset of the answer before said."
        )
    parts: list[bytes] = []
    # An empty line of one byte grows to 33 by its time and its stream.
    room = most // 33 if view.noted else most
    last = min(len(keys), chunk + MAX_CHUNKS)
    while chunk < last and room > 0:
        whole = _chunk(reader, keys[chunk], view)
        end = min(len(whole.text), skip + room)
        parts.append(view.show(whole, skip, end))
        room -= end - skip
        skip = end
        if skip >= len(whole.text):
            chunk, skip = chunk + 1, 0
    return LogPart(
        b"".join(parts), chunk << _CHUNK_BITS | skip, complete=ended and chunk == len(keys)
    )


def _chunk(reader: RunReader, key: str, view: LogView) -> Chunk:
    text = reader.objects.get(key) or b""
    notes = reader.objects.metadata(key) if view.noted else {}
    return Chunk(text, read_times(notes.get("times", "")), read_streams(notes.get("streams", "")))
