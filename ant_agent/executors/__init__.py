"""Executors: one class a family of methods, found by method in a table."""

from collections.abc import Mapping

from ant_agent.executors.base import Executor
from ant_agent.executors.http import HttpExecutor
from ant_agent.executors.shell import ShellExecutor
from ant_agent.process_manager import ProcessManager
from ant_agent.settings import Settings
from formicary.domain.states import HTTP_METHODS, TaskMethod

__all__ = ["Executor", "executors_for"]


def executors_for(settings: Settings, processes: ProcessManager) -> Mapping[TaskMethod, Executor]:
    """Return the executors of the methods that this version of the ant knows."""
    http = HttpExecutor(
        body_limit=settings.http_body_limit_bytes, connect_seconds=settings.http_connect_seconds
    )
    table: dict[TaskMethod, Executor] = {TaskMethod.SHELL: ShellExecutor(processes)}
    return table | dict.fromkeys(HTTP_METHODS, http)
