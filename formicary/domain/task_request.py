"""What an ant is asked to do: the article's TaskRequest and the message that carries it."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from formicary.domain.artifact import Artifact
from formicary.domain.file_definition import CacheConfig
from formicary.domain.states import TaskMethod

# The newest form that this version reads. A message says the oldest that is enough for it.
MESSAGE_SCHEMA_VERSION = 2
SECRETS_SCHEMA_VERSION = 2


class VariableValue(BaseModel):
    """A variable as a task sees it; a secret's value is masked in every output."""

    model_config = ConfigDict(frozen=True)

    value: Any
    secret: bool = False


class ArtifactsConfig(BaseModel):
    """Which files become artifacts: paths or globs relative to the working directory.

    `when` is onSuccess, onFailure or always; `expires_after_seconds` None keeps them for ever.
    """

    paths: list[str] = Field(default_factory=list)
    when: str = "onSuccess"
    expires_after_seconds: float | None = None


class ExecutorOptions(BaseModel):
    """Settings of the executor, by the article's names; executors ignore what is not theirs."""

    model_config = ConfigDict(extra="allow")

    name: str = ""
    method: TaskMethod
    environment: dict[str, str] = Field(default_factory=dict)
    working_dir: str = ""
    artifacts: ArtifactsConfig = Field(default_factory=ArtifactsConfig)
    cache: CacheConfig | None = None
    headers: dict[str, str] = Field(default_factory=dict)
    query: dict[str, str] = Field(default_factory=dict)

    def wants(self, name: str) -> bool:
        """Whether a field of the executors' own is set to true."""
        value = (self.model_extra or {}).get(name)
        return value is True or str(value).strip().lower() == "true"


def cost_factor(options: ExecutorOptions) -> float:
    """Return what a second of a task costs: its `cost_factor`, else 1, and 1 for each service.

    As in the original, which counts the instances of services so.
    """
    given = options.model_extra or {}
    services = given.get("services") or []
    return float(given.get("cost_factor") or 1 + sum(_instances(one) for one in services))


def _instances(service: object) -> int:
    return int(service.get("instances", 1)) if isinstance(service, dict) else 1


class TaskRequest(BaseModel):
    """One attempt of one task, rendered (the article's fields; ids are strings, `timeout` seconds).

    `script` holds shell commands, or for the HTTP methods one URL an item. `timeout` covers the
    whole attempt; None is no limit. `task_retry` is the attempt number less one.
    """

    user_id: str = ""
    organization_id: str = ""
    job_definition_id: str
    job_request_id: str
    job_type: str
    job_type_version: str
    job_execution_id: str
    task_execution_id: str
    task_type: str
    co_relation_id: str
    platform: str = ""
    action: str = "EXECUTE"
    job_retry: int = 0
    task_retry: int = 0
    allow_failure: bool = False
    tags: list[str] = Field(default_factory=list)
    before_script: list[str] = Field(default_factory=list)
    after_script: list[str] = Field(default_factory=list)
    script: list[str] = Field(default_factory=list)
    timeout: float | None = None
    variables: dict[str, VariableValue] = Field(default_factory=dict)
    executor_opts: ExecutorOptions


class TaskMessage(BaseModel):
    """Body of a message on a task queue.

    `proof` is the fencing token of the attempt and goes back with the result. Artifacts and log
    chunks go under `object_prefix` (ends in a slash; `artifacts/...` and `log/<6 digits>` below
    it). `dependencies` are downloaded before the script runs; a missing one fails the task.
    `secrets` names those that the request has placeholders of; the ant fetches their values.
    `repeated` tells that one was sent before which may turn up: it is claimed before it runs.
    So is one that has lain on its queue for `claim_after` seconds (0: for any time): its task may
    have been given to somebody else meanwhile.
    """

    schema_version: int = 1
    tenant: str
    attempt: int
    proof: str
    object_prefix: str
    dependencies: list[Artifact] = Field(default_factory=list)
    warnings: list[str] = Field(default_factory=list)
    secrets: list[str] = Field(default_factory=list)
    repeated: bool = False
    claim_after: float = 0
    request: TaskRequest

    def needs_claim(self, *, deliveries: int, waited_seconds: float) -> bool:
        """Whether an ant asks before it runs it: somebody else may have it, or have had it."""
        waited_long = 0 < self.claim_after <= waited_seconds
        return deliveries > 1 or self.repeated or waited_long

    @property
    def task_key(self) -> str:
        """Name of the attempt, the same everywhere: execution, task and attempt."""
        return task_key(self.request.job_execution_id, self.request.task_type, self.attempt)


def task_key(execution_id: str, task_type: str, attempt: int) -> str:
    """Name an attempt in heartbeats, cancel wishes and as FORMICARY_IDEMPOTENCY_KEY."""
    return f"{execution_id}:{task_type}:{attempt}"
