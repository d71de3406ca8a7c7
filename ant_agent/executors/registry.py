"""Finds executors by entry point: the name is the method, the value makes the executor."""

from collections.abc import Iterable, Mapping
from importlib.metadata import EntryPoint, entry_points

from ant_agent.executors.base import (
    Executor,
    ExecutorFactory,
    ExecutorHost,
    ExecutorUnavailableError,
)
from formicary.domain.states import TaskMethod

GROUP = "formicary.executors"


def installed_methods() -> list[str]:
    """Return the methods that executors are installed for."""
    return sorted({entry.name for entry in entry_points(group=GROUP)})


def executors_for(
    methods: Iterable[TaskMethod], host: ExecutorHost
) -> Mapping[TaskMethod, Executor]:
    """Make the executors of some methods; a class that serves several is made once."""
    made: dict[str, Executor] = {}
    table: dict[TaskMethod, Executor] = {}
    for method in methods:
        entry = _entry_point(method)
        if entry.value not in made:
            made[entry.value] = _load(entry)(host)
        table[method] = made[entry.value]
    return table


def _entry_point(method: TaskMethod) -> EntryPoint:
    found = list(entry_points(group=GROUP, name=method))
    if not found:
        known = ", ".join(installed_methods())
        raise ExecutorUnavailableError(
            f"no executor is installed for {method}: take it out of the ant's methods, or install"
            f" a package that has one (here are: {known})"
        )
    # A package of the user's goes before what comes with the ant.
    return min(found, key=lambda entry: (entry.module.startswith("ant_agent."), entry.value))


def _load(entry: EntryPoint) -> ExecutorFactory:
    try:
        factory: ExecutorFactory = entry.load()
    except (ImportError, AttributeError) as error:
        raise ExecutorUnavailableError(
            f"the executor of {entry.name} cannot be loaded ({error}): install"
            " 'formicary[agent]', or the package that it comes with, again"
        ) from error
    return factory
