"""Which nodes of a graph can follow which, for all of them in one walk."""

from collections.abc import Mapping, Sequence


class Following:
    """Answers whether one node can come some time after another.

    For each node, a number has a bit for each node that can follow it: joining them along the
    edges is a few operations a node, where a walk from each node would be a walk of all.
    """

    def __init__(self, edges: Mapping[str, Sequence[str]]) -> None:
        """Take where each node leads."""
        self._edges = edges
        self._bits = {name: 1 << place for place, name in enumerate(edges)}
        self._masks: dict[str, int] = {}
        self._cyclic = not all(self._fill(name) for name in edges)

    def can_follow(self, name: str, earlier: str) -> bool:
        """Whether `name` can come after `earlier`."""
        if self._cyclic:
            return name in self._walked(earlier)
        return bool(self._masks[earlier] & self._bits[name])

    def _fill(self, root: str) -> bool:
        """Fill the masks below a node, depth first; False when that leads in a circle."""
        way: list[tuple[str, int]] = [(root, 0)] if root not in self._masks else []
        on_way = {root}
        while way:
            name, place = way.pop()
            targets = self._edges[name]
            while place < len(targets) and targets[place] in self._masks:
                place += 1
            if place < len(targets):
                if targets[place] in on_way:
                    return False
                way += [(name, place), (targets[place], 0)]
                on_way.add(targets[place])
                continue
            mask = 0
            for target in targets:
                mask |= self._bits[target] | self._masks[target]
            self._masks[name] = mask
            on_way.discard(name)
        return True

    def _walked(self, start: str) -> set[str]:
        found: set[str] = set()
        pending = [start]
        while pending:
            for target in self._edges[pending.pop()]:
                if target not in found:
                    found.add(target)
                    pending.append(target)
        return found
