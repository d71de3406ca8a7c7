"""What is needed to read a run and what its tasks wrote."""

from dataclasses import dataclass
from typing import Protocol

from formicary.ports import ObjectStore, RunRepository
from formicary.service_layer.parsed_definitions import ParsedDefinitions


class RunReader(Protocol):
    """Runs, what their definitions say, and objects; the control plane of the API is one."""

    @property
    def runs(self) -> RunRepository:
        """The runs."""

    @property
    def parsed(self) -> ParsedDefinitions:
        """Definitions as parsed."""

    @property
    def objects(self) -> ObjectStore:
        """Logs and artifacts."""


@dataclass(frozen=True, slots=True)
class StoredRuns:
    """A RunReader and nothing more."""

    runs: RunRepository
    parsed: ParsedDefinitions
    objects: ObjectStore
