"""The table of error codes in memory."""

from collections.abc import Sequence

from formicary.domain.error_rules import ErrorRule


class InMemoryErrorRuleRepository:
    """ErrorRuleRepository on a dict."""

    def __init__(self) -> None:
        self._rules: dict[tuple[str, str], ErrorRule] = {}

    def list(self, tenant: str) -> Sequence[ErrorRule]:
        """Return the rows of a tenant by id."""
        return [rule for key, rule in sorted(self._rules.items()) if key[0] == tenant]

    def find(self, tenant: str, rule_id: str) -> ErrorRule | None:
        """Return a row."""
        return self._rules.get((tenant, rule_id))

    def put(self, rule: ErrorRule) -> None:
        """Store a row."""
        self._rules[rule.tenant, rule.id] = rule

    def delete(self, tenant: str, rule_id: str) -> None:
        """Forget a row."""
        self._rules.pop((tenant, rule_id), None)
