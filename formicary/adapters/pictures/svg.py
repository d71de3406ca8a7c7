"""A graph as SVG: boxes with names, methods and states, curves with labels."""

from collections.abc import Iterable, Iterator
from xml.sax.saxutils import escape

from formicary.adapters.pictures.layout import Layout, PlacedWay, Point, lay_out
from formicary.adapters.pictures.text_width import shortened, width_of
from formicary.domain.drawn_graph import DrawnGraph, DrawnNode, Line, Shape
from formicary.domain.graph_colours import FAILURE, colour_of_way, fill_of

FONT = "Manrope"
_NAME_SIZE, _WORDS_SIZE, _TITLE_SIZE = 14.0, 11.0, 16.0
_MIN_BOX, _MAX_BOX = 120.0, 280.0
_GAP, _STEP, _LINE = 28.0, 78.0, 15.0
_MARGIN, _HEAD = 28.0, 44.0
_ROUND = 13.0
_INK, _PALE = "#1c2833", "#4d5b69"
_DASHES = {Line.FAILURE: "6 4", Line.BY_TEMPLATE: "2 4"}


def to_svg(graph: DrawnGraph) -> tuple[str, float, float]:
    """Return the picture, its width and its height."""
    drawing = _Drawing(graph)
    body = "\n".join(drawing.elements())
    width, height = drawing.width, drawing.height
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {width:.0f} {height:.0f}" font-family="{FONT}">'
    )
    return f"{head}\n{body}\n</svg>\n", width, height


class _Drawing:
    def __init__(self, graph: DrawnGraph) -> None:
        self._graph = graph
        self._words = {node.id: _words(node) for node in graph.nodes}
        self._shapes = {node.id: node.shape for node in graph.nodes}
        self._repeats = _repeats(graph)
        self._layout: Layout = lay_out(graph)
        self._box = self._box_width()
        lines = max((len(found) for found in self._repeats.values()), default=0)
        self._box_height = 44.0 + lines * _LINE
        self._step = _STEP + lines * _LINE
        across = self._layout.width * (self._box + _GAP) + self._box
        title = width_of(graph.title, _TITLE_SIZE) * 1.05
        self.width = max(across, title) + 2 * _MARGIN
        self._left = _MARGIN + self._box / 2
        self.height = self._layout.height * self._step + self._box_height + _HEAD + 2 * _MARGIN

    def _box_width(self) -> float:
        texts = [width_of(node.id, _NAME_SIZE) for node in self._graph.nodes]
        texts += [width_of(words, _WORDS_SIZE) for words in self._words.values()]
        texts += [width_of(t, _WORDS_SIZE) for found in self._repeats.values() for t in found]
        return min(_MAX_BOX, max(_MIN_BOX, *texts) + 24)

    def elements(self) -> Iterator[str]:
        """Yield the parts of the picture, what lies on top last."""
        yield '<rect width="100%" height="100%" fill="#ffffff"/>'
        title_at = (_MARGIN, _MARGIN + 6)
        yield _text(self._graph.title, title_at, _TITLE_SIZE, bold=True, anchor="start")
        ways = sorted(self._layout.ways, key=lambda way: way.edge.taken)
        for way in ways:
            yield from self._way(way)
        for way in ways:
            yield from self._label(way)
        for node in self._graph.nodes:
            yield from self._node(node)

    def _at(self, point: Point) -> Point:
        x, y = point
        down = _HEAD + _MARGIN + self._box_height / 2
        return self._left + x * (self._box + _GAP), down + y * self._step

    def _half(self, name: str) -> float:
        return self._box_height / 2 if self._shapes[name] is Shape.TASK else _ROUND

    def _way(self, way: PlacedWay) -> Iterator[str]:
        points = [self._at(point) for point in way.points]
        (x, y), (last_x, last_y) = points[0], points[-1]
        points[0] = (x, y + self._half(way.edge.source))
        tip = (last_x, last_y - self._half(way.edge.target))
        points[-1] = (tip[0], tip[1] - 7)
        colour = self._colour(way)
        dash = f' stroke-dasharray="{_DASHES[way.edge.line]}"' if way.edge.line in _DASHES else ""
        width = 2.4 if way.edge.taken else 1.4
        yield (
            f'<path d="{_curve(points)}" fill="none" stroke="{colour}" '
            f'stroke-width="{width}"{dash}/>'
        )
        left, right, top = tip[0] - 4.5, tip[0] + 4.5, tip[1] - 9
        yield (
            f'<path d="M{left:.1f},{top:.1f} L{right:.1f},{top:.1f} '
            f'L{tip[0]:.1f},{tip[1]:.1f} Z" fill="{colour}"/>'
        )

    def _colour(self, way: PlacedWay) -> str:
        failure = way.edge.line is Line.FAILURE
        return colour_of_way(of_run=self._graph.of_run, taken=way.edge.taken, failure=failure)

    def _label(self, way: PlacedWay) -> Iterator[str]:
        if way.label_at is None:
            return
        x, y = self._at(way.label_at)
        text = shortened(way.edge.label, _WORDS_SIZE, self._box)
        half = width_of(text, _WORDS_SIZE) / 2 + 6
        colour = self._colour(way)
        yield (
            f'<rect x="{x - half:.1f}" y="{y - 10:.1f}" width="{2 * half:.1f}" height="20" rx="10" '
            f'fill="#ffffff" stroke="{colour}" stroke-width="1"/>'
        )
        ink = FAILURE if way.edge.line is Line.FAILURE and colour == FAILURE else _INK
        pale = self._graph.of_run and not way.edge.taken
        yield _text(text, (x, y + 4), _WORDS_SIZE, colour=_PALE if pale else ink)

    def _node(self, node: DrawnNode) -> Iterator[str]:
        x, y = self._at(self._layout.nodes[node.id])
        if node.shape is not Shape.TASK:
            yield from _round(node.shape, x, y)
            return
        width, height = self._box, self._box_height
        fill = fill_of(node.state, of_run=self._graph.of_run)
        if node.always_run:
            yield _box(x, y, width + 7, height + 7, "#ffffff")
        yield _box(x, y, width, height, fill)
        lines = [self._words[node.id], *self._repeats.get(node.id, ())]
        top = y - (len(lines) * _LINE) / 2 + 4
        name = shortened(node.id, _NAME_SIZE, width - 16)
        pale = self._graph.of_run and not node.state
        yield _text(name, (x, top), _NAME_SIZE, bold=True, colour=_PALE if pale else _INK)
        for place, line in enumerate(lines, 1):
            shown = shortened(line, _WORDS_SIZE, width - 12)
            yield _text(shown, (x, top + place * _LINE + 1), _WORDS_SIZE, colour=_PALE)


