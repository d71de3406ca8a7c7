"""Params of a job as the command line takes them."""

from collections.abc import Sequence
from typing import Any, BinaryIO

import click
import yaml


def read_params(pairs: Sequence[str], file: BinaryIO | None = None) -> dict[str, Any]:
    """Return the params of a file (which keep their types) with `K=V` pairs (text) over them."""
    params = _read_file(file) if file else {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise click.BadParameter(f"{pair!r} is not K=V, as in -p Name=World", param_hint="'-p'")
        params[name] = value
    return params


def _read_file(file: BinaryIO) -> dict[str, Any]:
    try:
        params = yaml.safe_load(file) or {}
    except yaml.YAMLError as error:
        raise click.BadParameter(f"{file.name}: {error}", param_hint="'--params-file'") from error
    if not isinstance(params, dict):
        message = f"{file.name} holds no mapping of names to values"
        raise click.BadParameter(message, param_hint="'--params-file'")
    return {str(name): value for name, value in params.items()}
