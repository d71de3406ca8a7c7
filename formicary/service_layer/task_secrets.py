"""Opening the secrets that a task mentions, for whoever was found to carry it out."""

from collections.abc import Sequence
from dataclasses import dataclass

from formicary.domain.ant import SecretsAnswer
from formicary.domain.config import Config
from formicary.domain.errors import BrokenSealError, InvalidRequestError, NotFoundError
from formicary.domain.job_run import JobRun
from formicary.domain.secret_placeholders import secret_placeholder
from formicary.ports import ConfigRepository, SecretSealer
from formicary.service_layer.config_variables import all_layers
from formicary.service_layer.parsed_definitions import ParsedDefinitions


@dataclass(frozen=True, slots=True)
class TaskSecrets:
    """Finds and opens them; whether they may be handed out is for the caller to say."""

    parsed: ParsedDefinitions
    configs: ConfigRepository
    sealer: SecretSealer

    def hand_out(self, run: JobRun, task_type: str, names: Sequence[str]) -> SecretsAnswer:
        """Return the secrets asked for, of those that the task mentions; InvalidRequestError."""
        found = self._mentioned(run, task_type, names)
        missing = sorted(set(names) - found.keys())
        if missing:
            raise InvalidRequestError(
                f"The task {task_type!r} has no secret {', '.join(map(repr, missing))}: "
                "it was deleted, or no template of the task names it.",
                secrets=missing,
            )
        return SecretsAnswer(
            values={name: self._opened(run, found[name]) for name in names},
            placeholders={
                name: secret_placeholder(run.key, run.execution_id, task_type, name)
                for name in names
            },
        )

    def _mentioned(self, run: JobRun, task_type: str, names: Sequence[str]) -> dict[str, Config]:
        parsed = self.parsed.get(run.defined_by, run.job_type, run.job_version).parsed
        named = parsed.referenced_names(task_type) & set(names)
        layers = all_layers(self.configs, run, parsed, named)
        return {name: config for name, config in layers.secrets.items() if name in named}

    def _opened(self, run: JobRun, config: Config) -> str:
        try:
            return self.sealer.open(run.tenant, config.owner, config.name, config.sealed)
        except (BrokenSealError, NotFoundError) as error:
            raise InvalidRequestError(
                f"The secret {config.name!r} cannot be opened any more; set it again."
            ) from error
