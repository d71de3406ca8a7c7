"""Keys of the table. Each begins with the tenant; parts from outside are escaped.

| partition | sort | what |
|---|---|---|
| T#<tenant>#D#<job type> | TYPE, V#<version>, CRON | a job type, its versions, its schedule |
| T#<tenant>#R#<run> | RUN, EXEC#, TASK#, ART#, HIST#, NOTE#, TOLD#, TALLY#, WISH | its parts |
| T#<tenant>#UK#<user key> | UK | the unfinished run that has the key |
| T#<tenant>#G#<gate> | GATE, H#<run>, W#<rank> | a limit, who holds its slots, who waits |
| T#<tenant>#RESOURCES | <resource> | a job resource |
| T#<tenant>#LIMITS | LIMITS | how much a tenant and its users may run at once |
| T#<tenant>#C#<scope>#<owner> | <config> | a config of an organization, user or job type |
| T#<tenant>#ERRORS | <id> | a row of the table of error codes |
| T#<tenant>#IK#<idempotency key> | IK | the request that was submitted under the key, for a day |
| T#<tenant>#ANTS | <ant> | an ant |
| T#<tenant>#QUEUES | <routing key> | a task queue |
| T#<tenant>#CANCELS | <expiry>#<task key> | a wish to end an attempt |
| T#<tenant>#SOCKETS | A#<ant>, C#<connection> | a websocket ant, and who speaks over a connection |
| T#<tenant>#SOCKTASKS#<routing key> | <run>#<task key> | a task that waits for a websocket ant |
| T#<tenant>#WATCHERS | <connection> | a connection that watches a run |
| T#<tenant>#ENDS | <run>#<execution> | an end that the event bus was told of |
| PLUGIN#<job type> | OWNER | the tenant whose public plugin it is |
| T#<tenant>#RETIRED | <run> | a run whose head is gone; the rest follows |
| TOKEN#<hash> | TOKEN | whose token it is |
| TENANTS | <tenant> | a tenant that has had a token |
Index gsi1: T#<tenant>#DEFS by job type, T#<tenant>#RUNS by run, T#<tenant>#ARTS by artifact,
T#<tenant>#GATES by gate.
"""

import hashlib
from datetime import datetime
from typing import NamedTuple

# DynamoDB takes 2,048 bytes of partition key and 1,024 of sort key; three parts must fit.
_MAX_PART_BYTES = 256
_KEPT_BYTES = 128

RUN_SORT = "RUN"
TYPE_SORT = "TYPE"
GATE_SORT = "GATE"
TASK_PREFIX = "TASK#"
ARTIFACT_PREFIX = "ART#"
TALLY_PREFIX = "TALLY#"
ARCHIVE_PREFIX = "EXEC#"
NOTE_PREFIX = "NOTE#"
TOLD_PREFIX = "TOLD#"
HOLDER_PREFIX = "H#"
WAITER_PREFIX = "W#"
TENANTS = "TENANTS"


class Key(NamedTuple):
    """Primary key of an item."""

    pk: str
    sk: str


def part(text: str) -> str:
    """Return the text as a part of a key: without `#`, and of bounded length."""
    raw = text.encode(errors="backslashreplace")
    escaped = raw.decode().replace("%", "%25").replace("#", "%23")
    if len(raw) <= _MAX_PART_BYTES:
        return escaped
    kept = raw[:_KEPT_BYTES].decode(errors="ignore").replace("%", "%25").replace("#", "%23")
    return f"{kept}%~{hashlib.sha256(raw).hexdigest()}"


def type_key(tenant: str, job_type: str) -> Key:
    """Key of a job type's pointer."""
    return Key(f"T#{part(tenant)}#D#{part(job_type)}", TYPE_SORT)


def schedule_key(tenant: str, job_type: str) -> Key:
    """Key of a job type's schedule."""
    return Key(type_key(tenant, job_type).pk, "CRON")


def plugin_key(job_type: str) -> Key:
    """Key of the claim to the name of a public plugin; one for all tenants."""
    return Key(f"PLUGIN#{part(job_type)}", "OWNER")


def version_key(tenant: str, job_type: str, version: int) -> Key:
    """Key of a version of a job type."""
    return Key(type_key(tenant, job_type).pk, f"V#{version:08d}")


def types_list(tenant: str) -> str:
    """Index partition of the job types."""
    return f"T#{part(tenant)}#DEFS"


def run_key(tenant: str, request_id: str) -> Key:
    """Key of a run's head."""
    return Key(f"T#{part(tenant)}#R#{part(request_id)}", RUN_SORT)


def runs_list(tenant: str) -> str:
    """Index partition of the runs."""
    return f"T#{part(tenant)}#RUNS"


def archive_key(tenant: str, request_id: str, execution_id: str) -> Key:
    """Key of the head of an earlier execution."""
    return Key(run_key(tenant, request_id).pk, f"{ARCHIVE_PREFIX}{part(execution_id)}")


def history_key(tenant: str, request_id: str, version: int) -> Key:
    """Key of entries of a run's history, by the version of the first of them."""
    return Key(run_key(tenant, request_id).pk, f"HIST#{version:08d}")


def note_key(tenant: str, request_id: str, name: str) -> Key:
    """Key of a note of what was refused."""
    return Key(run_key(tenant, request_id).pk, f"{NOTE_PREFIX}{part(name)}")


def wish_key(tenant: str, request_id: str) -> Key:
    """Key of what was asked of a run last."""
    return Key(run_key(tenant, request_id).pk, "WISH")


def notification_key(tenant: str, request_id: str, notification_id: str) -> Key:
    """Key of what is known of one telling of how a run, or a task of it, ended."""
    return Key(run_key(tenant, request_id).pk, f"{TOLD_PREFIX}{part(notification_id)}")


