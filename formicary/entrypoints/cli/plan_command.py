"""`formicary job plan`: what a job would do, before it does it."""

from datetime import UTC, datetime
from typing import BinaryIO

import click

from formicary.domain.errors import InvalidDefinitionError
from formicary.entrypoints.cli.exit_codes import ExitCode
from formicary.entrypoints.cli.lint_command import counted
from formicary.entrypoints.cli.output import emit
from formicary.entrypoints.cli.params import read_params
from formicary.entrypoints.cli.problem_text import fault_text
from formicary.entrypoints.cli.session import Session, example, reading, tell


@click.command(
    epilog=example(
        "formicary job plan examples/hello.yaml -p Name=World",
        "formicary job plan examples/hello.yaml -p Name=World --server",
    )
)
@click.argument("file", metavar="FILE", type=click.File("rb"))
@click.option("-p", "--param", "params", multiple=True, metavar="K=V", help="A param; repeatable.")
@click.option(
    "--params-file", type=click.File("rb"), help="YAML or JSON file with params; -p goes before."
)
@click.option(
    "--server",
    is_flag=True,
    help="Ask the control plane too: which ants could take the tasks, expected time and cost.",
)
@reading
def plan(
    session: Session,
    *,
    file: BinaryIO,
    params: tuple[str, ...],
    params_file: BinaryIO | None,
    server: bool,
    output: str,
) -> ExitCode:
    """Show what a job would do: tasks rendered, the ways through it, what is missing.

    Without --server nothing is asked of a control plane. Exit code 2: the definition has
    faults, params are missing, or a task cannot be rendered.
    """
    from formicary.domain.parsed_job import parse_job  # noqa: PLC0415 - the parser is slow to load
    from formicary.service_layer.plan_job import plan_job  # noqa: PLC0415

    text = file.read()
    try:
        parsed = parse_job(text)
    except InvalidDefinitionError as error:
        tell(f"formicary: {counted(len(error.faults))} in {file.name}")
        for fault in error.faults:
            tell(fault_text(fault.to_json(), file.name, text))
        return ExitCode.INVALID
    planned = plan_job(parsed, read_params(params, params_file), datetime.now(UTC))
    foreseen = None
    if server:
        from formicary.entrypoints.cli.forecast import forecast  # noqa: PLC0415 - httpx is slow

        foreseen = forecast(session.client, planned)

    def print_it() -> None:
        from formicary.entrypoints.cli.plan_text import show_plan  # noqa: PLC0415 - needs httpx

        show_plan(planned, foreseen)

    data = planned.to_json() | ({"forecast": foreseen.to_json()} if foreseen else {})
    emit(output, data, print_it)
    return ExitCode.OK if planned.ready else ExitCode.INVALID
