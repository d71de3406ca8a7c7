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
    """Configs below and above the variables of the definition, by name."""

    below: Mapping[str, Config] = field(default_factory=dict)
    above: Mapping[str, Config] = field(default_factory=dict)
    declared: frozenset[str] = frozenset()

    @property
    def secrets(self) -> dict[str, Config]:
        """The secrets that no other variable hides."""
        shown = {n: c for n, c in self.below.items() if n not in self.declared} | {**self.above}
        return {name: config for name, config in shown.items() if config.secret}

    def around(
        self, job_variables: Mapping[str, Any], placeholders: Mapping[str, str]
    ) -> dict[str, Any]:
        """Return all of them, the later overriding the earlier; of secrets what stands for them."""
        known = {
            **{name: config.value for name, config in self.below.items()},
            **job_variables,
            **{name: config.value for name, config in self.above.items()},
        }
        hidden = self.secrets.keys() - placeholders.keys()
        return {n: v for n, v in {**known, **placeholders}.items() if n not in hidden}


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
    return all_layers(configs, run, parsed, unknown)


def all_layers(
    configs: ConfigRepository, run: JobRun, parsed: ParsedJob, unknown: frozenset[str]
) -> ConfigLayers:
    """Return the configs of a run that can give a value to names that nothing above them knows."""
    if not unknown:
        return ConfigLayers()
    declared = frozenset(parsed.definition.job_variables)
    above = _by_name(configs, run, ConfigOwner(ConfigScope.JOB, run.job_type))
    if not unknown - above.keys() - declared:
        return ConfigLayers(above=above, declared=declared)
    below = _by_name(configs, run, ConfigOwner(ConfigScope.ORGANIZATION))
    if run.user_id:
        below |= _by_name(configs, run, ConfigOwner(ConfigScope.USER, run.user_id))
    return ConfigLayers(below, above, declared)


def _by_name(configs: ConfigRepository, run: JobRun, owner: ConfigOwner) -> dict[str, Config]:
    return {config.name: config for config in configs.list(run.tenant, owner)}
