"""`formicary artifact`: get and put files of runs."""

import mimetypes
from pathlib import Path
from typing import Any, BinaryIO

import click

from formicary.domain.errors import InvalidRequestError, NotFoundError
from formicary.entrypoints.cli.download import save_artifact
from formicary.entrypoints.cli.output import emit, moment, show_table, size
from formicary.entrypoints.cli.run_view import artifacts_of
from formicary.entrypoints.cli.session import Session, example, limited, reading, remote, tell
from formicary.entrypoints.cli.which_run import find_run_id


@click.group()
def artifact() -> None:
    """Get and put files of runs."""


@artifact.command("list", epilog=example("formicary artifact list --run latest"))
@click.option(
    "--run", "run_id", default="", help="Only those of this run, its forked children's too."
)
@limited
@reading
def list_(session: Session, run_id: str, limit: int, output: str) -> None:
    """List artifacts, the newest first."""
    if run_id:
        found = artifacts_of(session.client.run(find_run_id(session.client, run_id)))[:limit]
    else:
        found = [dict(item) for item in session.client.artifacts(limit)]
    rows = [
        (
            item["id"],
            item.get("name"),
            item.get("task_type"),
            size(int(item.get("content_length") or 0)),
            moment(item.get("created_at")),
            item.get("job_request_id"),
        )
        for item in found
    ]
    columns = ("ARTIFACT", "NAME", "TASK", "SIZE", "CREATED", "RUN")
    emit(output, found, lambda: show_table(columns, rows, "No artifacts."))


@artifact.command(epilog=example("formicary artifact download report.txt --run latest -o -"))
@click.argument("which", metavar="ID|NAME")
@click.option("--run", "run_id", default="", help="The run that has an artifact of this NAME.")
@click.option(
    "-o",
    "--to",
    "target",
    type=click.Path(path_type=Path, allow_dash=True),
    help="File or folder to write to; - is standard output.  [default: its name, here]",
)
@remote
def download(session: Session, which: str, run_id: str, target: Path | None) -> None:
    """Fetch an artifact and check its SHA-256."""
    chosen = _choose(session, which, run_id)
    written = save_artifact(session.client, chosen, target)
    if written:
        tell(f"{written}  {size(written.stat().st_size)}")


def _choose(session: Session, which: str, run_id: str) -> dict[str, Any]:
    if not run_id:
        return session.client.artifact(which)
    found = artifacts_of(session.client.run(find_run_id(session.client, run_id)))
    named = [a for a in found if which in {a["id"], a.get("name"), a.get("path")}]
    if not named:
        names = ", ".join(str(a.get("name")) for a in found) or "none"
        raise NotFoundError(f"The run has no artifact called {which}. It has: {names}.")
    if len({a["id"] for a in named}) > 1:
        told = ", ".join(f"{a['id']} (of {a.get('task_type')})" for a in named)
        raise InvalidRequestError(f"Several artifacts are called {which}; give an id: {told}.")
    return dict(named[0])


@artifact.command(epilog=example("formicary artifact upload input.csv"))
@click.argument("file", type=click.File("rb"))
@click.option("--name", help="Name of the artifact.  [default: the file's name]")
@reading
def upload(session: Session, file: BinaryIO, name: str | None, output: str) -> None:
    """Store a file as an artifact and print its id."""
    called = name or Path(file.name).name
    content_type = mimetypes.guess_type(called)[0] or "application/octet-stream"
    stored = session.client.upload_artifact(file, name=called, content_type=content_type)
    emit(output, stored, lambda: click.echo(stored["id"]))
