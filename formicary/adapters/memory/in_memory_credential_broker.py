"""Credentials that open nothing."""

import itertools
from collections.abc import Sequence
from datetime import timedelta

from formicary.adapters.tenants import checked_tenant
from formicary.domain.ant import AwsCredentials
from formicary.domain.routing_key import RoutingKey
from formicary.ports import Clock


class InMemoryCredentialBroker:
    """CredentialBroker for systems that live in memory."""

    def __init__(self, clock: Clock, duration_seconds: int = 3600) -> None:
        self._clock = clock
        self._duration = timedelta(seconds=duration_seconds)
        self._numbers = itertools.count(1)

    def ant_credentials(
        self,
        tenant: str,
        ant_id: str,
        keys: Sequence[RoutingKey],  # noqa: ARG002 - they open nothing
    ) -> AwsCredentials:
        """Return credentials that tell who asked for them."""
        return AwsCredentials(
            access_key_id=f"MEMORY{next(self._numbers):08d}",
            secret_access_key="in-memory",  # noqa: S106 - nothing takes it
            session_token=f"{checked_tenant(tenant)}/{ant_id}",
            expires_at=self._clock.now() + self._duration,
        )
