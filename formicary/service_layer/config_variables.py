"""The configs that templates of a run see, read only where a template mentions an unknown name.

Order: configs of the organization, then of the user, then the job's own `job_variables`, then
configs of the job type.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from formicary.domain.config import Config, ConfigOwner, ConfigScope
from formicary.domain.job_run import JobRun
from formicary.domain.parsed_job import ParsedJob
from formicary.ports import ConfigRepository
from formicary.service_layer.task_variables import BUILT_IN_NAMES


@dataclass(frozen=True, slots=True)
class ConfigLayers:
    """Configs below and above the variables of the definition."""

    below: Mapping[str, Any] = field(default_factory=dict)
    above: Mapping[str, Any] = field(default_factory=dict)

    def around(self, job_variables: Mapping[str, Any]) -> dict[str, Any]:
        """Return all of them, the later overriding the earlier."""
        return {**self.below, **job_variables, **self.above}


class NoConfigs:
    """A ConfigRepository without configs: for engines that have none."""

    def list(self, _tenant: str, _owner: ConfigOwner) -> Sequence[Config]:
        """Return nothing."""
        return ()

    def find(self, _tenant: str, _owner: ConfigOwner, _name: str) -> Config | None:
        """Return nothing."""
        return None

    def put(self, _tenant: str, _config: Config) -> None:
        """Refuse."""
        raise NotImplementedError

    def delete(self, _tenant: str, _owner: ConfigOwner, _name: str) -> None:
        """Do nothing."""


def config_layers(
    configs: ConfigRepository, run: JobRun, parsed: ParsedJob, names: frozenset[str]
) -> ConfigLayers:
    """Return the configs that can give a value to some of the names; nothing is read for none."""
    unknown = names - BUILT_IN_NAMES - run.params.keys() - run.context.keys()
    if not unknown:
        return ConfigLayers()
    above = _values(configs, run, ConfigOwner(ConfigScope.JOB, run.job_type))
    unknown -= above.keys() | parsed.definition.job_variables.keys()
    if not unknown:
        return ConfigLayers(above=above)
    below = _values(configs, run, ConfigOwner(ConfigScope.ORGANIZATION))
    if run.user_id:
        below |= _values(configs, run, ConfigOwner(ConfigScope.USER, run.user_id))
    return ConfigLayers(below, above)


def _values(configs: ConfigRepository, run: JobRun, owner: ConfigOwner) -> dict[str, Any]:
    return {config.name: config.value for config in configs.list(run.tenant, owner)}
