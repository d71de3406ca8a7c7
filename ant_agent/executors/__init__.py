"""Executors: one class a family of methods, found by entry point."""

from ant_agent.executors.base import Executor, ExecutorHost, ExecutorUnavailableError
from ant_agent.executors.registry import executors_for, installed_methods

__all__ = [
    "Executor",
    "ExecutorHost",
    "ExecutorUnavailableError",
    "executors_for",
    "installed_methods",
]