def _words(node: DrawnNode) -> str:
    words = (node.method, node.state, "always runs" if node.always_run else "")
    return " · ".join(word for word in words if word)


def _repeats(graph: DrawnGraph) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for edge in graph.edges:
        if edge.line is Line.REPEAT:
            found.setdefault(edge.source, []).append(f"again: {edge.label}")
    return found


def _round(shape: Shape, x: float, y: float) -> Iterator[str]:
    colour = "#455a64"
    if shape is Shape.START:
        yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{_ROUND}" fill="{colour}"/>'
        return
    yield (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{_ROUND - 1}" fill="#ffffff" '
        f'stroke="{colour}" stroke-width="2"/>'
    )
    yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{_ROUND - 5}" fill="{colour}"/>'


def _box(x: float, y: float, width: float, height: float, fill: str) -> str:
    return (
        f'<rect x="{x - width / 2:.1f}" y="{y - height / 2:.1f}" width="{width:.1f}" '
        f'height="{height:.1f}" rx="8" fill="{fill}" stroke="#455a64" stroke-width="1.2"/>'
    )


def _curve(points: Iterable[Point]) -> str:
    """Go from point to point so that the way leaves and arrives straight down."""
    (x, y), *rest = points
    steps = [f"M{x:.1f},{y:.1f}"]
    for to_x, to_y in rest:
        middle = (y + to_y) / 2
        steps.append(f"C{x:.1f},{middle:.1f} {to_x:.1f},{middle:.1f} {to_x:.1f},{to_y:.1f}")
        x, y = to_x, to_y
    return " ".join(steps)


def _text(
    text: str,
    at: Point,
    size: float,
    *,
    bold: bool = False,
    colour: str = _INK,
    anchor: str = "middle",
) -> str:
    weight = ' font-weight="600"' if bold else ""
    return (
        f'<text x="{at[0]:.1f}" y="{at[1]:.1f}" font-size="{size:.0f}" text-anchor="{anchor}" '
        f'fill="{colour}"{weight}>{_clean(text)}</text>'
    )


def _clean(text: str) -> str:
    """Escape a text for XML, which has no control characters."""
    return escape("".join(sign if sign.isprintable() else "�" for sign in text))
