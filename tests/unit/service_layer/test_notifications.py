"""Who is told how a job ended: by whom it was asked for, once, again when that failed."""

import itertools
import json
from dataclasses import replace
from datetime import timedelta

import pytest

from formicary.adapters.letters.jinja_writer import JinjaLetterWriter
from formicary.adapters.memory.in_memory_notifications import (
    InMemoryLaterEndings,
    InMemoryMailer,
    InMemoryNotifications,
    InMemoryWeb,
)
from formicary.adapters.memory.in_memory_root_keys import InMemoryRootKeys
from formicary.bootstrap.sealer import aes_gcm_sealer
from formicary.domain.announcements import OF_JOBS, announced, announces
from formicary.domain.config import Config, ConfigOwner, ConfigScope
from formicary.domain.errors import DeliveryRefusedError, UnavailableError
from formicary.domain.events import RestartRequested
from formicary.domain.notification import MAX_TRIES, Ending, NotificationState
from formicary.domain.states import RequestState
from formicary.ports import WebAnswer
from formicary.service_layer.notification_plan import NotificationPlanner
from formicary.service_layer.parsed_definitions import ParsedDefinitions
from formicary.service_layer.send_notifications import Notifier
from formicary.service_layer.tell_recipient import SLACK_API, Teller, signature
from tests.unit.service_layer.engine_world import TENANT, Result, World

ORGANIZATION = ConfigOwner(ConfigScope.ORGANIZATION)
TASKS = """
tasks:
- task_type: work
  method: SHELL
  script: [work]
  on_completed: more
- task_type: more
  method: SHELL
  script: [more]
"""
MAIL = "job_type: job\nnotify: {email: [ann@example.org]}\n" + TASKS
HOOK = """
job_type: job
webhook:
  url: https://hooks.example.org/{{.Path}}
  headers: {Authorization: "Bearer {{.Token}}"}
  query: {job: "{{.JobType}}"}
tasks:
- task_type: work
  method: SHELL
  script: [work]
  variables: {Room: "7"}
  webhook: {url: "https://tasks.example.org/{{.Room}}/{{.TaskType}}"}
  on_completed: more
- task_type: more
  method: SHELL
  script: [more]
"""


class Office:
    """A world whose jobs end as told, and the notifier with all that it sends."""

    def __init__(self, *, mail: bool = True) -> None:
        self.exit_code = "0"
        self.world = World(lambda message: Result(self.exit_code))
        self.sealer = aes_gcm_sealer(InMemoryRootKeys())
        self.mailer = InMemoryMailer()
        self.web = InMemoryWeb()
        self.later = InMemoryLaterEndings()
        self.notifications = InMemoryNotifications()
        world = self.world
        planner = NotificationPlanner(
            world.runs,
            world.runs,
            ParsedDefinitions(world.definitions),
            world.configs,
            self.sealer,
            world.clock,
        )
        self.notifier = Notifier(
            planner,
            Teller(
                planner,
                JinjaLetterWriter(),
                self.web,
                self.mailer if mail else None,
                "https://formicary.example.org/",
            ),
            self.notifications,
            self.later,
            world.runs,
            world.clock,
        )

    def config(self, name, value, *, secret=False):
        now = self.world.clock.now()
        sealed = self.sealer.seal(TENANT, ORGANIZATION, name, value) if secret else ""
        shown = None if secret else value
        config = Config(ORGANIZATION, name, shown, now, now, sealed=sealed)
        self.world.configs.put(TENANT, config)

    def run(self, exit_code="0", **params):
        """Run the job; return how it ended, as the bus tells of it."""
        self.exit_code = exit_code
        request = self.world.submit("job", **params)
        self.world.settle()
        return self.ending(request)

    def ending(self, request, task_index=None, state=None):
        run = self.world.run(request)
        place = "" if task_index is None else f":{task_index}:1"
        return Ending(
            tenant=TENANT,
            job_request_id=request,
            job_execution_id=run.execution_id,
            key=f"{run.execution_id}{place}:{state or run.state}",
            state=state or run.state,
            task_index=task_index,
        )

    def tell(self, ending, *, time=True):
        return self.notifier.tell(ending, lambda: time)

    def told(self, exit_code="0", **params):
        """Run the job and tell of it; return the subjects that were mailed."""
        before = len(self.mailer.sent)
        self.tell(self.run(exit_code, **params))
        return [letter.subject for _, letter in self.mailer.sent[before:]]


@pytest.fixture
def office():
    return Office()


@pytest.fixture
def mailing(office):
    office.world.upload(MAIL)
    return office


def with_when(word):
    return (
        f"job_type: job\nnotify: {{email: {{recipients: [a@example.org], when: {word}}}}}" + TASKS
    )


