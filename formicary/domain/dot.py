"""Writes a graph in the language of Graphviz."""

from formicary.domain.drawn_graph import DrawnEdge, DrawnGraph, DrawnNode, Line, Shape
from formicary.domain.graph_colours import colour_of_way, fill_of

_STYLES = {
    Line.FAILURE: "dashed",
    Line.REPEAT: "dashed",
    Line.JOIN: "bold",
    Line.BY_TEMPLATE: "dotted",
}


def to_dot(graph: DrawnGraph) -> str:
    """Return the graph as DOT; tasks and ways of a run are coloured by how it went."""
    lines = [
        f"digraph {_quoted(graph.title)} {{",
        "  rankdir=TB;",
        '  node [shape=box, style="rounded,filled", fillcolor=white, fontname="Helvetica"];',
        '  edge [fontname="Helvetica", fontsize=10];',
        *(f"  {_node(node, of_run=graph.of_run)}" for node in graph.nodes),
        *(f"  {_edge(edge, of_run=graph.of_run)}" for edge in graph.edges),
        "}",
        "",
    ]
    return "\n".join(lines)


def _node(node: DrawnNode, *, of_run: bool) -> str:
    if node.shape is not Shape.TASK:
        shape = "circle" if node.shape is Shape.START else "doublecircle"
        return f"{_quoted(node.id)} [label={_quoted(node.shape)}, shape={shape}];"
    words = " ".join(word for word in (node.method, node.state) if word)
    label = f"{node.id}\n{words}"
    attributes = [f"label={_quoted(label)}"]
    if of_run:
        attributes.append(f'fillcolor="{fill_of(node.state, of_run=True)}"')
    if node.always_run:
        attributes.append("peripheries=2")
    return f"{_quoted(node.id)} [{', '.join(attributes)}];"


def _edge(edge: DrawnEdge, *, of_run: bool) -> str:
    attributes = []
    if edge.label:
        attributes.append(f"label={_quoted(edge.label)}")
    if edge.line in _STYLES:
        attributes.append(f"style={_STYLES[edge.line]}")
    if of_run:
        failure = edge.line is Line.FAILURE
        colour = colour_of_way(of_run=True, taken=edge.taken, failure=failure)
        attributes.append(f'color="{colour}"')
        attributes += ["penwidth=2"] if edge.taken else []
    shown = f" [{', '.join(attributes)}]" if attributes else ""
    return f"{_quoted(edge.source)} -> {_quoted(edge.target)}{shown};"


def _quoted(text: str) -> str:
    """Quote a text for DOT: quotes and backslashes escaped, line ends escaped."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\r", "").replace("\n", "\\n")
    return f'"{escaped}"'
