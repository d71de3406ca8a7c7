"""A task of a job definition: the article's fields, those of its executor on the same level."""

from typing import Any, ClassVar, Self

from pydantic import Field, model_validator

from formicary.domain.container_definition import (
    ContainerDefinition,
    Service,
)
from formicary.domain.fault_codes import FaultCode
from formicary.domain.field_types import (
    Count,
    ForkItems,
    NameList,
    NeedyPart,
    Part,
    Routes,
    Seconds,
    Targets,
    TextList,
    TextMap,
    Url,
    Variables,
    fault,
)
from formicary.domain.file_definition import ArtifactPaths, CacheConfig
from formicary.domain.pod_definition import AnnotationMap, LabelMap, NodeAffinity, TolerationMap
from formicary.domain.states import HTTP_METHODS, Target, TaskMethod
from formicary.domain.task_request import ArtifactsConfig, ExecutorOptions

DEFAULT_METHOD = TaskMethod.KUBERNETES
# Article's fields that only the executor reads: they travel in the executor options.
EXECUTOR_FIELDS = (
    "helper_environment",
    "artifacts_dir",
    "cache_dir",
    "cache",
    "dependent_artifact_ids",
    "container",
    "helper",
    "services",
    "privileged",
    "affinity",
    "node_selector",
    "node_tolerations",
    "pod_labels",
    "pod_annotations",
    "network_mode",
    "host_network",
    "report_stdout",
    "separate_streams",
    "cost_factor",
    "artifact_key_prefix",
    "execute_command_without_shell",
    "debug",
    "messaging_request_queue",
    "messaging_reply_queue",
)


class Webhook(NeedyPart):
    """An HTTP call made when a job or a task has ended."""

    needs: ClassVar[tuple[str, ...]] = ("url",)

    url: Url = Field("", description="Where it goes.")
    headers: TextMap = Field(default_factory=dict, description="HTTP headers.")
    query: TextMap = Field(default_factory=dict, description="Query parameters.")


class RetryBackoffPolicy(Part):
    """Growing delays between attempts."""

    min: Seconds | None = Field(None, description="The first delay.")
    max: Seconds | None = Field(None, description="The longest delay.")
    factor: float = Field(2.0, ge=1, le=100, description="What each delay is multiplied by.")
    jitter: bool = Field(False, description="Whether delays vary at random.")

    @model_validator(mode="after")
    def _the_first_is_not_the_longest(self) -> Self:
        if self.min is not None and self.max is not None and self.min > self.max:
            message = (
                f"has a first delay of {self.min:g} s, which is above the longest, {self.max:g} s"
            )
            raise fault(message, "let min be at most max", FaultCode.OUT_OF_RANGE)
        return self


class ExtractConfig(Part):
    """What a leased resource tells the job."""

    properties: TextList = Field(default_factory=list, description="Properties to take over.")
    context_prefix: str = Field("", description="What their names begin with.")


class BasicResource(NeedyPart):
    """A resource that is leased while the task or job runs."""

    needs: ClassVar[tuple[str, ...]] = ("resource_type",)

    resource_type: str = Field("", description="Kind of resource.")
    description: str = Field("", description="What it is.")
    platform: str = Field("", description="Its platform.")
    category: str = Field("", description="Its category.")
    tags: NameList = Field(default_factory=list, description="Tags it must have.")
    value: Count = Field(1, description="How much of it is needed.")
    extract_config: ExtractConfig | None = Field(None, description="What it tells the job.")


