"""Methods and tags that a token grants, as one text each: in the table and from the authorizer."""

from typing import Any

from formicary.domain.records import Principal


def words(text: Any) -> frozenset[str] | None:
    """Read what is granted; None when nothing was said, which grants all."""
    return None if text is None else frozenset(filter(None, str(text).split(",")))


def written_principal(principal: Principal) -> dict[str, str]:
    """Write who calls, as an authorizer hands it on to the functions behind it."""
    who = {"tenant": principal.tenant, "user": principal.user_id, "role": principal.role}
    return who | written_grant(principal)


def written_grant(principal: Principal) -> dict[str, str]:
    """Write what is granted; what is not limited is not there."""
    grants = {"methods": principal.methods, "tags": principal.tags}
    return {name: ",".join(sorted(given)) for name, given in grants.items() if given is not None}
