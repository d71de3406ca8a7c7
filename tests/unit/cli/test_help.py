import subprocess
import sys

import click
import pytest

from formicary.entrypoints.cli.app import COMMANDS
from formicary.entrypoints.cli.app import formicary as root


def every_command(group=root, words=()):
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        yield (*words, name), command
        if isinstance(command, click.Group):
            yield from every_command(command, (*words, name))


@pytest.mark.parametrize(("words", "command"), list(every_command()), ids=str)
def test_every_command_has_help_with_an_example(words, command):
    shown = command.get_help(click.Context(command, info_name=" ".join(words)))

    assert command.help
    if not isinstance(command, click.Group):
        assert f"formicary {' '.join(words)}" in command.epilog
        assert "Example:" in shown


def test_the_list_of_nouns_says_what_their_own_help_says():
    for name, (_, short_help) in COMMANDS.items():
        command = root.get_command(click.Context(root), name)
        assert command.help.split("\n")[0].startswith(short_help.rstrip("."))


def test_help_imports_nothing_heavy():
    program = (
        "import sys\n"
        "from formicary.entrypoints.cli.app import run\n"
        "run(['--help'])\n"
        "print([m for m in ('httpx', 'rich', 'pydantic', 'yaml', 'boto3') if m in sys.modules])\n"
    )
    told = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert told.stdout.splitlines()[-1] == "[]"
