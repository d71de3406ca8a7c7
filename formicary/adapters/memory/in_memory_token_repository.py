"""Bearer tokens in memory."""

from formicary.domain.records import Principal


class InMemoryTokenRepository:
    """TokenRepository on a dict."""

    def __init__(self) -> None:
        self._principals: dict[str, Principal] = {}

    def find(self, token_sha256: str) -> Principal | None:
        """Return whose token it is."""
        return self._principals.get(token_sha256)

    def put(self, token_sha256: str, principal: Principal) -> None:
        """Store a token."""
        self._principals[token_sha256] = principal
