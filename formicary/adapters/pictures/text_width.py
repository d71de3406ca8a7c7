"""How wide a text is about to be: enough to give a box its width, without reading the font."""

import unicodedata

_NARROW = frozenset("ijlftrI.,:;'|!()[]{} -/")
_WIDE = frozenset("mwMW@%&")


def width_of(text: str, font_size: float) -> float:
    """Return about how wide a line of text is."""
    return sum(map(_share, text)) * font_size


def shortened(text: str, font_size: float, limit: float) -> str:
    """Return the text, its middle left out where it is wider than the limit."""
    line = " ".join(text.split())
    if width_of(line, font_size) <= limit:
        return line
    kept = len(line)
    while kept > 1 and width_of(line[:kept] + "…", font_size) > limit:
        kept -= max(1, kept // 8)
    head = (kept + 1) // 2
    return f"{line[:head]}…{line[len(line) - (kept - head) :]}"


def _share(sign: str) -> float:
    if unicodedata.east_asian_width(sign) in "WF":
        return 1.0
    if sign in _NARROW:
        return 0.34
    if sign in _WIDE:
        return 0.88
    return 0.64 if sign.isupper() else 0.56
