"""The options that commands about an ant of this host share, and the settings made of them."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from formicary.domain.states import TaskMethod
from formicary.entrypoints.cli.session import Session, tell

if TYPE_CHECKING:
    from ant_agent.settings import Settings

F = TypeVar("F", bound=Callable[..., Any])
_OPTIONS = (
    click.option("--id", "id", help="Name of the ant.  [default: the host's name]"),
    click.option("--tags", help="Tags that tasks may ask for, separated by commas."),
    click.option(
        "--methods",
        help="Methods it carries out, separated by commas.  [default: SHELL]",
    ),
    click.option("--capacity", type=click.IntRange(1, 1000), help="Tasks at once.  [default: 4]"),
    click.option(
        "--work-dir",
        type=click.Path(file_okay=False, path_type=Path),
        help="Folder for the working directories of tasks.  [default: ~/.formicary/ants]",
    ),
    click.option(
        "--metrics-port",
        type=click.IntRange(0, 65_535),
        help="Local port for /health and /metrics.  [default: none]",
    ),
    click.option("--docker-host", help="DOCKER: where the engine is.  [default: its usual socket]"),
    click.option(
        "--kube-context", help="KUBERNETES: context of the kubeconfig.  [default: current]"
    ),
    click.option(
        "--kube-namespace", help="KUBERNETES: namespace of the pods.  [default: the context's]"
    ),
    click.option(
        "--allow-privileged",
        is_flag=True,
        default=None,
        help="Whether tasks may have privileged containers, devices, the host's network.",
    ),
    click.option("--default-cpu-limit", help="cpu_limit of containers that name none."),
    click.option("--default-memory-limit", help="memory_limit of containers that name none."),
)


def ant_options(command: F) -> F:
    """Give a command the options of an ant."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def ant_settings(session: Session, options: Mapping[str, Any]) -> "Settings | None":
    """Return the settings; None, and a word of it, when the ant is not installed."""
    refuse_unknown_methods(options.get("methods"))
    try:
        # What starting an ant needs is imported too, so that a missing extra is told here.
        import ant_agent.agent  # noqa: F401, PLC0415 - the extra may be missing
        from ant_agent.settings import Settings  # noqa: PLC0415
    except ModuleNotFoundError as missing:
        tell(
            f"formicary: the ant is not installed here (no module {missing.name!r}).\n"
            "Install it: pip install 'formicary[agent]'"
        )
        return None
    from pydantic import ValidationError  # noqa: PLC0415 - the ant needs it, the options do not

    connection = session.connection
    given = {name: value for name, value in options.items() if value is not None}
    try:
        return Settings(url=connection.url, token=connection.token, **given)
    except ValidationError as error:
        # Only the words: pydantic's own text shows what was given, the token among it.
        told = (f"{fault['loc'][-1]}: {fault['msg']}" for fault in error.errors(include_url=False))
        raise click.UsageError("; ".join(told)) from None


def refuse_unknown_methods(methods: str | None) -> None:
    """Raise BadParameter for the first word that is no method that ants carry out."""
    for method in filter(None, map(str.strip, (methods or "").split(","))):
        try:
            TaskMethod(method)
        except ValueError:
            known = ", ".join(known for known in TaskMethod if known.needs_ant)
            raise click.BadParameter(
                f"{method!r} is none of {known}, CUSTOM_...", param_hint="'--methods'"
            ) from None
