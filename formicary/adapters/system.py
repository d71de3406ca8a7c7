"""The real clock and real randomness."""

import secrets
from datetime import UTC, datetime

from ulid import ULID

_KEY_BYTES = 24


class SystemClock:
    """The time of this machine, cut to the milliseconds that stored times keep short."""

    def now(self) -> datetime:
        """Return the moment, aware, in UTC."""
        now = datetime.now(UTC)
        return now.replace(microsecond=now.microsecond // 1000 * 1000)


class UlidGenerator:
    """ULIDs of this moment, and keys from the system's secure source."""

    def ulid(self) -> str:
        """Return a new ULID."""
        return str(ULID())

    def key(self) -> str:
        """Return a new secret of 192 bits."""
        return secrets.token_urlsafe(_KEY_BYTES)
