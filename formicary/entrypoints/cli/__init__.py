"""The command line `formicary`: nouns and verbs over the REST API, for users and for ants.

Only click is imported until a command runs, so that `--help` answers at once.
"""

import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave with its exit code."""
    try:
        from formicary.entrypoints.cli.app import run  # noqa: PLC0415 - may be not installed
    except ModuleNotFoundError as missing:
        if missing.name is None or missing.name.startswith(("formicary", "ant_agent")):
            raise
        sys.exit(
            f"formicary: the Python package {missing.name!r} is not installed.\n"
            "Install the command line with its parts: pip install 'formicary[agent]'"
        )
    sys.exit(run(arguments))
