"""Telling one recipient by its channel; whatever cannot be done is raised."""

import hashlib
import hmac
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from formicary.domain.errors import DeliveryRefusedError, UnavailableError
from formicary.domain.notification import Channel
from formicary.domain.task_definition import Webhook
from formicary.ports import LetterWriter, Mailer, WebCaller
from formicary.service_layer.notification_plan import Delivery, NotificationPlanner, Plan
from formicary.service_layer.told_words import document_of, story_of

SLACK_API = "https://slack.com/api/chat.postMessage"
SLACK_TOKEN = "SlackToken"  # noqa: S105 - the name of a config
WEBHOOK_SECRET = "WebhookSecret"  # noqa: S105 - the name of a config
SIGNATURE_HEADER = "X-Formicary-Signature"
# Answers of Slack that another try may change.
_SLACK_PASSING = frozenset({"ratelimited", "rate_limited", "internal_error", "fatal_error"})
_OURS = frozenset({"content-length", "content-type", "host", "transfer-encoding"})


@dataclass(frozen=True, slots=True)
class Teller:
    """Knows the channels. Without a mailer the deployment sends no e-mail."""

    planner: NotificationPlanner
    writer: LetterWriter
    web: WebCaller
    mailer: Mailer | None = None
    base_url: str = ""

    def tell(self, plan: Plan, delivery: Delivery) -> None:
        """Tell one recipient; DeliveryRefusedError when that can never succeed."""
        if delivery.hook is not None:
            self._call(plan, delivery, delivery.hook)
        elif delivery.notification.channel is Channel.EMAIL:
            self._mail(plan, delivery)
        else:
            self._post_to_slack(plan, delivery)

    def _mail(self, plan: Plan, delivery: Delivery) -> None:
        if self.mailer is None:
            raise DeliveryRefusedError(
                "This deployment sends no e-mail: it has no sender. Deploy it with"
                " `-c formicary:mail-from=ADDRESS`, an identity of SES."
            )
        fixed = delivery.notification.fixed
        story = story_of(plan.run, plan.ending.state, self.base_url, fixed=fixed)
        self.mailer.send(delivery.target, self.writer.write(story))

    def _post_to_slack(self, plan: Plan, delivery: Delivery) -> None:
        fixed = delivery.notification.fixed
        story = story_of(plan.run, plan.ending.state, self.base_url, fixed=fixed)
        message: dict[str, Any] = {"text": self.writer.write(story).chat}
        if "://" in delivery.target:
            self._post(delivery.target, _json(message), {})
            return
        token = self.planner.secret_or_value(plan.run.tenant, SLACK_TOKEN)
        if not token:
            raise DeliveryRefusedError(
                f"The organization has no config {SLACK_TOKEN}: set it to the token of a Slack"
                " app, or name the URL of an incoming webhook as the recipient."
            )
        message["channel"] = delivery.target
        body = self._post(SLACK_API, _json(message), {"Authorization": f"Bearer {token}"})
        _check_slack(body)

    def _call(self, plan: Plan, delivery: Delivery, hook: Webhook) -> None:
        task_type = delivery.notification.task_type
        document = document_of(plan.ending, plan.run, task_type, plan.attempt)
        body = _json(document)
        headers = {name: text for name, text in hook.headers.items() if name.lower() not in _OURS}
        headers |= {"X-Formicary-Event": document["event_type"]}
        headers |= {"X-Formicary-Delivery": document["id"]}
        secret = self.planner.secret_or_value(plan.run.tenant, WEBHOOK_SECRET)
        if secret:
            headers[SIGNATURE_HEADER] = signature(secret, body)
        self._post(_with_query(hook), body, headers)

    def _post(self, url: str, body: bytes, headers: dict[str, str]) -> bytes:
        answer = self.web.post(url, body, {**headers, "Content-Type": "application/json"})
        if 300 <= answer.status < 400:
            raise DeliveryRefusedError(
                f"It answered {answer.status}: redirects are not followed; name the last URL."
            )
        if not 200 <= answer.status < 300:
            raise UnavailableError(f"It answered {answer.status}.")
        return answer.body


def signature(secret: str, body: bytes) -> str:
    """Return how a body is signed for who knows the secret, too: `sha256=` and an HMAC."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def _json(document: dict[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode(errors="backslashreplace")


def _with_query(hook: Webhook) -> str:
    if not hook.query:
        return hook.url
    parts = urlsplit(hook.url)
    pairs = [*parse_qsl(parts.query, keep_blank_values=True), *hook.query.items()]
    return urlunsplit(parts._replace(query=urlencode(pairs)))


def _check_slack(body: bytes) -> None:
    try:
        answer = json.loads(body)
    except ValueError as error:
        raise UnavailableError("Slack's answer is no JSON.") from error
    if isinstance(answer, dict) and not answer.get("ok"):
        reason = str(answer.get("error", ""))[:100]
        fault = UnavailableError if reason in _SLACK_PASSING else DeliveryRefusedError
        raise fault(f"Slack says {reason!r}.")
