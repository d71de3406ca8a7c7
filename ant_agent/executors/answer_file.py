"""Where an executor that scripts do not write files for keeps what was answered."""

from pathlib import Path

from ant_agent.executors.base import TaskContext

_GLOB_CHARACTERS = frozenset("*?[")


def answer_file(task: TaskContext, fallback: str, number: int = 1) -> Path | None:
    """Return the file of an answer that is to be an artifact: the first path that is declared.

    Where that is a pattern it is `fallback`; later answers of a task have their number behind.
    """
    declared = task.request.executor_opts.artifacts.paths
    if not declared:
        return None
    name = Path(declared[0])
    if name.is_absolute() or ".." in name.parts or _GLOB_CHARACTERS & set(declared[0]):
        name = Path(fallback)
    if number > 1:
        name = name.with_name(f"{name.name}-{number}")
    return task.working_dir / name
