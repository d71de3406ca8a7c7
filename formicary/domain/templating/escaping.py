"""Escapes texts for HTML, JavaScript and URLs as Go's text/template does."""

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote_plus

from formicary.domain.templating.printing import NO_VALUE, sprint
from formicary.domain.templating.values import to_bytes

_HTML = str.maketrans(
    {"\0": "\ufffd", '"': "&#34;", "'": "&#39;", "&": "&amp;", "<": "&lt;", ">": "&gt;"}
)
_JS = {"\\": "\\\\", "'": "\\'", '"': '\\"', "<": "\\u003C", ">": "\\u003E"} | {
    "&": "\\u0026",
    "=": "\\u003D",
}
_JS_SPECIAL = re.compile("[\\\\'\"<>&=\x00-\x1f]|[^\x00-\x7f]")
_RAW_BYTE = range(0xDC80, 0xDD00)


def escape_html(*values: Any) -> str:
    """Return the values as one text for HTML."""
    return _text(values).translate(_HTML)


def escape_js(*values: Any) -> str:
    """Return the values as one text for a JavaScript string."""
    return _JS_SPECIAL.sub(_js_character, _text(values))


def escape_url(*values: Any) -> str:
    """Return the values as one text for the query of a URL."""
    return quote_plus(to_bytes(_text(values)))


def _js_character(found: re.Match[str]) -> str:
    character = found[0]
    number = ord(character)
    if character in _JS:
        return _JS[character]
    if number >= 0x80 and (character.isprintable() or number in _RAW_BYTE):
        return character
    return f"\\u{number:04X}"


def _text(values: Sequence[Any]) -> str:
    return sprint([NO_VALUE if value is None else value for value in values])