class TaskDefinition(Part):
    """A task: what is run, where, and what follows."""

    task_type: str = Field("", description="Name of the task, unique in its job.")
    name: str = Field("", description="Name shown by executors.")
    method: TaskMethod = Field(DEFAULT_METHOD, description="How it is carried out.")
    description: str = Field("", description="What it does.")
    allow_failure: bool = Field(False, description="Whether it may fail without failing the job.")
    allow_start_if_completed: bool = Field(
        False, description="Whether a restart runs it again though it completed."
    )
    always_run: bool = Field(False, description="Whether it runs when the job fails, too.")
    timeout: Seconds | None = Field(None, description="The longest an attempt may take.")
    retry: Count = Field(0, description="Extra attempts after a failure.")
    delay_between_retries: Seconds | None = Field(None, description="Pause between attempts.")
    retry_backoff_policy: RetryBackoffPolicy | None = Field(None, description="Growing pauses.")
    on_completed: Targets = Field((), description="What follows when it completes.")
    on_failed: Targets = Field((), description="What follows when it fails.")
    depends_on: NameList = Field(
        default_factory=list, description="Tasks that must have ended well before it starts."
    )
    on_exit_code: Routes = Field(default_factory=dict, description="What follows an exit code.")
    except_: str = Field("", alias="except", description="Template: `true` skips the task.")
    tags: NameList = Field(default_factory=list, description="Tags that an ant must have.")
    variables: Variables = Field(default_factory=dict, description="Variables of the task.")
    environment: TextMap = Field(default_factory=dict, description="Environment of the commands.")
    working_dir: str = Field("", description="Directory the commands run in.")
    before_script: TextList = Field(default_factory=list, description="Commands run before.")
    script: TextList = Field(default_factory=list, description="Commands, or URLs for HTTP.")
    after_script: TextList = Field(default_factory=list, description="Commands run after, always.")
    url: str = Field("", description="URL of an HTTP method.")
    headers: TextMap = Field(default_factory=dict, description="HTTP headers.")
    query: TextMap = Field(default_factory=dict, description="HTTP query parameters.")
    artifacts: ArtifactPaths = Field(default_factory=ArtifactPaths, description="Files to keep.")
    dependencies: NameList = Field(
        default_factory=list, description="Tasks whose artifacts it needs."
    )
    artifact_ids: NameList = Field(
        default_factory=list,
        description="Other artifacts it needs, by id: uploads, or those of any run.",
    )
    dependent_artifact_ids: NameList = Field(default_factory=list, description="More of them.")
    fork_job_type: str = Field("", description="FORK_JOB: type of the child job.")
    fork_job_version: str = Field("", description="FORK_JOB: version of the child job.")
    fork_items: ForkItems | None = Field(
        None, description="FORK_JOB: a child for each: a list, a JSON list, or an item a line."
    )
    fork_max_parallel: Count = Field(
        0, description="FORK_JOB: how many children of `fork_items` run at once; 0 is no limit."
    )
    job_version: str = Field("", description="Version of the job.")
    await_forked_tasks: NameList = Field(
        default_factory=list, description="Fork tasks to wait for."
    )
    messaging_request_queue: str = Field("", description="MESSAGING: queue of requests.")
    messaging_reply_queue: str = Field("", description="MESSAGING: queue of replies.")
    webhook: Webhook | None = Field(None, description="Called when the task has ended.")
    resources: BasicResource | None = Field(None, description="Resource to lease.")
    report_stdout: bool = Field(False, description="Whether the output is part of the result.")
    separate_streams: bool = Field(
        False,
        description="SHELL, DOCKER, KUBERNETES: whether the log tells stderr from stdout; lines"
        " written to both within a millisecond, in a pod some ten, may then change places.",
    )
    container: ContainerDefinition | None = Field(None, description="Container it runs in.")
    helper: ContainerDefinition | None = Field(None, description="Container that moves artifacts.")
    services: list[Service] = Field(default_factory=list, description="Containers beside it.")
    cache: CacheConfig | None = Field(None, description="Directories kept between runs.")
    privileged: bool = Field(False, description="Whether the container is privileged.")
    network_mode: str = Field("", description="Docker's network mode.")
    host_network: bool = Field(False, description="Whether it uses the host's network.")
    helper_environment: TextMap = Field(default_factory=dict, description="Helper's environment.")
    artifacts_dir: str = Field("", description="Directory for artifacts.")
    cache_dir: str = Field("", description="Directory for caches.")
    artifact_key_prefix: str = Field("", description="What artifact keys begin with.")
    affinity: NodeAffinity | None = Field(None, description="Kubernetes node affinity.")
    node_selector: LabelMap = Field(default_factory=dict, description="Kubernetes node selector.")
    node_tolerations: TolerationMap = Field(
        default_factory=dict, description="Kubernetes tolerations: `key` or `key=value` and effect."
    )
    pod_labels: LabelMap = Field(default_factory=dict, description="Labels of the pod.")
    pod_annotations: AnnotationMap = Field(
        default_factory=dict, description="Annotations of the pod."
    )
    execute_command_without_shell: bool = Field(
        False,
        description="SHELL, DOCKER, KUBERNETES: start programs directly: an item is split into"
        " words as a shell would, but nothing in it is expanded, piped or redirected.",
    )
    debug: bool = Field(
        False, description="Whether the log also tells how the ant begins and ends it."
    )
    cost_factor: float = Field(
        0.0,
        ge=0,
        description="What a second of it costs, for `cpu_secs`; 0: 1, and 1 for each service.",
    )

    @model_validator(mode="before")
    @classmethod
    def _one_form(cls, data: Any) -> Any:
        """Merge COMPLETED and FAILED of `on_exit_code`, take the URL for the script of HTTP."""
        if not isinstance(data, dict):
            return data
        method = data.get("method")
        if isinstance(method, str):
            data = {**data, "method": method.strip().upper()}
            if data["method"] in HTTP_METHODS and data.get("url") and not data.get("script"):
                data["script"] = [data["url"]]
        routes = data.get("on_exit_code")
        return _with_merged_routes(data, routes) if isinstance(routes, dict) else data

    @property
    def needs_ant(self) -> bool:
        """Whether an ant does the work."""
        return self.method.needs_ant

    def executor_options(self) -> ExecutorOptions:
        """Return what the executor on the ant must know."""
        more = self.model_dump(
            mode="json", include=set(EXECUTOR_FIELDS), exclude_defaults=True, by_alias=True
        )
        return ExecutorOptions(
            name=self.name or self.task_type,
            method=self.method,
            environment=self.environment,
            working_dir=self.working_dir,
            artifacts=ArtifactsConfig(
                paths=self.artifacts.paths,
                when=self.artifacts.when,
                expires_after_seconds=self.artifacts.expires_after,
            ),
            headers=self.headers,
            query=self.query,
            **more,
        )


def _with_merged_routes(data: dict[str, Any], routes: dict[Any, Any]) -> dict[str, Any]:
    named = {str(key).strip().upper(): value for key, value in routes.items()}
    completed, failed = named.pop(Target.COMPLETED, None), named.pop(Target.FAILED, None)
    merged = {**data, "on_exit_code": named}
    if completed is not None and not data.get("on_completed"):
        merged["on_completed"] = completed
    if failed is not None and not data.get("on_failed"):
        merged["on_failed"] = failed
    return merged
