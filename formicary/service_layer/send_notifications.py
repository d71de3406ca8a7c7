"""Telling of an ending: each recipient once, those that could not be told again later.

A telling is claimed by a conditional write before it is sent and noted after it: whoever sees it
claimed leaves it alone, and only a crash between sending and noting tells somebody twice.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from formicary.domain.announcements import Announces
from formicary.domain.errors import ConcurrentUpdateError, DeliveryRefusedError, FormicaryError
from formicary.domain.notification import (
    MAX_TRIES,
    Channel,
    Ending,
    Notification,
    NotificationState,
    notification_id,
    pause_before,
)
from formicary.ports import Clock, LaterEndings, NotificationRepository, RunRepository
from formicary.service_layer.notification_plan import Delivery, NotificationPlanner, Plan
from formicary.service_layer.tell_recipient import Teller
from formicary.service_layer.told_words import hidden

# Longer than a function runs: who has claimed it then is dead.
CLAIM_HOLDS = timedelta(seconds=90)
MAX_ERROR = 500


@dataclass(frozen=True, slots=True)
class Notifier:
    """Tells endings; safe to be called for the same one several times, and at once."""

    planner: NotificationPlanner
    teller: Teller
    notifications: NotificationRepository
    later: LaterEndings
    runs: RunRepository
    clock: Clock

    def tell(self, ending: Ending, has_time: Callable[[], bool]) -> Sequence[Notification]:
        """Tell everybody who was not told yet, and see to it that the rest is told later."""
        try:
            plan = self.planner.plan(ending)
        except DeliveryRefusedError as fault:
            return self._note_refusal(ending, fault)
        if plan is None:
            return []
        told = [self._deliver(plan, d) if has_time() else None for d in plan.deliveries]
        if not all(notification and notification.settled for notification in told):
            self.postpone(ending)
        return [notification for notification in told if notification]

    def postpone(self, ending: Ending) -> None:
        """Have an ending told again after a pause, or give it up after the last try."""
        tries = ending.tries + 1
        if tries >= MAX_TRIES:
            self.later.give_up(ending)
            return
        again = ending.model_copy(update={"tries": tries})
        self.later.tell_again(again, self.clock.now() + pause_before(tries))

    def _deliver(self, plan: Plan, delivery: Delivery) -> Notification | None:
        """Tell one recipient; None when somebody else is at it."""
        known = self._known(plan.ending, delivery.notification)
        if known.settled:
            return known
        claimed = self._claim(plan.ending, known)
        if claimed is None:
            return None
        try:
            self.teller.tell(plan, delivery)
        except DeliveryRefusedError as fault:
            return self._settle(plan, claimed, NotificationState.REFUSED, fault)
        except FormicaryError as fault:
            last = plan.ending.tries + 1 >= MAX_TRIES
            state = NotificationState.GIVEN_UP if last else NotificationState.FAILING
            return self._settle(plan, claimed, state, fault)
        return self._settle(plan, claimed, NotificationState.SENT)

    def _known(self, ending: Ending, fresh: Notification) -> Notification:
        found = self.notifications.find(ending.tenant, fresh.job_request_id, fresh.id)
        return found or fresh

    def _claim(self, ending: Ending, known: Notification) -> Notification | None:
        now = self.clock.now()
        held = known.state is NotificationState.SENDING and known.version > 0
        if held and known.updated_at + CLAIM_HOLDS > now:
            return None
        wanted = replace(
            known, state=NotificationState.SENDING, attempts=known.attempts + 1, updated_at=now
        )
        try:
            return self.notifications.save(ending.tenant, wanted)
        except ConcurrentUpdateError:
            return None

    def _settle(
        self,
        plan: Plan,
        claimed: Notification,
        state: NotificationState,
        fault: FormicaryError | None = None,
    ) -> Notification:
        error = hidden(fault.message, plan.secrets)[:MAX_ERROR] if fault else ""
        ended = replace(claimed, state=state, error=error, updated_at=self.clock.now())
        return self.notifications.save(plan.ending.tenant, ended)

    def _note_refusal(self, ending: Ending, fault: DeliveryRefusedError) -> list[Notification]:
        """Keep that nobody was told since the templates cannot be rendered."""
        run = self.runs.find(ending.tenant, ending.job_request_id)
        people = run is not None and Announces.NOTIFY in run.announces
        channel = Channel.EMAIL if people and ending.task_index is None else Channel.WEBHOOK
        now = self.clock.now()
        refused = Notification(
            id=notification_id(ending, channel, ""),
            job_request_id=ending.job_request_id,
            job_execution_id=ending.job_execution_id,
            channel=channel,
            recipient="",
            job_state=ending.state,
            created_at=now,
            updated_at=now,
            state=NotificationState.REFUSED,
            error=fault.message[:MAX_ERROR],
        )
        known = self._known(ending, refused)
        return [known if known.version else self.notifications.save(ending.tenant, refused)]
