"""Configs, and what seals those that are secret."""

from collections.abc import Sequence
from typing import Protocol

from formicary.domain.config import Config, ConfigOwner


class ConfigRepository(Protocol):
    """Configs of organizations, users and job types."""

    def list(self, tenant: str, owner: ConfigOwner) -> Sequence[Config]:
        """Return the configs of an owner by name, read consistently."""

    def find(self, tenant: str, owner: ConfigOwner, name: str) -> Config | None:
        """Return a config."""

    def put(self, tenant: str, config: Config) -> None:
        """Store a config in place of one of the same name."""

    def delete(self, tenant: str, owner: ConfigOwner, name: str) -> None:
        """Forget a config."""


class RootKeys(Protocol):
    """The keys that the keys of tenants are derived from; 256 bits each."""

    def current(self) -> tuple[str, bytes]:
        """Return the key to seal with and its id, making it if there is none."""

    def find(self, key_id: str) -> bytes:
        """Return a key by its id; NotFoundError when it is gone."""


class SecretSealer(Protocol):
    """Seals secrets so that only the control plane can open them."""

    def seal(self, tenant: str, owner: ConfigOwner, name: str, secret: str) -> str:
        """Return a secret sealed, bound to its tenant, owner and name."""

    def open(self, tenant: str, owner: ConfigOwner, name: str, sealed: str) -> str:
        """Return the secret; BrokenSealError when anything is not as it was sealed."""
