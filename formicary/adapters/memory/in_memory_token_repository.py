"""Bearer tokens in memory."""

from collections.abc import Sequence

from formicary.domain.records import Principal


class InMemoryTokenRepository:
    """TokenRepository and TenantRegistry on a dict."""

    def __init__(self) -> None:
        self._principals: dict[str, Principal] = {}

    def find(self, token_sha256: str) -> Principal | None:
        """Return whose token it is."""
        return self._principals.get(token_sha256)

    def put(self, token_sha256: str, principal: Principal) -> None:
        """Store a token."""
        self._principals[token_sha256] = principal

    def tenants(self, after: str, limit: int) -> Sequence[str]:
        """Return tenants by name, from the first after that name on."""
        names = {principal.tenant for principal in self._principals.values()}
        return sorted(name for name in names if name > after)[:limit]
