"""`formicary ant start` and `ant doctor`: an ant of this host, started or looked at."""

from dataclasses import asdict
from typing import Any

import click

from formicary.entrypoints.cli.ant_settings import ant_options, ant_settings
from formicary.entrypoints.cli.exit_codes import ExitCode
from formicary.entrypoints.cli.output import cell, emit, show_table
from formicary.entrypoints.cli.session import Session, example, reading, remote

_COLOURS = {"good": "green", "note": "dim", "warning": "yellow", "fault": "red"}


@click.command(
    epilog=example("formicary ant start --tags linux,gpu --methods SHELL,HTTP_GET --capacity 8")
)
@ant_options
@remote
def start(session: Session, **options: Any) -> ExitCode:
    """Start an ant on this host; it runs until it is told to stop (Ctrl-C, SIGTERM).

    Options left out come from FORMICARY_ANT_ID, FORMICARY_ANT_TAGS and so on.
    """
    settings = ant_settings(session, options)
    if settings is None:
        return ExitCode.FAILED
    from ant_agent.agent import run_ant  # noqa: PLC0415 - boto3 is slow

    return ExitCode(run_ant(settings))


@click.command(epilog=example("formicary ant doctor --methods SHELL,DOCKER --tags linux"))
@ant_options
@reading
def doctor(session: Session, output: str, **options: Any) -> ExitCode:
    """Check whether an ant with these options could work here, and say how to mend what cannot.

    The exit code is 1 when something is at fault; notes and warnings do not count.
    """
    settings = ant_settings(session, options)
    if settings is None:
        return ExitCode.FAILED
    from ant_agent.doctor import Doctor, Verdict  # noqa: PLC0415 - boto3 is slow

    findings = list(Doctor(settings).findings())
    rows = [
        (finding.part, cell(finding.verdict, _COLOURS[finding.verdict]), finding.text)
        for finding in findings
    ]
    shown = [asdict(finding) for finding in findings]
    emit(output, shown, lambda: show_table(("PART", "VERDICT", "WHAT"), rows, ""))
    faults = any(finding.verdict is Verdict.FAULT for finding in findings)
    return ExitCode.FAILED if faults else ExitCode.OK
