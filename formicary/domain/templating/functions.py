"""The functions that templates may call: those of Go's text/template and the article's, all pure.

Functions that the evaluator must treat itself (`and`, `or`: they stop early; `Random`: it needs the
attempt's nonce) stand here with their number of arguments only.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from formicary.domain.templating import job_functions as job
from formicary.domain.templating.comparing import equal, less, less_or_equal
from formicary.domain.templating.containers import cut, index, length
from formicary.domain.templating.dialect import Dialect
from formicary.domain.templating.escaping import escape_html, escape_js, escape_url
from formicary.domain.templating.printing import sprint, sprintf, sprintln
from formicary.domain.templating.values import truth

GO_ONLY = frozenset({"call"})
_ANY_NUMBER = 10_000


@dataclass(frozen=True, slots=True)
class Function:
    """A function and how many arguments it takes; `tolerant` ones may be given a missing value."""

    call: Callable[..., Any]
    least: int
    most: int
    tolerant: bool = False


def _printf(form: Any, *values: Any) -> str:
    if not isinstance(form, str):
        raise TypeError("the format is not a text")
    return sprintf(form, values)


def _call(*_values: Any) -> Any:
    raise ValueError("there is nothing to call: data hold no functions")


def _functions(dialect: Dialect) -> dict[str, Function]:
    """Return the table; comparing is what the dialects do differently."""
    return {
        "and": Function(truth, 1, _ANY_NUMBER, tolerant=True),
        "or": Function(truth, 1, _ANY_NUMBER, tolerant=True),
        "not": Function(lambda value: not truth(value), 1, 1, tolerant=True),
        "eq": Function(partial(equal, dialect), 2, _ANY_NUMBER),
        "ne": Function(lambda one, other: not equal(dialect, one, other), 2, 2),
        "lt": Function(partial(less, dialect), 2, 2),
        "le": Function(partial(less_or_equal, dialect), 2, 2),
        "gt": Function(lambda one, other: not less_or_equal(dialect, one, other), 2, 2),
        "ge": Function(lambda one, other: not less(dialect, one, other), 2, 2),
        "index": Function(index, 1, _ANY_NUMBER),
        "slice": Function(cut, 1, 4),
        "len": Function(length, 1, 1),
        "print": Function(lambda *values: sprint(values), 0, _ANY_NUMBER),
        "println": Function(lambda *values: sprintln(values), 0, _ANY_NUMBER),
        "printf": Function(_printf, 1, _ANY_NUMBER),
        "html": Function(escape_html, 0, _ANY_NUMBER),
        "js": Function(escape_js, 0, _ANY_NUMBER),
        "urlquery": Function(escape_url, 0, _ANY_NUMBER),
        "default": Function(job.default, 1, 2, tolerant=True),
        "trimPrefix": Function(job.trim_prefix, 2, 2),
        "trimSuffix": Function(job.trim_suffix, 2, 2),
        "hasPrefix": Function(job.has_prefix, 2, 2),
        "hasSuffix": Function(job.has_suffix, 2, 2),
        "lower": Function(job.lower, 1, 1),
        "upper": Function(job.upper, 1, 1),
        "contains": Function(job.contains, 2, 2),
        "replace": Function(job.replace, 3, 3),
        "Unescape": Function(job.unescape, 1, 1),
        "Add": Function(job.add, 2, 2),
        "atoi": Function(job.atoi, 1, 1),
        "atof": Function(job.atof, 1, 1),
        "Iterate": Function(job.iterate, 1, 1),
        "Dict": Function(job.dictionary, 0, _ANY_NUMBER),
        "Random": Function(lambda: 0, 2, 2),
    }


FUNCTIONS = _functions(Dialect.JOB)
_GO_FUNCTIONS = {**_functions(Dialect.GO), "call": Function(_call, 1, _ANY_NUMBER)}


def functions_of(dialect: Dialect) -> Mapping[str, Function]:
    """Return the functions by name."""
    return FUNCTIONS if dialect is Dialect.JOB else _GO_FUNCTIONS
