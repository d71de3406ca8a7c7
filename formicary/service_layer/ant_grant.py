"""What a token lets ants be: the methods and tags that it was made with."""

from collections.abc import Iterable

from formicary.domain.errors import NotAuthorizedError
from formicary.domain.records import Principal
from formicary.domain.states import TaskMethod


def check_grant(caller: Principal, methods: Iterable[TaskMethod], tags: Iterable[str]) -> None:
    """Raise NotAuthorizedError when an ant has, or asks for, more than its token grants."""
    _check("methods", map(str, methods), caller.methods)
    _check("tags", tags, caller.tags)


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
