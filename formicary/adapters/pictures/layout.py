"""Where the nodes, ways and labels of a graph stand: layers from the start to the end.

The layers are the library's work; a label is laid out like a node, so that nothing lies upon it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import cast

from fast_sugiyama import from_edges

from formicary.domain.drawn_graph import DrawnEdge, DrawnGraph, Line

Point = tuple[float, float]
_Component = tuple[
    Sequence[tuple[int, Point]], float, float, Sequence[tuple[int, int]] | None
]  # positions, width, height, and the pairs with what stands in for long ways
_SPACING = 72.0  # what the library takes one step for
_COMPONENT_GAP = 1.0


@dataclass(frozen=True, slots=True)
class PlacedWay:
    """A way through points from its source to its target; its label stands at `label_at`."""

    edge: DrawnEdge
    points: tuple[Point, ...]
    label_at: Point | None = None


@dataclass(frozen=True, slots=True)
class Layout:
    """Centres of nodes by id, and the ways; one step is the distance of two neighbours."""

    nodes: Mapping[str, Point]
    ways: tuple[PlacedWay, ...]
    width: float
    height: float


def lay_out(graph: DrawnGraph) -> Layout:
    """Place the nodes of a graph in steps from (0, 0); ways back to the same task are left out."""
    number = {node.id: place for place, node in enumerate(graph.nodes)}
    edges = [edge for edge in graph.edges if edge.line is not Line.REPEAT]
    chains = [_chain(edge, number, len(number) + place) for place, edge in enumerate(edges)]
    pairs = [pair for chain in chains for pair in pairwise(chain)]
    placed = _Placed(pairs)
    ways = []
    for edge, chain in zip(edges, chains, strict=True):
        points = [placed.at(chain[0])]
        for pair in pairwise(chain):
            points += placed.between(pair)
        label_at = placed.at(chain[1]) if len(chain) == 3 else None
        ways.append(PlacedWay(edge, tuple(points), label_at))
    nodes = {name: placed.at(place) for name, place in number.items()}
    return Layout(nodes, tuple(ways), placed.width, placed.height)


def _chain(edge: DrawnEdge, number: Mapping[str, int], label: int) -> tuple[int, ...]:
    ends = number[edge.source], number[edge.target]
    return (ends[0], label, ends[1]) if edge.label else ends


class _Placed:
    """What the library made of the pairs: its components side by side, the first layer on top."""

    def __init__(self, pairs: Sequence[tuple[int, int]]) -> None:
        self._points: dict[int, Point] = {}
        self._known = {vertex for pair in pairs for vertex in pair}
        self._next: dict[int, list[int]] = {}
        left = 0.0
        layouts = _lay_out(pairs)
        self.height = max((_height(positions) for positions, *_ in layouts), default=0.0)
        for positions, _, _, routed in layouts:
            left = self._take(positions, left)
            for source, target in routed or ():
                self._next.setdefault(source, []).append(target)
        self.width = max((x for x, _ in self._points.values()), default=0.0)

    def _take(self, positions: Sequence[tuple[int, Point]], left: float) -> float:
        xs = [x for _, (x, _) in positions]
        top = max(y for _, (_, y) in positions)
        for vertex, (x, y) in positions:
            self._points[vertex] = (left + (x - min(xs)) / _SPACING, (top - y) / _SPACING)
        return left + (max(xs) - min(xs)) / _SPACING + _COMPONENT_GAP

    def at(self, vertex: int) -> Point:
        """Return where a vertex stands."""
        return self._points[vertex]

    def between(self, pair: tuple[int, int]) -> Iterator[Point]:
        """Yield the points of the way from one vertex to another, the first one left out."""
        source, target = pair
        for following in self._next[source]:
            way = list(self._follow(following))
            if way[-1] == target:
                yield from (self.at(vertex) for vertex in way)
                return

    def _follow(self, vertex: int) -> Iterator[int]:
        yield vertex
        while vertex not in self._known:
            [vertex] = self._next[vertex]
            yield vertex


def _lay_out(pairs: Sequence[tuple[int, int]]) -> list[_Component]:
    """Return the components; with numbers for vertices the library answers in numbers."""
    layouts = from_edges(list(dict.fromkeys(pairs)), vertex_spacing=_SPACING)
    return cast("list[_Component]", list(layouts))


def _height(positions: Sequence[tuple[int, Point]]) -> float:
    ys = [y for _, (_, y) in positions]
    return (max(ys) - min(ys)) / _SPACING
