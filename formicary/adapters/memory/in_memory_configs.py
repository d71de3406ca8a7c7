"""Configs in memory."""

from collections.abc import Sequence

from formicary.domain.config import Config, ConfigOwner


class InMemoryConfigRepository:
    """ConfigRepository on a dict."""

    def __init__(self) -> None:
        self._configs: dict[tuple[str, ConfigOwner], dict[str, Config]] = {}

    def list(self, tenant: str, owner: ConfigOwner) -> Sequence[Config]:
        """Return the configs of an owner by name."""
        found = self._configs.get((tenant, owner), {})
        return [found[name] for name in sorted(found)]

    def find(self, tenant: str, owner: ConfigOwner, name: str) -> Config | None:
        """Return a config."""
        return self._configs.get((tenant, owner), {}).get(name)

    def put(self, tenant: str, config: Config) -> None:
        """Store a config."""
        self._configs.setdefault((tenant, config.owner), {})[config.name] = config

    def delete(self, tenant: str, owner: ConfigOwner, name: str) -> None:
        """Forget a config."""
        self._configs.get((tenant, owner), {}).pop(name, None)
