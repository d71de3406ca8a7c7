"""The core alone, on one core: decisions, and the language."""

import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from formicary.domain.decide import decide
from formicary.domain.events import JobSubmitted, TaskFinished
from formicary.domain.job_graph import JobGraph
from formicary.domain.job_run import JobRun
from formicary.domain.messages import EventMessage
from formicary.domain.new_run import RunOrder, new_run
from formicary.domain.parsed_job import parse_job
from formicary.domain.states import RequestState
from formicary.service_layer.handle_event import Engine, Outcome
from tests.bench import jobs
from tests.bench.report import median_of, note
from tests.unit.lambdas.job_play import JobPlay

BENCH = "core"
_EVENTS = 200
_NOW = datetime(2026, 1, 1, tzinfo=UTC)
_VARIABLES: dict[str, Any] = {"Target": "prod", "Input": "a", "JobID": "1"}


def run(*, sizes: tuple[int, ...] = (10, 100, 1000), runs: int = 5) -> None:
    """Print decisions a second by the size of the job, and how long the language takes."""
    for size in sizes:
        rates = [_decisions_a_second(size) for _ in range(runs)]
        median_of(BENCH, f"decide, chain of {size} tasks", rates, "events/s")
    for size in sizes:
        median_of(BENCH, f"engine in memory, chain of {size} tasks", _handled(size), "ms an event")
    _language(runs)
    _growth(sizes, runs)


def _decisions_a_second(size: int) -> float:
    """Play chains to their ends until a moment has passed; only `decide` is on the clock."""
    graph = parse_job(jobs.chain("bench", size)).graph({})
    events = decided = 0
    seconds = 0.0
    while seconds < 0.5:
        order = RunOrder(tenant="t", user_id="u", job_type="bench", job_version=1, size=size)
        decided, spent = _play(new_run(order, "01RUN", "key", _NOW), graph)
        events += decided
        seconds += spent
    return events / seconds


def _play(job: JobRun, graph: JobGraph) -> tuple[int, float]:
    begun = time.process_time()
    job = decide(job, JobSubmitted(), graph, _NOW, "cause").run
    events = 1
    while job.active:
        (task,) = job.active.values()
        event = TaskFinished(task.task_type, task.attempt, RequestState.COMPLETED, "0")
        job = decide(job, event, graph, _NOW, "cause").run
        events += 1
    spent = time.process_time() - begun
    if job.state is not RequestState.COMPLETED:
        raise AssertionError(f"the chain ended {job.state}")
    return events, spent


class _TimedEngine:
    """The engine with the processor time that each event takes."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.milliseconds: list[float] = []

    def handle(self, message: EventMessage) -> Outcome:
        begun = time.process_time()
        outcome = self._engine.handle(message)
        self.milliseconds.append((time.process_time() - begun) * 1000)
        return outcome


def _handled(size: int) -> list[float]:
    """Have the whole engine take the events of a chain, its adapters in memory."""
    play = JobPlay()
    play.define(jobs.chain("bench", size))
    play.start("bench")
    play.engine = timed = _TimedEngine(play.engine)
    for _ in range(min(size, _EVENTS)):
        play.finish(play.next_task())
    return timed.milliseconds


def _language(runs: int) -> None:
    text = jobs.typical("bench", 100)
    parsed = parse_job(text)
    note(f"{BENCH}: the definition of 100 tasks is {len(text)} bytes long")
    _timed("parse and validate a definition of 100 tasks", lambda: parse_job(text), runs, 3)
    _timed("graph of 100 tasks", lambda: list(_nodes(parsed)), runs, 50)
    _timed("render one task of it", lambda: parsed.render_task("step-50", _VARIABLES), runs, 200)


def _growth(sizes: tuple[int, ...], runs: int) -> None:
    """How the language grows with the number of tasks: it should be by so much a task."""
    for size in sizes:
        text = jobs.lean("bench", size)
        parsed = parse_job(text)
        repeats = max(1, 200 // size)
        what = f"of {size} tasks ({len(text)} bytes)"
        _timed(
            f"parse and validate a definition {what}", lambda t=text: parse_job(t), runs, repeats
        )
        task = f"step-{size // 2}"
        render = lambda p=parsed, t=task: p.render_task(t, _VARIABLES)  # noqa: E731
        _timed(f"render one task {what}", render, runs, 200)


def _nodes(parsed: Any) -> Any:
    graph = parsed.graph(_VARIABLES)
    return (graph.node(graph.name(index)) for index in range(graph.size))


def _timed(what: str, call: Callable[[], Any], runs: int, repeats: int) -> None:
    call()
    values = []
    for _ in range(runs):
        begun = time.process_time()
        for _ in range(repeats):
            call()
        values.append((time.process_time() - begun) / repeats * 1000)
    note(f"{BENCH} {what}: spread {max(values) / statistics.median(values):.2f}")
    median_of(BENCH, what, values, "ms")
