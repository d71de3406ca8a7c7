"""Writes a graph as a Mermaid flowchart, which Markdown on GitHub and many wikis draw."""

from collections.abc import Iterator

from formicary.domain.drawn_graph import DrawnEdge, DrawnGraph, DrawnNode, Line, Shape
from formicary.domain.graph_colours import colour_of_way, fill_of

_ENTITIES = {ord(sign): f"#{ord(sign)};" for sign in '"#&<>`\\{}[]()|;'} | {
    ord(sign): " " for sign in "\r\n\t"
}


def to_mermaid(graph: DrawnGraph) -> str:
    """Return the graph as a flowchart; tasks and ways of a run are coloured by how it went."""
    short = {node.id: f"n{place}" for place, node in enumerate(graph.nodes)}
    lines = ["flowchart TD"]
    lines += (f"  {short[node.id]}{_shape(node)}" for node in graph.nodes)
    lines += (f"  {_edge(edge, short)}" for edge in graph.edges)
    if graph.of_run:
        lines += (f"  {style}" for style in _styles(graph, short))
    return "\n".join([*lines, ""])


def _shape(node: DrawnNode) -> str:
    if node.shape is Shape.START:
        return "((start))"
    if node.shape is Shape.END:
        return "(((end)))"
    words = " ".join(word for word in (node.method, node.state) if word)
    text = f'"{_escaped(node.id)}<br/>{_escaped(words)}"'
    return f"[[{text}]]" if node.always_run else f"[{text}]"


def _edge(edge: DrawnEdge, short: dict[str, str]) -> str:
    arrow = "==>" if edge.taken else "-->" if edge.line in (Line.PLAIN, Line.JOIN) else "-.->"
    label = f'|"{_escaped(edge.label)}"|' if edge.label else ""
    return f"{short[edge.source]} {arrow}{label} {short[edge.target]}"


def _styles(graph: DrawnGraph, short: dict[str, str]) -> Iterator[str]:
    for node in graph.nodes:
        if node.shape is Shape.TASK:
            yield f"style {short[node.id]} fill:{fill_of(node.state, of_run=True)}"
    for place, edge in enumerate(graph.edges):
        failure = edge.line is Line.FAILURE
        colour = colour_of_way(of_run=True, taken=edge.taken, failure=failure)
        yield f"linkStyle {place} stroke:{colour}"


def _escaped(text: str) -> str:
    """Write signs that mean something to Mermaid or HTML by their numbers."""
    return text.translate(_ENTITIES)