def test_a_failure_is_told_and_a_success_is_not(mailing):
    assert mailing.told("3") == ["job FAILED (ERR_TASK_EXECUTE)"]

    fresh = Office()
    fresh.world.upload(MAIL)
    assert fresh.told() == []


def test_the_first_success_after_a_failure_is_told_as_fixed_and_the_second_is_not(mailing):
    mailing.told("3")

    assert mailing.told() == ["Fixed: job COMPLETED"]
    assert mailing.told() == []
    assert [n.fixed for n in mailing.tell(mailing.run("3"))] == [False]


def test_what_was_cancelled_does_not_hide_a_failure(mailing):
    mailing.told("3")
    request = mailing.world.submit("job")
    mailing.world.cancel(request)
    mailing.world.settle()
    assert mailing.world.run(request).state is RequestState.CANCELLED
    assert mailing.tell(mailing.ending(request)) == []

    assert mailing.told() == ["Fixed: job COMPLETED"]


def test_a_run_that_was_started_again_and_succeeds_is_fixed(mailing):
    ending = mailing.run("3")
    mailing.tell(ending)
    mailing.exit_code = "0"
    mailing.world.restart(ending.job_request_id)
    mailing.world.settle()

    (told,) = mailing.tell(mailing.ending(ending.job_request_id))

    assert (told.fixed, told.job_state) == (True, RequestState.COMPLETED)


def test_a_failure_is_told_as_it_was_when_the_run_has_been_started_again_since(mailing):
    ending = mailing.run("3")
    mailing.exit_code = "0"
    mailing.world.restart(ending.job_request_id)
    mailing.world.settle()

    mailing.tell(ending)

    ((_, letter),) = mailing.mailer.sent
    assert letter.subject == "job FAILED (ERR_TASK_EXECUTE)"


@pytest.mark.parametrize(
    ("when", "on_success", "on_failure", "on_fixed"),
    [
        ("always", 1, 1, 1),
        ("onSuccess", 1, 0, 1),
        ("onFailure", 0, 1, 1),
        ("never", 0, 0, 0),
    ],
)
def test_when_decides(office, when, on_success, on_failure, on_fixed):
    office.world.upload(with_when(when))

    counts = [len(office.told(code)) for code in ("0", "3", "0")]

    assert counts == [on_success, on_failure, on_fixed]


def test_recipients_are_rendered_and_each_is_told_once(office):
    text = 'job_type: job\nnotify: {email: ["{{.Who}}@example.org", ann@example.org]}' + TASKS
    office.world.upload(text)

    office.told("3", Who="ann")
    office.told("3", Who="bob")

    addresses = [address for address, _ in office.mailer.sent]
    assert addresses == ["ann@example.org", "bob@example.org", "ann@example.org"]


def test_a_letter_says_what_one_wants_to_know(mailing):
    ending = mailing.run("3")
    mailing.tell(ending)

    ((_, letter),) = mailing.mailer.sent
    for words in ("work", "ERR_TASK_EXECUTE", ending.job_request_id, "3", "user"):
        assert words in letter.text
        assert words in letter.html
    link = f"https://formicary.example.org/api/jobs/requests/{ending.job_request_id}"
    assert link in letter.text
    assert f'href="{link}"' in letter.html


def test_the_same_ending_told_again_tells_nobody_twice(mailing):
    ending = mailing.run("3")

    mailing.tell(ending)
    mailing.tell(ending)

    assert len(mailing.mailer.sent) == 1
    assert mailing.later.again == []


def test_what_somebody_else_is_sending_is_left_alone_and_looked_at_later(mailing):
    ending = mailing.run("3")
    (told,) = mailing.tell(ending)
    now = mailing.world.clock.now()
    held = replace(told, state=NotificationState.SENDING, updated_at=now)
    mailing.notifications.save(TENANT, held)

    assert mailing.tell(ending) == []
    assert len(mailing.mailer.sent) == 1
    assert len(mailing.later.again) == 1

    mailing.world.clock.advance(120)
    assert [n.state for n in mailing.tell(ending)] == [NotificationState.SENT]
    assert len(mailing.mailer.sent) == 2


def test_a_failing_recipient_is_told_later_and_the_others_at_once(office):
    text = "job_type: job\nnotify: {email: [ann@example.org, bob@example.org]}" + TASKS
    office.world.upload(text)
    office.mailer.faults.append(UnavailableError("busy"))
    ending = office.run("3")

    first = office.tell(ending)

    assert [(n.state, n.error) for n in first] == [
        (NotificationState.FAILING, "busy"),
        (NotificationState.SENT, ""),
    ]
    ((again, moment),) = office.later.again
    assert (again.tries, moment) == (1, office.world.clock.now() + timedelta(minutes=1))
    assert {n.attempts for n in office.tell(again)} == {1, 2}
    assert [address for address, _ in office.mailer.sent] == ["bob@example.org", "ann@example.org"]


