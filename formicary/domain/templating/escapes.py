"""Actions in a double-quoted text of YAML or JSON, where their own quotes are escaped."""

import re

# What the double quotes of YAML escape, as far as an action can hold it.
_ESCAPED = re.compile(r"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|\n[ \t]*|(.))")
_CHARACTERS = {"n": "\n", "t": "\t", "r": "\r", "0": "\0"}
_HALF = re.compile("[\ud800-\udfff]")


def unescaped(text: str, begin: int) -> tuple[str, int]:
    """Return what an action holds that begins at an offset, and where it ends in the text.

    It ends before `}}`, or where the quoted text around it does.
    """
    inner = _Inner()
    offset = begin
    while offset < len(text) and text[offset] != '"':
        found = _ESCAPED.match(text, offset)
        if not found and inner.is_closed_by(text[offset]):
            return inner.text[:-1], offset - 1
        inner.add(_meaning(found) if found else text[offset])
        offset = found.end() if found else offset + 1
    return inner.text, offset


class _Inner:
    """The characters of an action so far, and whether they are inside one of its strings."""

    def __init__(self) -> None:
        self._characters: list[str] = []
        self._quote = ""
        self._escaped = False

    @property
    def text(self) -> str:
        """What the action holds; two halves of a character are made one."""
        text = "".join(self._characters)
        if not _HALF.search(text):
            return text
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")

    def is_closed_by(self, character: str) -> bool:
        """Whether a brace is the second one outside of all strings."""
        return character == "}" and not self._quote and self._characters[-1:] == ["}"]

    def add(self, character: str) -> None:
        """Take one more character."""
        if not character:
            return
        self._characters.append(character)
        if self._escaped:
            self._escaped = False
        elif not self._quote:
            self._quote = character if character in "\"'`" else ""
        elif character == "\\" and self._quote != "`":
            self._escaped = True
        elif character == self._quote:
            self._quote = ""


def _meaning(found: re.Match[str]) -> str:
    if code := found[1] or found[2]:
        return chr(int(code, 16))
    return _CHARACTERS.get(found[3], found[3]) if found[3] else ""