def tally_key(tenant: str, request_id: str, name: str) -> Key:
    """Key of a tally of children; a part of the name is a part of the key."""
    return Key(run_key(tenant, request_id).pk, f"{TALLY_PREFIX}{part(name)}")


def attempts_prefix(execution_id: str, task_index: int | None = None) -> str:
    """Begin of the sort keys of an execution's attempts, or of one task of it."""
    task = "" if task_index is None else f"{task_index:04d}#"
    return f"{TASK_PREFIX}{part(execution_id)}#{task}"


def attempt_key(  # noqa: PLR0917 - a key has as many parts
    tenant: str, request_id: str, execution_id: str, task_index: int, attempt: int, place: str = ""
) -> Key:
    """Key of an attempt's outcome; one that was not reported in time has a name behind it."""
    sort = f"{attempts_prefix(execution_id, task_index)}{attempt:06d}"
    return Key(run_key(tenant, request_id).pk, f"{sort}#{part(place)}" if place else sort)


def artifact_key(tenant: str, request_id: str, artifact_id: str) -> Key:
    """Key of an artifact's metadata."""
    return Key(run_key(tenant, request_id).pk, f"{ARTIFACT_PREFIX}{part(artifact_id)}")


def artifacts_list(tenant: str) -> str:
    """Index partition of the artifacts."""
    return f"T#{part(tenant)}#ARTS"


def user_key_key(tenant: str, user_key: str) -> Key:
    """Key of the claim to a user key."""
    return Key(f"T#{part(tenant)}#UK#{part(user_key)}", "UK")


def gate_key(tenant: str, gate: str) -> Key:
    """Key of a gate's limit and count."""
    return Key(f"T#{part(tenant)}#G#{part(gate)}", GATE_SORT)


def gates_list(tenant: str) -> str:
    """Index partition of the gates."""
    return f"T#{part(tenant)}#GATES"


def resource_key(tenant: str, resource_id: str) -> Key:
    """Key of a job resource."""
    return Key(f"T#{part(tenant)}#RESOURCES", part(resource_id))


def limits_key(tenant: str) -> Key:
    """Key of the limits of a tenant."""
    return Key(f"T#{part(tenant)}#LIMITS", "LIMITS")


def holder_key(tenant: str, gate: str, name: str) -> Key:
    """Key of the slots that a run, or a task of it, holds of a gate."""
    return Key(gate_key(tenant, gate).pk, f"{HOLDER_PREFIX}{part(name)}")


def waiter_key(tenant: str, gate: str, rank: str) -> Key:
    """Key of a place in the line of a gate; a rank sorts as the line does."""
    return Key(gate_key(tenant, gate).pk, f"{WAITER_PREFIX}{rank}")


def error_rule_key(tenant: str, rule_id: str) -> Key:
    """Key of a row of the table of error codes."""
    return Key(f"T#{part(tenant)}#ERRORS", part(rule_id))


def config_key(tenant: str, scope: str, owner: str, name: str) -> Key:
    """Key of a config."""
    return Key(f"T#{part(tenant)}#C#{part(scope)}#{part(owner)}", part(name))


def reservation_key(tenant: str, key: str) -> Key:
    """Key of what an idempotency key stands for."""
    return Key(f"T#{part(tenant)}#IK#{part(key)}", "IK")


def ant_key(tenant: str, ant_id: str) -> Key:
    """Key of an ant."""
    return Key(f"T#{part(tenant)}#ANTS", part(ant_id))


def queue_key(tenant: str, routing_key: str) -> Key:
    """Key of a task queue."""
    return Key(f"T#{part(tenant)}#QUEUES", part(routing_key))


def cancel_key(tenant: str, task_key: str, expires_at: datetime) -> Key:
    """Key of a wish to end an attempt: sorted by expiry, so that expired ones are never read."""
    return Key(f"T#{part(tenant)}#CANCELS", f"{expiry_sort(expires_at)}#{part(task_key)}")


def expiry_sort(moment: datetime) -> str:
    """Milliseconds as text that sorts as the time does."""
    return f"{int(moment.timestamp() * 1000):015d}"


def socket_ant_key(tenant: str, ant_id: str) -> Key:
    """Key of a websocket ant."""
    return Key(f"T#{part(tenant)}#SOCKETS", f"A#{part(ant_id)}")


def socket_connection_key(tenant: str, connection_id: str) -> Key:
    """Key of a websocket connection."""
    return Key(f"T#{part(tenant)}#SOCKETS", f"C#{part(connection_id)}")


def socket_task_key(tenant: str, routing_key: str, request_id: str, task_key: str) -> Key:
    """Key of a task that waits for a websocket ant; run ids sort by age."""
    pk = f"T#{part(tenant)}#SOCKTASKS#{part(routing_key)}"
    return Key(pk, f"{part(request_id)}#{part(task_key)}")


def watcher_key(tenant: str, connection_id: str) -> Key:
    """Key of a connection that watches a run."""
    return Key(f"T#{part(tenant)}#WATCHERS", part(connection_id))


def told_end_key(tenant: str, request_id: str, execution_id: str) -> Key:
    """Key of the note that the event bus was told of an end; run ids sort as lists do."""
    return Key(f"T#{part(tenant)}#ENDS", f"{part(request_id)}#{part(execution_id)}")


def token_key(token_sha256: str) -> Key:
    """Key of a bearer token."""
    return Key(f"TOKEN#{part(token_sha256)}", "TOKEN")


def tenant_key(tenant: str) -> Key:
    """Key of the note that there is a tenant."""
    return Key(TENANTS, part(tenant))


def retired_key(tenant: str, request_id: str) -> Key:
    """Key of the note that a run was retired."""
    return Key(f"T#{part(tenant)}#RETIRED", part(request_id))
