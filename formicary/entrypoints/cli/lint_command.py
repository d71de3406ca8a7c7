"""`formicary job lint`: check definitions without a control plane."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, BinaryIO

import click

from formicary.entrypoints.cli.exit_codes import ExitCode
from formicary.entrypoints.cli.output import emit
from formicary.entrypoints.cli.problem_text import fault_text
from formicary.entrypoints.cli.session import OUTPUTS, example, tell

if TYPE_CHECKING:
    from formicary.entrypoints.cli.lint_report import FileReport


@click.command(
    epilog=example(
        "formicary job lint examples/hello.yaml",
        "formicary job lint jobs/*.yaml --output sarif > lint.sarif",
    )
)
@click.argument("files", metavar="FILE...", type=click.File("rb"), nargs=-1, required=True)
@click.option(
    "--output",
    type=click.Choice((*OUTPUTS, "sarif")),
    default="table",
    show_default=True,
    help="How to print the faults; sarif is for code scanning and editors.",
)
def lint(files: tuple[BinaryIO, ...], output: str) -> ExitCode:
    """Check definitions as an upload would, without a control plane.

    A FILE of - is standard input. Exit code 0: no faults; 2: faults, each shown with its line.
    """
    from formicary.entrypoints.cli.lint_report import (  # noqa: PLC0415 - the parser is slow to load
        check_file,
        sarif,
    )

    reports = [check_file(file.name, file.read()) for file in files]
    if output == "sarif":
        click.echo(json.dumps(sarif(reports), indent=2, ensure_ascii=False))
    else:
        found = [report.to_json() for report in reports]
        emit(output, found, lambda: _print(reports))
    return ExitCode.INVALID if any(report.faults for report in reports) else ExitCode.OK


def _print(reports: "Sequence[FileReport]") -> None:
    for report in reports:
        for fault in report.faults:
            click.echo(fault_text(fault.to_json(), report.file, report.text) + "\n")
        tell(f"{report.file}: {counted(len(report.faults))}")


def counted(faults: int) -> str:
    """Say how many faults there are."""
    return "no faults" if not faults else "1 fault" if faults == 1 else f"{faults} faults"