def test_pauses_grow_and_the_last_failure_is_laid_aside(mailing):
    ending = mailing.run("3")
    pauses = []
    for _ in range(MAX_TRIES):
        mailing.mailer.faults.append(UnavailableError("down"))
        told = mailing.tell(ending)
        if mailing.later.again:
            ending, moment = mailing.later.again.pop()
            pauses.append((moment - mailing.world.clock.now()).total_seconds() / 60)

    assert pauses == [1, 2, 4, 8, 16, 32, 64]
    assert [n.state for n in told] == [NotificationState.GIVEN_UP]
    assert mailing.later.given_up == [ending]
    again = ending.model_copy(update={"tries": 0})
    assert [n.state for n in mailing.tell(again)] == [NotificationState.SENT]


def test_what_can_never_be_delivered_is_not_tried_again(mailing):
    mailing.mailer.faults.append(DeliveryRefusedError("no such address"))

    (told,) = mailing.tell(mailing.run("3"))

    assert (told.state, told.error) == (NotificationState.REFUSED, "no such address")
    assert mailing.later.again == []


def test_without_a_sender_mail_is_refused_with_the_mend():
    office = Office(mail=False)
    office.world.upload(MAIL)

    (told,) = office.tell(office.run("3"))

    assert told.state is NotificationState.REFUSED
    assert "formicary:mail-from" in told.error


def test_when_time_is_up_the_rest_is_told_later(mailing):
    ending = mailing.run("3")

    assert mailing.tell(ending, time=False) == []
    assert mailing.mailer.sent == []
    assert len(mailing.later.again) == 1


def test_a_template_that_gives_no_address_is_refused_and_noted(office):
    office.world.upload('job_type: job\nnotify: {email: ["{{.Nobody}}"]}' + TASKS)

    (told,) = office.tell(office.run("3"))

    assert told.state is NotificationState.REFUSED
    assert "e-mail address" in told.error
    assert len(office.tell(office.run("3"))) == 1


def test_children_tell_their_parent_and_no_people_and_plugins_of_others_tell_nobody():
    letters = announces(notify=True, webhook=True, tasks=False)
    assert letters == "nwt"
    assert announced(letters, child=True, foreign=False) == "wt"
    assert announced(letters, child=True, foreign=True) == ""
    assert announces(notify=False, webhook=False, tasks=False) == ""


def test_the_bus_lets_every_end_pass_that_somebody_wants_to_know():
    for notify, webhook, tasks in itertools.product([True, False], repeat=3):
        letters = announces(notify=notify, webhook=webhook, tasks=tasks)
        for child in (True, False):
            told = announced(letters, child=child, foreign=False)
            assert (told in OF_JOBS) == (webhook or (notify and not child))


def test_slack_is_told_with_the_token_of_the_organization(office):
    office.world.upload("job_type: job\nnotify: {slack: ['#builds']}" + TASKS)
    office.config("SlackToken", "xoxb-secret", secret=True)
    office.web.answers.append(WebAnswer(200, b'{"ok": true}'))

    (told,) = office.tell(office.run("3"))

    ((url, body, headers),) = office.web.posted
    assert url == SLACK_API
    assert headers["Authorization"] == "Bearer xoxb-secret"
    assert json.loads(body)["channel"] == "#builds"
    assert "*job* FAILED" in json.loads(body)["text"]
    assert (told.state, told.recipient) == (NotificationState.SENT, "#builds")


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (b'{"ok": false, "error": "channel_not_found"}', NotificationState.REFUSED),
        (b'{"ok": false, "error": "ratelimited"}', NotificationState.FAILING),
        (b"<html>", NotificationState.FAILING),
    ],
)
def test_what_slack_says_decides_whether_it_is_tried_again(office, answer, state):
    office.world.upload("job_type: job\nnotify: {slack: ['#builds']}" + TASKS)
    office.config("SlackToken", "xoxb-secret")
    office.web.answers.append(WebAnswer(200, answer))

    assert [n.state for n in office.tell(office.run("3"))] == [state]


def test_without_a_token_slack_is_refused_with_the_mend(office):
    office.world.upload("job_type: job\nnotify: {slack: ['#builds']}" + TASKS)

    (told,) = office.tell(office.run("3"))

    assert told.state is NotificationState.REFUSED
    assert "SlackToken" in told.error


