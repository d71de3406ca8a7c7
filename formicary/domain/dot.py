"""Draws the graph of a definition: Graphviz DOT for viewers, plain lines for terminals."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from formicary.domain.states import Target

if TYPE_CHECKING:
    from formicary.domain.parsed_job import ParsedJob
    from formicary.domain.validation_routes import Route

_COLOURS = {
    "COMPLETED": "#8fd19e",
    "FAILED": "#f1948a",
    "EXECUTING": "#85c1e9",
    "READY": "#85c1e9",
    "CANCELLED": "#d7bde2",
    "SKIPPED": "#d5f5e3",
}
_NOT_RUN = "#e5e7e9"
_MARKS = {
    "COMPLETED": "+",
    "FAILED": "x",
    "EXECUTING": ">",
    "READY": ">",
    "CANCELLED": "-",
    "SKIPPED": "~",
}
_START, _END = "__start__", "__end__"


def to_dot(parsed: "ParsedJob", states: Mapping[str, str] | None = None) -> str:
    """Return the graph as DOT; with the states of a run, tasks are coloured by them."""
    lines = [
        f"digraph {_quoted(parsed.definition.job_type)} {{",
        "  rankdir=TB;",
        '  node [shape=box, style="rounded,filled", fillcolor=white, fontname="Helvetica"];',
        '  edge [fontname="Helvetica", fontsize=10];',
        f'  {_quoted(_START)} [label="start", shape=circle];',
        f'  {_quoted(_END)} [label="end", shape=doublecircle];',
    ]
    names = [task.task_type for task in parsed.definition.tasks]
    lines += (f"  {_node(parsed, name, states)}" for name in names)
    lines += (f"  {_edge(_START, name)}" for name in parsed.start_tasks)
    for name in names:
        lines += (f"  {line}" for line in _edges(parsed, name))
    return "\n".join([*lines, "}", ""])


def to_text(parsed: "ParsedJob", states: Mapping[str, str] | None = None) -> str:
    """Return the graph as lines, one a task in the order of the walk, with state and routes."""
    order = list(walk_order(parsed))
    width = max((len(name) for name in order), default=0)
    state_width = max((len(state) for state in (states or {}).values()), default=0)
    lines = []
    for name in order:
        state = (states or {}).get(name, "")
        mark = f"{_MARKS.get(state, '.')} " if states is not None else ""
        shown = f"  {state or '-':<{max(state_width, 1)}}" if states is not None else ""
        routes = ", ".join(_words(parsed, name))
        lines.append(f"{mark}{name:<{width}}{shown}  {routes}".rstrip())
    return "\n".join(lines) + "\n"


def walk_order(parsed: "ParsedJob") -> Iterator[str]:
    """Yield every task once, each after one that leads to it; those that run last come last."""
    known = {task.task_type for task in parsed.definition.tasks}
    seen: set[str] = set()
    for root in [*parsed.start_tasks, *(task.task_type for task in parsed.definition.tasks)]:
        pending = [root]
        while pending:
            name = pending.pop(0)
            if name in seen or name not in known:
                continue
            seen.add(name)
            yield name
            pending += (route.target for route in parsed.routes(name) if route.target)


def _node(parsed: "ParsedJob", name: str, states: Mapping[str, str] | None) -> str:
    task = parsed.definition.task(name)
    label = f"{name}\n{task.method}"
    attributes = [f"label={_quoted(label)}"]
    if states is not None:
        attributes.append(f'fillcolor="{_COLOURS.get(states.get(name, ""), _NOT_RUN)}"')
    if task.always_run:
        attributes.append("peripheries=2")
    return f"{_quoted(name)} [{', '.join(attributes)}];"


def _edges(parsed: "ParsedJob", name: str) -> Iterator[str]:
    routes = parsed.routes(name)
    for route in routes:
        if route.target is None:
            yield _edge(name, _END, f"{_label(route)} (by template)", "dotted")
        elif route.to_task:
            yield _edge(name, route.target, _label(route), _style(route))
        elif route.target in (Target.EXECUTING, Target.RESTART_TASK):
            yield _edge(name, name, f"{_label(route)} {route.target}".strip(), "dashed")
        else:
            yield _edge(name, _END, f"{_label(route)} {route.target}".strip(), _style(route))
    if not any(route.label == "completed" for route in routes):
        yield _edge(name, _END)


def _edge(source: str, target: str, label: str = "", style: str = "") -> str:
    attributes = []
    if label:
        attributes.append(f"label={_quoted(label)}")
    if style:
        attributes.append(f"style={style}")
    shown = f" [{', '.join(attributes)}]" if attributes else ""
    return f"{_quoted(source)} -> {_quoted(target)}{shown};"


def _label(route: "Route") -> str:
    return "" if route.label == "completed" else route.label


def _style(route: "Route") -> str:
    return "dashed" if route.label == "failed" else ""


def _words(parsed: "ParsedJob", name: str) -> Iterator[str]:
    for route in parsed.routes(name):
        label = _label(route)
        target = route.target if route.target is not None else "(by template)"
        yield f"{label} -> {target}" if label else f"-> {target}"


def _quoted(text: str) -> str:
    """Quote a text for DOT: quotes and backslashes escaped, line ends escaped."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\r", "").replace("\n", "\\n")
    return f'"{escaped}"'
