"""Housekeeping that is only asked for."""


class InMemoryHouse:
    """HouseService that remembers, by name, for which tenants it was started."""

    def __init__(self) -> None:
        self.started: dict[str, str] = {}

    def start(self, tenant: str, name: str) -> None:
        """Note that the housekeeping of a tenant was asked for."""
        self.started.setdefault(name, tenant)