def test_a_slack_url_from_a_secret_is_called_and_never_shown(office):
    office.world.upload('job_type: job\nnotify: {slack: ["{{.SlackUrl}}"]}' + TASKS)
    office.config("SlackUrl", "https://hooks.slack.com/services/T0/B0/key", secret=True)

    (told,) = office.tell(office.run("3"))

    ((url, body, _),) = office.web.posted
    assert url == "https://hooks.slack.com/services/T0/B0/key"
    assert set(json.loads(body)) == {"text"}
    assert told.recipient == "https://hooks.slack.com/..."
    assert "B0" not in repr(told)


def test_a_webhook_gets_the_event_of_the_job_signed_with_headers_and_query(office):
    office.world.upload(HOOK)
    office.config("Token", "t0p-secret", secret=True)
    office.config("WebhookSecret", "shared", secret=True)
    ending = office.run("3", Path="a%20b")

    office.tell(ending)

    ((url, body, headers),) = office.web.posted
    assert url == "https://hooks.example.org/a%20b?job=job"
    assert headers["Authorization"] == "Bearer t0p-secret"
    assert headers["X-Formicary-Signature"] == signature("shared", body)
    assert headers["X-Formicary-Event"] == "JobExecutionLifecycleEvent"
    event = json.loads(body)
    assert event["id"] == headers["X-Formicary-Delivery"]
    assert (event["event_type"], event["job_state"]) == ("JobExecutionLifecycleEvent", "FAILED")
    assert (event["job_request_id"], event["job_type"]) == (ending.job_request_id, "job")
    assert event["error_code"] == "ERR_TASK_EXECUTE"
    assert "secret" not in body.decode()


def test_a_webhook_is_told_of_each_task_by_its_own_hook_or_that_of_the_job(office):
    office.world.upload(HOOK)
    office.config("Token", "t0p-secret", secret=True)
    request = office.run("0", Path="p").job_request_id

    for index in (0, 1):
        office.tell(office.ending(request, index, RequestState.COMPLETED))

    (first, body, headers), (second, _, _) = office.web.posted
    assert first == "https://tasks.example.org/7/work"
    assert second == "https://hooks.example.org/p?job=job"
    assert "Authorization" not in headers
    event = json.loads(body)
    assert event["event_type"] == "TaskExecutionLifecycleEvent"
    assert (event["task_type"], event["task_state"], event["exit_code"]) == (
        "work",
        "COMPLETED",
        "0",
    )
    assert event["ant_id"] == "ant-1"


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (WebAnswer(204), NotificationState.SENT),
        (WebAnswer(302), NotificationState.REFUSED),
        (WebAnswer(404), NotificationState.FAILING),
        (WebAnswer(503), NotificationState.FAILING),
        (UnavailableError("t0p-secret is down"), NotificationState.FAILING),
    ],
)
def test_what_a_webhook_answers_decides(office, answer, state):
    office.world.upload(HOOK)
    office.config("Token", "t0p-secret", secret=True)
    office.web.answers.append(answer)

    (told,) = office.tell(office.run("3", Path="p"))

    assert told.state is state
    assert "t0p-secret" not in repr(told)


def test_a_run_that_is_gone_has_nobody_to_tell(office):
    gone = Ending(
        tenant=TENANT,
        job_request_id="gone",
        job_execution_id="e",
        key="e:FAILED",
        state=RequestState.FAILED,
    )

    assert office.tell(gone) == []


def test_a_secret_of_a_tasks_webhook_does_not_go_to_the_ant(office):
    text = """
job_type: job
tasks:
- task_type: work
  method: SHELL
  script: [work]
  webhook: {url: "https://hooks.example.org/", headers: {X-Token: "{{.Token}}"}}
"""
    office.world.upload(text)
    office.config("Token", "t0p-secret", secret=True)
    messages = []

    def outcome(message):
        messages.append(message)
        return Result("0")

    office.world.outcomes = outcome
    request = office.world.submit("job")
    office.world.settle()

    assert office.world.run(request).state is RequestState.COMPLETED
    assert "Token" not in messages[0].model_dump_json()
    office.tell(office.ending(request, 0, RequestState.COMPLETED))
    ((_, _, headers),) = office.web.posted
    assert headers["X-Token"] == "t0p-secret"


def test_a_restart_on_the_newest_version_tells_whom_that_one_names(office):
    plain = "job_type: job\n" + TASKS
    office.world.upload(plain)
    request = office.run("3").job_request_id
    assert office.world.run(request).announces == ""
    office.world.upload(MAIL)

    office.world.tell(office.world.run(request), RestartRequested(job_version=2))
    office.world.settle()

    assert office.world.run(request).announces == "n"
    assert len(office.tell(office.ending(request))) == 1
