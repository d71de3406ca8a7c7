"""Answers on the terminal: tables for people, JSON and YAML for programs."""

import io
import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import click
import yaml
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

STATE_STYLES = {
    "COMPLETED": "green",
    "FAILED": "red",
    "CANCELLED": "yellow",
    "EXECUTING": "cyan",
    "PAUSED": "yellow",
}
_WIDE_ENOUGH = 10_000
_UNPRINTABLE = {code: "\ufffd" for code in [*range(32), *range(127, 160)] if code not in (9, 10)}


def show(*parts: RenderableType) -> None:
    """Print tables and texts on stdout; a pipe gets lines as long as they are, without padding."""
    if sys.stdout.isatty():
        Console(file=sys.stdout, highlight=False).print(*parts, sep="\n")
        return
    console = Console(file=io.StringIO(), width=_WIDE_ENOUGH, highlight=False)
    with console.capture() as captured:
        console.print(*parts, sep="\n")
    click.echo("\n".join(line.rstrip() for line in captured.get().splitlines()))


def emit(form: str, data: Any, print_it: Callable[[], None]) -> None:
    """Print data as json or yaml, or let `print_it` print it for people."""
    if form == "json":
        click.echo(json.dumps(data, indent=2, ensure_ascii=False))
    elif form == "yaml":
        text = yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=100)
        click.echo(text, nl=False)
    else:
        print_it()


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Table:
    """Return a table without lines, fit for a terminal and for grep."""
    built = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="bold")
    for place, column in enumerate(columns):
        # The first column is what people copy: a narrow terminal breaks the others.
        built.add_column(column, no_wrap=place == 0, overflow="fold")
    for row in rows:
        built.add_row(*(value if isinstance(value, Text) else cell(value) for value in row))
    return built


def show_table(columns: Sequence[str], rows: Sequence[Sequence[Any]], nothing: str) -> None:
    """Print a table, or one line on stderr when it would be empty."""
    if not rows:
        click.echo(nothing, err=True)
        return
    show(table(columns, rows))


def cell(value: Any, style: str = "") -> Text:
    """Return a value as text that cannot play tricks with the terminal."""
    if isinstance(value, list):
        value = ", ".join(str(item) for item in value)
    return Text("" if value is None else str(value).translate(_UNPRINTABLE), style=style)


def state(name: str) -> Text:
    """Return the name of a state in its colour."""
    return cell(name, STATE_STYLES.get(name, ""))


def moment(text: str | None) -> str:
    """Return a time of the API in the local time zone, to the second."""
    return datetime.fromisoformat(text).astimezone().strftime("%Y-%m-%d %H:%M:%S") if text else ""


def elapsed(record: Mapping[str, Any]) -> str:
    """Return how long something with `started_at` and `ended_at` has taken up to now."""
    if not record.get("started_at"):
        return ""
    start = datetime.fromisoformat(record["started_at"])
    end = (
        datetime.fromisoformat(record["ended_at"]) if record.get("ended_at") else datetime.now(UTC)
    )
    return seconds((end - start).total_seconds())


def seconds(length: float) -> str:
    """Return a length of time as people say it."""
    if length < 60:
        return f"{max(length, 0):.1f} s"
    minutes, rest = divmod(int(length), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes:02}m{rest:02}s" if hours else f"{minutes}m{rest:02}s"


def size(count: int) -> str:
    """Return a number of bytes as people say it."""
    amount = float(count)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if amount < 1024:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1024
    return f"{amount:.1f} TiB"
