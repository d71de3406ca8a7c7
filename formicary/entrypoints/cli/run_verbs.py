"""What can be asked of a run: `formicary run cancel|pause|resume|trigger|restart`."""

import click

from formicary.entrypoints.cli.exit_codes import ExitCode
from formicary.entrypoints.cli.session import Session, example, remote, tell
from formicary.entrypoints.cli.watch_run import watch_run
from formicary.entrypoints.cli.which_run import WHICH_RUN, find_run_id

_run_id = click.argument("run_id", metavar="ID")


def add_verbs(group: click.Group) -> None:
    """Add the verbs to `formicary run`."""
    for verb in (_CANCEL, pause, _RESUME, _TRIGGER, restart):
        group.add_command(verb)


def _verb(name: str, told: str, done: str) -> click.Command:
    """Return the command of a verb without options."""

    @click.command(name, help=told, epilog=example(f"formicary run {name} latest", after=WHICH_RUN))
    @_run_id
    @remote
    def ask(session: Session, run_id: str) -> None:
        full_id = find_run_id(session.client, run_id)
        session.client.ask(full_id, name)
        tell(f"run {full_id} {done}")

    return ask


_CANCEL = _verb(
    "cancel", "End a run and its children; always_run tasks still run.", "will be cancelled"
)
_RESUME = _verb("resume", "Have a paused run go on.", "goes on")
_TRIGGER = _verb(
    "trigger", "Start a scheduled run, or the retry that a run waits for, now.", "starts now"
)


@click.command(epilog=example("formicary run pause latest --now", after=WHICH_RUN))
@_run_id
@click.option("--now", is_flag=True, help="Interrupt tasks; they run again when resumed.")
@remote
def pause(session: Session, run_id: str, now: bool) -> None:
    """Start no further task of a run until it is resumed."""
    full_id = find_run_id(session.client, run_id)
    session.client.ask(full_id, "pause", now=now)
    tell(f"run {full_id} pauses: formicary run resume {full_id}")


@click.command(
    epilog=example(
        "formicary run restart latest --hard --wait",
        "formicary run restart latest --from load --version latest",
        after=WHICH_RUN,
    )
)
@_run_id
@click.option("--hard", is_flag=True, help="Run everything again, not only what did not complete.")
@click.option("--from", "from_task", metavar="TASK", default="", help="Run again from TASK on.")
@click.option(
    "--version", default="", help="Version of the job: a number, or latest; else as before."
)
@click.option("--wait", is_flag=True, help="Wait for the end; the exit code tells how it ended.")
@remote
def restart(  # noqa: PLR0917 - one argument an option
    session: Session, run_id: str, hard: bool, from_task: str, version: str, wait: bool
) -> ExitCode:
    """Run again what did not complete."""
    full_id = find_run_id(session.client, run_id)
    options: dict[str, str | bool] = {"hard": hard, "from": from_task, "version": version}
    session.client.ask(full_id, "restart", **options)
    tell(f"run {full_id} starts again")
    if wait:
        return watch_run(session, full_id, timeout=None, output="table", logs=False)
    return ExitCode.OK
