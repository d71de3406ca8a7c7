"""Ants as processes: they receive, claim, keep leases, report; they die, and are cut off."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any

from formicary.adapters.memory.in_memory_task_queues import ReceivedTask
from formicary.domain.ant import ClaimAnswer, ClaimRequest, Heartbeat, TaskInFlight
from formicary.domain.messages import pack_response
from formicary.domain.states import ErrorCode, RequestState
from formicary.domain.task_request import TaskMessage
from formicary.domain.task_response import TaskResponse, TaskResponseTimings
from tests.simulator.error_table import said_of

if TYPE_CHECKING:
    from tests.simulator.world import World

LEASE_SECONDS = 30
BEAT_SECONDS = 5
TENANT = "acme"


@dataclass
class Job:
    """An attempt in the hands of an ant."""

    url: str
    receipt: str
    message: TaskMessage
    started_at: datetime
    ends_at: datetime
    exit_code: str
    stopped: str = ""


@dataclass
class Ant:
    """One ant. Its moments are times at which it does something by itself."""

    name: str
    world: "World"
    random: Random
    skew: float
    tags: tuple[str, ...]
    capacity: int = 2
    jobs: list[Job] = field(default_factory=list)
    claiming: int = 0
    dead: bool = False
    cut_off_until: datetime | None = None
    extends: bool = True
    next_beat: datetime | None = None
    next_extension: datetime | None = None

    def next_moment(self) -> datetime | None:
        """Return when it has something to do, None when it only waits for a task."""
        if self.dead or not self.jobs:
            return None
        moments = [job.ends_at for job in self.jobs]
        if self.cut_off_until is not None:
            # It works on, but what it would say has to wait.
            return self.cut_off_until
        moments += [m for m in (self.next_beat, self.next_extension) if m is not None]
        return min(moments)

    def can_take(self) -> bool:
        return not self.dead and not self.cut_off() and self._load() < self.capacity

    def _load(self) -> int:
        return len(self.jobs) + self.claiming

    def cut_off(self) -> bool:
        until = self.cut_off_until
        if until is not None and until <= self.world.clock.now():
            self.cut_off_until = None
        return self.cut_off_until is not None

    def serves(self, tags: tuple[str, ...]) -> bool:
        return set(tags) <= set(self.tags)

    def take(self, url: str, got: ReceivedTask) -> None:
        """Begin what was received, or ask for the right to when it was delivered before."""
        if not got.message.needs_claim(
            deliveries=got.receive_count, waited_seconds=got.waited_seconds
        ):
            self.begin(url, got.receipt, got.message)
            return
        self.claiming += 1
        request = got.message.request
        claim = ClaimRequest(
            job_request_id=request.job_request_id,
            job_execution_id=request.job_execution_id,
            task_type=request.task_type,
            attempt=got.message.attempt,
            proof=got.message.proof,
            delivery=got.receive_count,
        )
        self.world.call(
            "claim",
            lambda engine, _plane: engine.claim(TENANT, self.name, claim),
            self._claimed(url, got),
        )

    def _claimed(self, url: str, got: ReceivedTask) -> Callable[[Any, Any], None]:
        def done(answer: ClaimAnswer | None, _error: Any) -> None:
            self.claiming -= 1
            if self.dead:
                return
            queues = self.world.task_queues
            told = f"{answer.attempt or answer.reason}" if answer else "no answer"
            self.world.say(f"{self.name} claims: {told}")
            if answer is None:
                queues.extend(url, got.receipt, 5)
            elif not answer.granted:
                queues.delete(url, got.receipt)
            else:
                update = answer.model_dump(include={"attempt", "proof", "object_prefix"})
                self.begin(url, got.receipt, got.message.model_copy(update=update))

        return done

    def begin(self, url: str, receipt: str, message: TaskMessage) -> None:
        if any(job.message.task_key == message.task_key for job in self.jobs):
            return  # delivered twice as the same attempt: the other one reports
        world, now = self.world, self.world.clock.now()
        world.began(self, message)
        ending = world.ending(message)
        job = Job(url, receipt, message, now, now, ending.exit_code)
        seconds = ending.seconds
        limit = message.request.timeout
        if limit is not None and seconds > limit:
            seconds, job.stopped = limit, ErrorCode.TASK_TIMED_OUT
        job.ends_at = now + timedelta(seconds=seconds)
        self.jobs.append(job)
        self.next_beat = self.next_beat or now + timedelta(seconds=BEAT_SECONDS)
        self.next_extension = self.next_extension or now + timedelta(seconds=LEASE_SECONDS / 3)

    def act(self) -> None:
        """Do what is due."""
        now = self.world.clock.now()
        if self.cut_off():
            return
        faults = self.world.faults
        if faults.happens("ant died"):
            self.die()
            return
        if faults.happens("ant cut off"):
            seconds = self.random.choice([8, 35, 90])
            self.world.say(f"{self.name} is cut off for {seconds}s")
            self.cut_off_until = now + timedelta(seconds=seconds)
            return
        if faults.happens("ant stopped extending"):
            self.extends = False
        ended = [job for job in self.jobs if job.ends_at <= now]
        if ended:
            self._end(self.random.choice(ended))
        elif self.next_extension is not None and self.next_extension <= now:
            self._extend(now)
        elif self.next_beat is not None and self.next_beat <= now:
            self._beat(now)

    def die(self) -> None:
        """Forget everything. Its messages come to light again when their leases are over."""
        self.world.say(f"{self.name} dies")
        self.dead = True
        self.jobs.clear()

    def _end(self, job: Job) -> None:
        """Report, then delete the message; it may die in between."""
        self.world.say(f"{self.name} reports {job.message.task_key[-12:]}")
        self.world.send_report(
            pack_response(
                TENANT,
                job.message.attempt,
                job.message.proof,
                job.message.request.job_execution_id,
                self._response(job),
            )
        )
        self.jobs.remove(job)
        self._rest()
        if self.world.faults.happens("ant died"):
            self.die()
        else:
            self.world.task_queues.delete(job.url, job.receipt)

    def _rest(self) -> None:
        if not self.jobs:
            self.next_beat = self.next_extension = None
            self.extends = True

    def _response(self, job: Job) -> TaskResponse:
        request = job.message.request
        status = RequestState.COMPLETED if job.exit_code == "0" else RequestState.FAILED
        error_code, exit_code = "", job.exit_code
        if job.stopped:
            cancelled = job.stopped == RequestState.CANCELLED
            status = RequestState.CANCELLED if cancelled else RequestState.FAILED
            error_code, exit_code = ("" if cancelled else job.stopped), ""
        own_time = timedelta(seconds=self.skew)
        return TaskResponse(
            job_request_id=request.job_request_id,
            task_execution_id=request.task_execution_id,
            job_type=request.job_type,
            job_type_version=request.job_type_version,
            task_type=request.task_type,
            co_relation_id=request.co_relation_id,
            status=status,
            ant_id=self.name,
            exit_code=exit_code,
            exit_message=self._said(status, exit_code),
            error_code=error_code,
            job_context={f"from_{request.task_type}": exit_code},
            timings=TaskResponseTimings(received_at=job.started_at + own_time),
        )

    def _said(self, status: RequestState, exit_code: str) -> str:
        told = self.world.scenario.extras.full and status is RequestState.FAILED and exit_code
        return said_of(exit_code) if told else ""

    def _extend(self, now: datetime) -> None:
        self.next_extension = now + timedelta(seconds=LEASE_SECONDS / 3)
        if self.extends:
            for job in self.jobs:
                self.world.task_queues.extend(job.url, job.receipt, LEASE_SECONDS)

    def _beat(self, now: datetime) -> None:
        self.next_beat = now + timedelta(seconds=BEAT_SECONDS)
        heartbeat = Heartbeat(
            current_load=len(self.jobs), in_flight=[self._in_flight(job) for job in self.jobs]
        )
        self.world.beat(self, heartbeat)

    def _in_flight(self, job: Job) -> TaskInFlight:
        request = job.message.request
        return TaskInFlight(
            job_request_id=request.job_request_id,
            job_execution_id=request.job_execution_id,
            task_type=request.task_type,
            attempt=job.message.attempt,
            proof=job.message.proof,
            started_at=job.started_at + timedelta(seconds=self.skew),
        )

    def cancel(self, task_keys: set[str]) -> None:
        now = self.world.clock.now()
        for job in self.jobs:
            if job.message.task_key in task_keys and not job.stopped and job.ends_at > now:
                job.stopped = RequestState.CANCELLED
                job.ends_at = now + timedelta(seconds=self.random.uniform(0, 3))
