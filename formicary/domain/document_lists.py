"""Finds list items that go on after keys of the item before: a form without indentation.

tasks:
- task_type: one
method: EXPIRE_ARTIFACTS
- task_type: two
"""

import re

_ITEM = re.compile(r"( *)[-\u2013\u2014][ \t]+(task_type:)?")
_KEYED = re.compile(r"( *)([\w-]+):(?:[ \t]+([^\s#].*))?[ \t]*(?:#.*)?")
# Lists whose items are maps, and whose name is said again where they go on.
_LISTS = frozenset({"tasks", "services"})


class OpenLists:
    """The lists around a line, by their indentation."""

    def __init__(self) -> None:
        """Start outside of all lists."""
        self._last: dict[int, str] = {}  # at an indentation: the empty key, "-", or "" for a value
        self._owners: dict[int, str] = {}

    def goes_on(self, line: str) -> str:
        """Return the name of the list that an item goes on with, "" for every other line."""
        if item := _ITEM.match(line):
            return self._item(len(item[1]), bool(item[2]))
        if keyed := _KEYED.fullmatch(line):
            indent = len(keyed[1])
            self._leave(indent)
            self._last[indent] = "" if keyed[3] else keyed[2]
        return ""

    def _item(self, indent: int, is_task: bool) -> str:
        self._leave(indent)
        before, owner = self._last.get(indent), self._owners.get(indent, "")
        if owner and (before == "" or (is_task and owner == "tasks" and before != "tasks-")):
            self._last[indent] = f"{owner}-"
            return owner
        if before in _LISTS:
            self._owners[indent] = before
        if before and not before.endswith("-"):
            self._last[indent] = f"{before}-"
        return ""

    def _leave(self, indent: int) -> None:
        for known in (self._last, self._owners):
            for deeper in [place for place in known if place > indent]:
                del known[deeper]
