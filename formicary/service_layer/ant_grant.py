"""What a token lets ants be: the methods and tags that it was made with."""

from collections.abc import Iterable

from formicary.domain.ant import AntRegistration
from formicary.domain.errors import NotAuthorizedError
from formicary.domain.records import Principal


def check_grant(caller: Principal, ant: AntRegistration) -> None:
    """Raise NotAuthorizedError when an ant has, or asks for, more than its token grants."""
    _check("methods", (str(method) for method in ant.methods), caller.methods)
    _check("tags", ant.tags, caller.tags)


def _check(kind: str, asked: Iterable[str], granted: frozenset[str] | None) -> None:
    beyond = sorted(set(asked) - granted) if granted is not None else []
    if beyond:
        allowed = ", ".join(sorted(granted or ())) or "none"
        told = ", ".join(beyond)
        raise NotAuthorizedError(
            f"The token does not allow an ant the {kind} {told}; it allows: {allowed}."
            f" Leave them out of --{kind}, or use a token made for them:"
            " formicary admin create-ant-token.",
            beyond=beyond,
        )
