"""`dot`, `mermaid` and `png` of jobs and of runs."""

import sys
from collections.abc import Callable
from pathlib import Path

import click

from formicary.entrypoints.cli.session import Session, example, remote, tell
from formicary.entrypoints.cli.which_run import find_run_id

# Returns the graph of what is named, in the form that is the end of its route.
Fetch = Callable[[Session, str, str], bytes]


def job_graph(session: Session, name: str, form: str) -> bytes:
    """Return the graph of a definition."""
    return session.client.definition_text(name, form)


def run_graph(session: Session, name: str, form: str) -> bytes:
    """Return the graph of a run."""
    return session.client.run_graph(find_run_id(session.client, name), form)


def add_graph_commands(group: click.Group, argument: str, of: str, fetch: Fetch) -> None:
    """Give a noun the commands that draw it."""
    noun = str(group.name)
    sample = "word-statistics" if noun == "job" else "latest"
    viewer = f"formicary {noun} dot {sample} | dot -Tsvg > graph.svg"
    page = f"formicary {noun} mermaid {sample}"
    picture = f"formicary {noun} png {sample} -o graph.png"
    group.add_command(
        _text_command("dot", f"Print the graph {of} for Graphviz.", viewer, argument, fetch)
    )
    group.add_command(
        _text_command("mermaid", f"Print the graph {of} for Mermaid.", page, argument, fetch)
    )
    group.add_command(_png_command(picture, of, argument, fetch))


def _text_command(form: str, told: str, sample: str, argument: str, fetch: Fetch) -> click.Command:
    @click.command(form, help=told, epilog=example(sample))
    @click.argument("name", metavar=argument)
    @remote
    def print_graph(session: Session, name: str) -> None:
        click.echo(fetch(session, name, form), nl=False)

    return print_graph


def _png_command(sample: str, of: str, argument: str, fetch: Fetch) -> click.Command:
    @click.command("png", help=f"Draw the graph {of} as a picture.", epilog=example(sample))
    @click.argument("name", metavar=argument)
    @click.option(
        "-o",
        "--to",
        "path",
        type=click.Path(dir_okay=False, path_type=Path),
        help="The file to write; without it the picture goes to stdout.",
    )
    @remote
    def write_picture(session: Session, name: str, path: Path | None) -> None:
        if path is None and sys.stdout.isatty():
            raise click.UsageError("A picture is no text for a terminal: name a file with -o PATH.")
        picture = fetch(session, name, "dot.png")
        if path is None:
            click.echo(picture, nl=False)
            return
        path.write_bytes(picture)
        tell(f"wrote {path}")

    return write_picture
