"""Tenant names, where they become part of a pattern that grants rights."""

import re

from formicary.domain.errors import InvalidRequestError

_TENANT = re.compile(r"[A-Za-z0-9_]{1,32}")


def checked_tenant(tenant: str) -> str:
    """Return the name when no other tenant's queues and objects can match its patterns.

    A hyphen would let tenant `a` match the queues of tenant `a-b`, a star everybody's.
    """
    if not _TENANT.fullmatch(tenant):
        raise InvalidRequestError(
            f"The tenant {tenant!r} cannot have ants: it must be 1 to 32 letters, digits or _."
        )
    return tenant
