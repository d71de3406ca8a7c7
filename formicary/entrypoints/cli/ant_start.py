"""`formicary ant start`: hands over to the ant."""

from pathlib import Path
from typing import Any

import click

from formicary.domain.states import TaskMethod
from formicary.entrypoints.cli.exit_codes import ExitCode
from formicary.entrypoints.cli.session import Session, example, remote, tell


@click.command(
    epilog=example("formicary ant start --tags linux,gpu --methods SHELL,HTTP_GET --capacity 8")
)
@click.option("--id", "ant_id", help="Name of the ant.  [default: the host's name]")
@click.option("--tags", help="Tags that tasks may ask for, separated by commas.")
@click.option(
    "--methods",
    help="Methods it carries out, separated by commas.  [default: SHELL]",
)
@click.option("--capacity", type=click.IntRange(1, 1000), help="Tasks at once.  [default: 4]")
@click.option(
    "--work-dir",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for the working directories of tasks.  [default: ~/.formicary/ants]",
)
@click.option(
    "--metrics-port",
    type=click.IntRange(0, 65_535),
    help="Local port for /health and /metrics.  [default: none]",
)
@click.option("--docker-host", help="DOCKER: where the engine is.  [default: its usual socket]")
@click.option(
    "--allow-privileged",
    is_flag=True,
    default=None,
    help="Whether tasks may have privileged containers, devices, the host's network.",
)
@click.option("--default-cpu-limit", help="cpu_limit of containers that name none.")
@click.option("--default-memory-limit", help="memory_limit of containers that name none.")
@remote
def start(
    session: Session,
    *,
    ant_id: str | None,
    tags: str | None,
    methods: str | None,
    capacity: int | None,
    work_dir: Path | None,
    metrics_port: int | None,
    **more: str | bool | None,
) -> ExitCode:
    """Start an ant on this host; it runs until it is told to stop (Ctrl-C, SIGTERM).

    Options left out come from FORMICARY_ANT_ID, FORMICARY_ANT_TAGS and so on.
    """
    chosen = {
        "id": ant_id,
        "tags": tags,
        "methods": _known_methods(methods),
        "capacity": capacity,
        "work_dir": work_dir,
        "metrics_port": metrics_port,
        **more,
    }
    given = {name: value for name, value in chosen.items() if value is not None}
    return _hand_over(session, given)


def _known_methods(methods: str | None) -> str | None:
    for method in filter(None, map(str.strip, (methods or "").split(","))):
        try:
            TaskMethod(method)
        except ValueError:
            known = ", ".join(known for known in TaskMethod if known.needs_ant)
            raise click.BadParameter(
                f"{method!r} is none of {known}, CUSTOM_...", param_hint="'--methods'"
            ) from None
    return methods


def _hand_over(session: Session, given: dict[str, Any]) -> ExitCode:
    try:
        from ant_agent.agent import run_ant  # noqa: PLC0415 - the extra may be missing
        from ant_agent.settings import Settings  # noqa: PLC0415
    except ModuleNotFoundError as missing:
        tell(
            f"formicary: the ant is not installed here (no module {missing.name!r}).\n"
            "Install it: pip install 'formicary[agent]'"
        )
        return ExitCode.FAILED
    from pydantic import ValidationError  # noqa: PLC0415 - the ant needs it, the options do not

    connection = session.connection
    try:
        settings = Settings(url=connection.url, token=connection.token, **given)
    except ValidationError as error:
        # Only the words: pydantic's own text shows what was given, the token among it.
        told = (f"{fault['loc'][-1]}: {fault['msg']}" for fault in error.errors(include_url=False))
        raise click.UsageError("; ".join(told)) from None
    return ExitCode(run_ant(settings))
