"""From the end of a script in a container to the result of an executor."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from ant_agent.executors.base import ExecutorResult
from ant_agent.executors.containers.script_run import ScriptEnd
from ant_agent.executors.script_session import ScriptSession, signal_words
from formicary.domain.states import ErrorCode

_SURVIVED = "a process was killed for lack of memory, though the script went on"


@dataclass(frozen=True, slots=True)
class ContainerEnd:
    """What the engine says of a container that is gone: exit code, lack of memory, words."""

    exit_code: int | None
    out_of_memory: bool = False
    words: str = ""


def script_result(
    end: ScriptEnd,
    session: ScriptSession,
    *,
    memory_limit: int | None,
    gone: Callable[[], ContainerEnd],
    started_at: datetime | None,
    border_at: datetime | None,
) -> ExecutorResult:
    """Tell how the scripts went; exit codes, signals and lack of memory apart."""
    code, starved, words = end.code, end.oom_kills > 0, ""
    if code is None and end.stopped is None:
        last = gone()
        code, starved, words = last.exit_code, last.out_of_memory, last.words
    succeeded = end.stopped is None and code == 0 and end.code is not None
    error_code, message = "", ""
    if not succeeded and end.stopped is None:
        error_code, message = _fault(end, code, starved, words, memory_limit)
    return ExecutorResult(
        succeeded=succeeded,
        exit_code="" if code is None or end.stopped is not None else str(code),
        exit_message="" if succeeded else message,
        error_code=error_code,
        error_message=message,
        failed_command="" if succeeded else session.command(end.item),
        stopped=end.stopped,
        started_at=started_at,
        pre_script_finished_at=border_at if session.before else None,
        warnings=(_SURVIVED,) if succeeded and starved else (),
    )


def after_script_warnings(end: ScriptEnd) -> list[str]:
    """Tell what went wrong with an after_script."""
    if end.stopped is not None:
        return [f"after_script {end.stopped}"]
    if end.code is None:
        return ["after_script could not be run: the container is gone"]
    if end.code != 0:
        return [f"after_script failed: {signal_words(end.code) or f'exit code {end.code}'}"]
    return []


def _fault(
    end: ScriptEnd, code: int | None, starved: bool, words: str, memory_limit: int | None
) -> tuple[ErrorCode, str]:
    if starved:
        limit = f"its limit of {memory_limit} bytes" if memory_limit else "the host's memory"
        message = (
            f"out of memory: the container used up {limit} and a process was killed;"
            " raise memory_limit of the container, or let the task need less"
        )
        return ErrorCode.OUT_OF_MEMORY, message
    if end.code is None:
        how = words or (f"exit code {code}" if code is not None else "nobody knows how")
        return ErrorCode.CONTAINER, f"the container ended before its script did: {how}"
    return ErrorCode.TASK_EXECUTE, signal_words(end.code) or f"exit code {end.code}"
