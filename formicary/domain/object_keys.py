"""Where objects lie in the artifact bucket. All begin with `t/<tenant>/`: rights end there."""

import hashlib
from urllib.parse import quote

# Where ants may write below their tenant: outcomes of runs, and caches.
ANT_PARTS = ("r", "c")


def tenant_prefix(tenant: str) -> str:
    """Return the prefix of all objects of a tenant."""
    return f"t/{tenant}/"


def run_prefix(tenant: str, request_id: str) -> str:
    """Return the prefix of everything that a run stores."""
    return f"t/{tenant}/r/{request_id}/"


def attempt_prefix(
    tenant: str, request_id: str, execution_id: str, task_type: str, attempt: int
) -> str:
    """Return the prefix of everything that one attempt stores; no two attempts share one."""
    return f"t/{tenant}/r/{request_id}/{execution_id}/{task_type}/{attempt}/"


def log_prefix(
    tenant: str, request_id: str, execution_id: str, task_type: str, attempt: int
) -> str:
    """Return the prefix of an attempt's log chunks, which sort by name."""
    return attempt_prefix(tenant, request_id, execution_id, task_type, attempt) + "log/"


def items_key(tenant: str, request_id: str, index: int, listing: str, page: int) -> str:
    """Return the key of a page of the items that the task at a place forks for."""
    return f"{run_prefix(tenant, request_id)}items/{index}/{listing}/{page:03d}.json"


def upload_key(tenant: str, artifact_id: str) -> str:
    """Return the key of an artifact that a user uploaded."""
    return f"t/{tenant}/u/{artifact_id}"


def cache_key(tenant: str, job_type: str, name: str) -> str:
    """Return the key of a cache: one a name, shared by the runs of a job type alone."""
    digest = hashlib.sha256(name.encode()).hexdigest()
    return f"t/{tenant}/c/{quote(job_type, safe='')}/{digest}.tar.gz"
