"""`formicary template`: try templates, offline."""

import sys
from typing import BinaryIO

import click

from formicary.domain.faults import Fault
from formicary.entrypoints.cli.exit_codes import ExitCode
from formicary.entrypoints.cli.problem_text import fault_text
from formicary.entrypoints.cli.session import example, tell


@click.group()
def template() -> None:
    """Try templates, without a control plane."""


@template.command(epilog=example("formicary template render 'Hello {{.Name}}' --data data.json"))
@click.argument("text", metavar="[TEXT|-]", default="-")
@click.option(
    "--data",
    "data_file",
    metavar="FILE",
    type=click.File("rb"),
    help="JSON that the template sees as `.`; - is standard input. Without it: an empty map.",
)
@click.option(
    "--as-job",
    is_flag=True,
    help="Render as a job does: whole numbers stay whole and equal floats of the same value.",
)
def render(text: str, data_file: BinaryIO | None, as_job: bool) -> ExitCode:
    """Render one template and print the result, byte for byte, without a line end of our own.

    A TEXT of - (or none) is standard input. The result is what Go's text/template gives for the
    same text and data. A fault goes to standard error with its place, and the exit code is 2;
    what the template wrote before the fault is printed, as Go does.
    """
    if text == "-" and data_file is sys.stdin.buffer:
        raise click.UsageError("the template and its data cannot both be standard input")
    return _render(_source(text), data_file, as_job=as_job)


def _source(text: str) -> str:
    if text != "-":
        return text
    return sys.stdin.buffer.read().decode("utf-8", "surrogateescape")


def _render(text: str, data_file: BinaryIO | None, *, as_job: bool) -> ExitCode:
    from formicary.domain.templating import (  # noqa: PLC0415 - with its user
        Dialect,
        Evaluation,
        TemplateError,
        parse_template,
    )
    from formicary.domain.templating.json_data import DataError, read_json  # noqa: PLC0415

    dialect = Dialect.JOB if as_job else Dialect.GO
    raw = b"{}" if data_file is None else data_file.read()
    written: list[str] = []
    try:
        evaluation = Evaluation(read_json(raw, dialect), dialect)
        evaluation.write(parse_template(text, dialect), written)
    except DataError as error:
        fault = Fault("ERR_DATA", str(error), "", error.line, error.column)
        _tell(fault, getattr(data_file, "name", ""), raw)
        return ExitCode.INVALID
    except TemplateError as error:
        _write(written)
        fault = Fault(error.code, error.message, error.mend, error.line, error.column)
        _tell(fault, "template", text)
        return ExitCode.INVALID
    _write(written)
    for warning in evaluation.warnings if as_job else ():
        tell(f"formicary: warning: {warning}")
    return ExitCode.OK


def _write(pieces: list[str]) -> None:
    sys.stdout.buffer.write("".join(pieces).encode("utf-8", "surrogateescape"))
    sys.stdout.buffer.flush()


def _tell(fault: Fault, file: str, text: str | bytes) -> None:
    tell(f"formicary: {fault_text(fault.to_json(), file, text)}")
