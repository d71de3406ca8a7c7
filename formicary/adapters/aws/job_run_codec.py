"""A run as the attributes of one item, and back: lossless, and small as each commit writes it.

What the summary tells is not told twice; values that are empty or follow from others are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, get_args

from formicary.adapters.aws.folded_letters import fold, unfold
from formicary.adapters.aws.history_codec import decode_history, encode_history
from formicary.adapters.aws.items import pack, unpack
from formicary.adapters.aws.rows import from_row, to_row
from formicary.adapters.run_summary import MAX_TEXT, TEXT_FIELDS, fields_of, summary_of, time_text
from formicary.domain.commands import Command
from formicary.domain.errors import FormicaryError
from formicary.domain.gates import Claim
from formicary.domain.job_run import (
    ActiveTask,
    Failure,
    Fan,
    Hold,
    JobRun,
    Occurrence,
    OutboxEntry,
    ParentLink,
    Phase,
)
from formicary.domain.states import RequestState

SCHEMA_VERSION = 1

_COMMANDS: dict[str, type[Any]] = {kind.__name__: kind for kind in get_args(Command)}
_LETTER_FIELDS = ("marks", "children", "forks", "origins")
_COUNTS = ("depth", "job_retries", "job_restarts", "holds", "stint", "holds_slots")
_FIELDS = ("key", "exit_code", "definition_tenant", "announces", *_COUNTS)
_TIMES = ("updated_at", "held_since", "deadline", "submitted_for")


def encode_run(run: JobRun) -> dict[str, Any]:
    """Return the attributes of a run's head; the keys of the item are the repository's business."""
    summary = summary_of(run)
    attributes: dict[str, Any] = {name: getattr(run, name) for name in _FIELDS}
    attributes.update({n: getattr(run, n) for n in TEXT_FIELDS if len(getattr(run, n)) > MAX_TEXT})
    attributes.update(_progress(run))
    for name in _TIMES:
        moment = getattr(run, name)
        attributes[name] = time_text(moment) if moment else ""
    attributes["hold"] = run.hold.value
    attributes["outcome"] = run.outcome.value if run.outcome else ""
    attributes["failure"] = pack(to_row(run.failure)) if run.failure else ""
    attributes["parent"] = pack(to_row(run.parent)) if run.parent else ""
    attributes["occurrence"] = pack(to_row(run.occurrence)) if run.occurrence else ""
    attributes["gates"] = pack([to_row(claim) for claim in run.gates]) if run.gates else ""
    attributes["params"] = pack(dict(run.params)) if run.params else ""
    attributes["context"] = pack(dict(run.context)) if run.context else ""
    kept = {name: value for name, value in attributes.items() if value}
    return {"schema": SCHEMA_VERSION, "version": run.version, "summary": summary, **kept}


def decode_run(tenant: str, item: Mapping[str, Any]) -> JobRun:
    """Return the run of a head; FormicaryError when it was written by newer code."""
    if item.get("schema") != SCHEMA_VERSION:
        raise FormicaryError(
            f"A run was stored in form {item.get('schema')!r}; this code reads form"
            f" {SCHEMA_VERSION}. Deploy the newer code again."
        )
    fields = fields_of(item["summary"])
    fields.update({name: item[name] for name in (*_FIELDS, *TEXT_FIELDS) if name in item})
    fields.setdefault("key", "")
    fields.update(_read_progress(item))
    fields.update({name: read(item[name]) for name, read in _READ.items() if name in item})
    return JobRun(tenant=tenant, version=item["version"], **_with_required(fields))


_READ: Mapping[str, Callable[[Any], Any]] = {
    **dict.fromkeys(_TIMES, datetime.fromisoformat),
    "hold": Hold,
    "outcome": RequestState,
    "failure": lambda packed: from_row(Failure, unpack(packed)),
    "parent": lambda packed: from_row(ParentLink, unpack(packed)),
    "occurrence": lambda packed: from_row(Occurrence, unpack(packed)),
    "gates": lambda packed: tuple(from_row(Claim, row) for row in unpack(packed)),
    "params": unpack,
    "context": unpack,
}


def _progress(run: JobRun) -> dict[str, Any]:
    return {
        "phase": run.phase.value,
        **{name: fold(getattr(run, name)) for name in _LETTER_FIELDS},
        "fans": pack([[i, *to_row(fan)] for i, fan in run.fans.items()]) if run.fans else "",
        "active": pack([to_row(task) for task in run.active.values()]) if run.active else "",
        "carried": encode_history(run.tail) if run.tail else "",
        "outbox": pack([_entry_row(entry) for entry in run.outbox]) if run.outbox else "",
    }


def _read_progress(item: Mapping[str, Any]) -> dict[str, Any]:
    progress: dict[str, Any] = {name: unfold(item.get(name, "")) for name in _LETTER_FIELDS}
    progress["phase"] = Phase(item["phase"])
    if "fans" in item:
        rows = unpack(item["fans"])
        progress["fans"] = {index: from_row(Fan, row) for index, *row in rows}
    if "active" in item:
        tasks = [from_row(ActiveTask, row) for row in unpack(item["active"])]
        progress["active"] = {task.task_type: task for task in tasks}
    if "carried" in item:
        progress["tail"] = tuple(decode_history(item["carried"]))
    if "outbox" in item:
        progress["outbox"] = tuple(_read_entries(unpack(item["outbox"])))
    return progress


def _entry_row(entry: OutboxEntry) -> list[Any]:
    return [entry.cause, type(entry.command).__name__, *to_row(entry.command)]


def _read_entries(rows: Iterable[list[Any]]) -> Iterable[OutboxEntry]:
    for cause, kind, *row in rows:
        yield OutboxEntry(cause, from_row(_COMMANDS[kind], row))


def _with_required(fields: dict[str, Any]) -> dict[str, Any]:
    """Give back the required fields that were empty and therefore left out."""
    return {"execution_id": "", "job_type": "", **fields}
