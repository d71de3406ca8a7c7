"""Templates of the real app, synthesised once without bundling."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

# jsii starts a Node when aws_cdk is imported: the environment's own, whatever the PATH holds.
_environment = pytest.MonkeyPatch()
_environment.setenv("JSII_NODE", str(Path(sys.executable).with_name("node")))


@dataclass(frozen=True)
class Synthesised:
    """The templates of one synthesis, by the stack's part: Data, Orchestration, Api."""

    templates: dict[str, dict[str, Any]]
    errors: list[str]

    def resources(self, kind: str) -> dict[str, dict[str, Any]]:
        """All resources of a type, over the stacks, by logical id."""
        return {
            logical_id: resource
            for template in self.templates.values()
            for logical_id, resource in template["Resources"].items()
            if resource["Type"] == kind
        }

    def only(self, kind: str) -> dict[str, Any]:
        """The properties of the one resource of a type."""
        (resource,) = self.resources(kind).values()
        return resource["Properties"]


def _read(assembly: Path) -> Synthesised:
    """Read what a synthesis wrote.

    Asking jsii for the messages fails, now and then, with `Unknown interface: ...MetadataEntry`.
    """
    artifacts = json.loads((assembly / "manifest.json").read_text())["artifacts"]
    templates = {}
    errors = []
    for name, artifact in artifacts.items():
        if artifact["type"] != "aws:cloudformation:stack":
            continue
        part = name.split("-")[0].removeprefix("Formicary")
        template = assembly / artifact["properties"]["templateFile"]
        templates[part] = json.loads(template.read_text())
        metadata = json.loads((assembly / artifact["additionalMetadataFile"]).read_text())
        errors += [
            f"{path}: {entry['data']}"
            for path, entries in metadata.items()
            for entry in entries
            if entry["type"] == "aws:cdk:error"
        ]
    return Synthesised(templates, errors)


@pytest.fixture(scope="session")
def synthesise() -> Callable[..., Synthesised]:
    import aws_cdk as cdk  # the Node above must be chosen first

    import app as formicary_app

    def run(*, also: Callable[[cdk.App], object] | None = None, **context: object) -> Synthesised:
        app = cdk.App(
            context={
                "aws:cdk:bundling-stacks": [],
                **{f"formicary:{key.replace('_', '-')}": value for key, value in context.items()},
            },
            analytics_reporting=False,
        )
        formicary_app.build(app)
        if also is not None:
            also(app)
        return _read(Path(app.synth().directory))

    return run


@pytest.fixture(scope="session")
def dev(synthesise: Callable[..., Synthesised]) -> Synthesised:
    return synthesise(stage="dev")
