"""A job definition: the article's fields. Templated values keep their text, or their default."""

import re
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from formicary.domain.field_types import (
    Count,
    NameList,
    NeedyPart,
    Part,
    Seconds,
    TextList,
    Variables,
    fault,
)
from formicary.domain.task_definition import (
    BasicResource,
    RetryBackoffPolicy,
    TaskDefinition,
    Webhook,
)

_ADDRESS = re.compile(r"[^@\s<>]{1,64}@[^@\s<>]{1,190}")
NotifyWhen = Literal["always", "onSuccess", "onFailure", "never"]


def _recipients(value: object) -> object:
    """Take a bare list of recipients for a channel."""
    return {"recipients": value} if isinstance(value, list | str) else value


class NotifyChannel(NeedyPart):
    """Who is told by one channel, and when."""

    needs: ClassVar[tuple[str, ...]] = ("recipients",)

    recipients: TextList = Field(
        default_factory=list, description="Addresses; channels, or URLs of incoming webhooks."
    )
    when: NotifyWhen = Field("onFailure", description="always, onSuccess, onFailure or never.")


def _addresses(channel: NotifyChannel) -> NotifyChannel:
    for address in channel.recipients:
        if "{{" not in address and not _ADDRESS.fullmatch(address.strip()):
            message = f'has an e-mail address that is none: "{address[:60]}"'
            raise fault(message, "write it as name@example.org")
    return channel


Channel = Annotated[NotifyChannel, BeforeValidator(_recipients)]
EmailChannel = Annotated[Channel, AfterValidator(_addresses)]


class NotifyConfig(Part):
    """Who is told when a job ends."""

    email: EmailChannel | None = Field(None, description="By e-mail.")
    slack: Channel | None = Field(None, description="By Slack.")


class JobDefinition(Part):
    """A job: tasks in a directed acyclic graph, and how the whole is run."""

    job_type: str = Field("", description="Name of the job, unique in its organization.")
    sem_version: str = Field("", description="Semantic version, for public plugins.")
    url: str = Field("", description="Where more is said of it.")
    description: str = Field("", description="What it does.")
    platform: str = Field("", description="Platform it is for.")
    cron_trigger: str = Field("", description="When it runs by itself.")
    cron_timezone: str = Field("UTC", description="Time zone of the cron expression.")
    cron_catch_up: Literal["none", "once", "all"] = Field(
        "once", description="What happens to occurrences that were missed."
    )
    timeout: Seconds | None = Field(None, description="The longest a run may take.")
    pause_time: Seconds | None = Field(None, description="How long PAUSE_JOB pauses.")
    retry: Count = Field(0, description="Extra runs after a failure.")
    hard_reset_after_retries: Count = Field(0, description="After how many retries all runs again.")
    delay_between_retries: Seconds | None = Field(None, description="Pause between runs.")
    retry_backoff_policy: RetryBackoffPolicy | None = Field(None, description="Growing pauses.")
    max_restarts: Count = Field(100, description="How often RESTART_JOB may restart it.")
    max_wait: Seconds | None = Field(None, description="How long it waits for an ant.")
    max_parallel: Count = Field(
        0, description="How many of its tasks may be with ants at once; 0: no limit."
    )
    max_concurrency: Count = Field(0, description="How many may run at once; 0: no limit.")
    retention_days_for_failed: Count = Field(
        0, description="Days failed runs are kept; 0: for ever."
    )
    retention_days_for_completed: Count = Field(
        0, description="Days completed runs are kept; 0: for ever."
    )
    retention_days_for_cancelled: Count = Field(
        0, description="Days cancelled runs are kept; 0: for ever."
    )
    public_plugin: bool = Field(False, description="Whether others may run it.")
    required_params: NameList = Field(
        default_factory=list, description="Params a request must have."
    )
    dynamic_template_tasks: bool = Field(False, description="Accepted; templates always work.")
    strict_variables: bool = Field(False, description="Whether a missing variable is a failure.")
    tags: NameList = Field(default_factory=list, description="Tags of all its tasks.")
    methods: NameList = Field(default_factory=list, description="Methods of all its tasks.")
    job_variables: Variables = Field(default_factory=dict, description="Variables of all tasks.")
    skip_if: str = Field("", description="Template: `true` skips the run.")
    notify: NotifyConfig | None = Field(None, description="Who is told when it ends.")
    webhook: Webhook | None = Field(
        None, description="Called when it, or a task without an own one, has ended."
    )
    resources: BasicResource | None = Field(None, description="Resource to lease.")
    tasks: tuple[TaskDefinition, ...] = Field((), description="Its tasks, in any order.")

    def task(self, task_type: str) -> TaskDefinition:
        """Return the task of that name; KeyError when there is none."""
        for task in self.tasks:
            if task.task_type == task_type:
                return task
        raise KeyError(task_type)
