"""Who is to be told of an ending, with what: templates rendered, secrets filled in.

Secrets are in the plan and nowhere else: it is never stored, logged or sent as a whole.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from formicary.domain.announcements import Announces
from formicary.domain.config import Config, ConfigOwner, ConfigScope
from formicary.domain.errors import BrokenSealError, DeliveryRefusedError, NotFoundError
from formicary.domain.job_definition import NotifyConfig
from formicary.domain.job_run import JobRun
from formicary.domain.notification import (
    Channel,
    Ending,
    Notification,
    channels_of,
    is_fixed,
    is_told,
    notification_id,
)
from formicary.domain.parsed_job import ParsedJob
from formicary.domain.records import TaskAttempt
from formicary.domain.states import RequestState
from formicary.domain.task_definition import Webhook
from formicary.domain.templating.errors import TemplateError
from formicary.ports import Clock, ConfigRepository, EndedRuns, RunRepository, SecretSealer
from formicary.service_layer.config_variables import config_layers
from formicary.service_layer.parsed_definitions import ParsedDefinitions
from formicary.service_layer.task_variables import job_built_ins, task_built_ins
from formicary.service_layer.told_words import hidden, shown_target

_ORGANIZATION = ConfigOwner(ConfigScope.ORGANIZATION)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One recipient: what is known of the telling, and where it goes (which may be secret)."""

    notification: Notification
    target: str
    hook: Webhook | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """All that is to be told of one ending; `attempt` is the last one of a task that ended."""

    ending: Ending
    run: JobRun
    attempt: TaskAttempt | None = None
    deliveries: tuple[Delivery, ...] = ()
    secrets: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class _Scene:
    """A run with its definition, and the variables that `notify` and `webhook` are rendered by."""

    ending: Ending
    run: JobRun
    parsed: ParsedJob
    task_type: str
    below: Mapping[str, Any]
    above: Mapping[str, Any]
    secrets: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class NotificationPlanner:
    """Reads an ending's run and definition; only for runs that announce their ends."""

    runs: RunRepository
    ended: EndedRuns
    definitions: ParsedDefinitions
    configs: ConfigRepository
    secrets: SecretSealer
    clock: Clock

    def plan(self, ending: Ending) -> Plan | None:
        """Return who is to be told; None when the run is gone.

        DeliveryRefusedError when the templates cannot be rendered.
        """
        run = self._execution(ending)
        if run is None:
            return None
        parsed = self.definitions.get(run.defined_by, run.job_type, run.job_version).parsed
        task_type, attempt = self._task(ending, run, parsed)
        scene = self._scene(ending, run, parsed, task_type)
        try:
            deliveries = tuple(self._deliveries(scene))
        except TemplateError as fault:
            reason = hidden(str(fault), scene.secrets)
            raise DeliveryRefusedError(f"Nobody can be told: {reason}") from None
        return Plan(ending, run, attempt, _distinct(deliveries), scene.secrets)

    def secret_or_value(self, tenant: str, name: str) -> str:
        """Return a config of the organization, opened when it is secret; "" when there is none."""
        config = self.configs.find(tenant, _ORGANIZATION, name)
        if config is None:
            return ""
        if not config.secret:
            return str(config.value)
        return self._open(tenant, config)

    def _open(self, tenant: str, config: Config) -> str:
        try:
            return self.secrets.open(tenant, config.owner, config.name, config.sealed)
        except (BrokenSealError, NotFoundError) as error:
            raise DeliveryRefusedError(
                f"The secret {config.name!r} cannot be opened any more; set it again."
            ) from error

    def _execution(self, ending: Ending) -> JobRun | None:
        """Return the run as it was in that execution: it may have been restarted since."""
        run = self.runs.find(ending.tenant, ending.job_request_id)
        if run is None or run.execution_id == ending.job_execution_id:
            return run
        archived = self.runs.archived(ending.tenant, ending.job_request_id)
        return next((r for r in archived if r.execution_id == ending.job_execution_id), None)

    def _task(
        self, ending: Ending, run: JobRun, parsed: ParsedJob
    ) -> tuple[str, TaskAttempt | None]:
        if ending.task_index is None:
            return "", None
        attempts = self.runs.attempts(
            run.tenant, run.request_id, run.execution_id, ending.task_index
        )
        in_time = [attempt for attempt in attempts if not attempt.late]
        return tuple(parsed.checked.tasks)[ending.task_index], in_time[-1] if in_time else None

    def _scene(self, ending: Ending, run: JobRun, parsed: ParsedJob, task_type: str) -> _Scene:
        names = parsed.listener_names
        if task_type:
            names |= parsed.webhook_names(task_type)
        layers = config_layers(self.configs, run, parsed, names)
        secrets = layers.secrets
        opened = {n: self._open(run.tenant, secrets[n]) for n in names & secrets.keys()}
        now = self.clock.now()
        below = {
            **layers.around(parsed.definition.job_variables, opened),
            **job_built_ins(run, now),
            **(task_built_ins(run, task_type, 1) if task_type else {}),
        }
        above = {**run.params, **run.context}
        return _Scene(ending, run, parsed, task_type, below, above, tuple(opened.values()))

    def _deliveries(self, scene: _Scene) -> Iterator[Delivery]:
        listeners = scene.parsed.render_listeners({**scene.below, **scene.above})
        if scene.task_type:
            hook = _task_webhook(scene) or listeners.webhook
        else:
            hook = listeners.webhook
            if Announces.NOTIFY in scene.run.announces:
                yield from self._letters(scene, listeners.notify)
        if hook is not None:
            yield self._delivery(scene, Channel.WEBHOOK, hook.url, hook=hook)

    def _letters(self, scene: _Scene, config: NotifyConfig | None) -> Iterator[Delivery]:
        channels, state = channels_of(config), scene.ending.state
        succeeded = state is RequestState.COMPLETED and bool(channels)
        fixed = is_fixed(state, self._previous(scene.run) if succeeded else None)
        for channel, named in channels.items():
            if is_told(named.when, state, fixed=fixed):
                for recipient in named.recipients:
                    yield self._delivery(scene, channel, recipient.strip(), fixed=fixed)

    def _previous(self, run: JobRun) -> RequestState | None:
        """Return how the execution before this one ended: of this run, or of one before it."""
        if run.retried > run.job_retries + run.job_restarts:  # somebody has started it again
            ended = [r.state for r in self.runs.archived(run.tenant, run.request_id)]
            counted = [s for s in ended if s is not RequestState.CANCELLED]
            if counted:
                return counted[-1]
        before = self.ended.previous_ended(run)
        return before.state if before else None

    def _delivery(
        self,
        scene: _Scene,
        channel: Channel,
        target: str,
        *,
        hook: Webhook | None = None,
        fixed: bool = False,
    ) -> Delivery:
        now, ending = self.clock.now(), scene.ending
        notification = Notification(
            id=notification_id(ending, channel, target),
            job_request_id=ending.job_request_id,
            job_execution_id=ending.job_execution_id,
            channel=channel,
            recipient=shown_target(target, scene.secrets),
            job_state=ending.state,
            created_at=now,
            updated_at=now,
            task_type=scene.task_type,
            fixed=fixed,
        )
        return Delivery(notification, target, hook)


def _task_webhook(scene: _Scene) -> Webhook | None:
    """Render the webhook of a task; its own variables override what is below."""
    seen = {**scene.below, **scene.above}
    own = scene.parsed.render_field(scene.task_type, "variables", seen)
    if own is None:
        return None
    seen = {**scene.below, **own.variables, **scene.above}
    rendered = scene.parsed.render_field(scene.task_type, "webhook", seen)
    return rendered.webhook if rendered else None


def _distinct(deliveries: tuple[Delivery, ...]) -> tuple[Delivery, ...]:
    return tuple({delivery.notification.id: delivery for delivery in deliveries}.values())
