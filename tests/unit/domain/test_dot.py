"""The graph is drawn for viewers: Graphviz and Mermaid."""

import pytest

from formicary.domain.dot import to_dot
from formicary.domain.drawn_graph import DrawnGraph, DrawnNode, Line, Outcome, Shape, drawn_graph
from formicary.domain.mermaid import to_mermaid
from formicary.domain.parsed_job import parse_job
from tests.unit.domain.job_texts import BRANCHES, SENSOR, job

RUN = {
    "look": Outcome("COMPLETED", "1"),
    "work": Outcome("FAILED", "7"),
    "tidy": Outcome("EXECUTING"),
}


def graph(text, outcomes=None):
    return drawn_graph(parse_job(text), outcomes)


def ways(text, outcomes=None):
    return {(e.source, e.target, e.label): e for e in graph(text, outcomes).edges}


def test_dot_has_start_end_and_edges_labelled_by_exit_code() -> None:
    dot = to_dot(graph(BRANCHES))

    assert dot.startswith('digraph "weekday" {')
    for line in (
        '"__start__" -> "look";',
        '"look" -> "work" [label="1"];',
        '"look" -> "tidy" [label="failed", style=dashed];',
        '"look" -> "tidy" [label="completed"];',
        '"work" -> "tidy";',
        '"tidy" -> "__end__";',
    ):
        assert f"  {line}\n" in dot
    assert dot == to_dot(graph(BRANCHES))


def test_dot_colours_tasks_by_their_states() -> None:
    dot = to_dot(graph(BRANCHES, RUN))

    colours = {
        line.split('"')[1]: line.split('fillcolor="')[1][:7]
        for line in dot.splitlines()
        if 'fillcolor="' in line
    }
    assert len({colours[name] for name in ("look", "work", "rest", "tidy")}) == 4


def test_polling_and_special_targets_are_drawn() -> None:
    dot = to_dot(graph(SENSOR))

    assert '"poll" -> "poll" [label="404 EXECUTING", style=dashed];' in dot
    assert '"draw" -> "__end__" [label="4 ERR_BLAH"];' in dot


def test_names_cannot_break_out_of_their_quotes() -> None:
    evil = graph(job("task_type: 'a\"];evil', method: SHELL, script: [x]"))

    assert '"a\\"];evil' in to_dot(evil)
    assert "#34;#93;#59;evil" in to_mermaid(evil)


def test_a_run_took_the_way_of_its_exit_code_and_no_other() -> None:
    taken = {key for key, edge in ways(BRANCHES, RUN).items() if edge.taken}

    assert taken == {("__start__", "look", ""), ("look", "work", "1")}


def test_a_failure_without_a_route_of_its_code_takes_the_way_of_failures() -> None:
    run = {"look": Outcome("FAILED", "9"), "tidy": Outcome("COMPLETED")}
    found = ways(BRANCHES, run)

    assert found["look", "tidy", "failed"].taken
    assert not found["look", "tidy", "completed"].taken
    assert found["look", "tidy", "failed"].line is Line.FAILURE
    assert found["tidy", "__end__", ""].taken


def test_an_allowed_failure_goes_on_as_if_completed() -> None:
    text = job(
        "task_type: a, method: SHELL, script: [x], allow_failure: true, on_completed: b",
        "task_type: b, method: SHELL, script: [x]",
    )
    run = {"a": Outcome("FAILED", "1"), "b": Outcome("READY")}

    assert ways(text, run)["a", "b", ""].taken


def test_a_way_to_a_task_that_has_not_begun_is_not_taken() -> None:
    found = ways(BRANCHES, {"look": Outcome("COMPLETED", "2")})

    assert not found["look", "rest", "2"].taken


def test_exit_codes_that_lead_to_one_task_share_a_way() -> None:
    text = job(
        "task_type: a, method: SHELL, script: [x], on_exit_code: {1: b, 2: b, 3: FATAL}",
        "task_type: b, method: SHELL, script: [x]",
    )
    run = {"a": Outcome("COMPLETED", "2"), "b": Outcome("EXECUTING")}

    found = ways(text, run)
    assert found["a", "b", "1, 2"].taken
    assert not found["a", "__end__", "3 FATAL"].taken


def test_a_task_may_be_called_like_the_end() -> None:
    drawn = graph(job("task_type: __end__, method: SHELL, script: [x]"))

    assert len({node.id for node in drawn.nodes}) == 3
    assert [node.shape for node in drawn.nodes] == [Shape.START, Shape.TASK, Shape.END]


def test_mermaid_draws_shapes_arrows_and_labels() -> None:
    flowchart = to_mermaid(graph(BRANCHES)).splitlines()

    assert flowchart[0] == "flowchart TD"
    assert '  n1["look<br/>SHELL"]' in flowchart
    assert '  n1 -->|"1"| n2' in flowchart
    assert '  n1 -.->|"failed"| n4' in flowchart
    assert not any("style" in line for line in flowchart)


def test_mermaid_of_a_run_thickens_what_was_gone_and_colours_states() -> None:
    flowchart = to_mermaid(graph(BRANCHES, RUN)).splitlines()

    assert '  n1 ==>|"1"| n2' in flowchart
    styles = [line for line in flowchart if line.startswith("  style ")]
    assert len(set(styles)) == 4
    assert sum(line.startswith("  linkStyle ") for line in flowchart) == 8


@pytest.mark.parametrize("sign", list('"#&<>`\\{}[]()|;'))
def test_no_sign_of_mermaid_comes_out_of_a_name(sign: str) -> None:
    node = DrawnNode(f"a{sign}b", method="SHELL")

    assert f"a{sign}b" not in to_mermaid(DrawnGraph("", (node,), ()))


def test_joins_are_drawn_as_bold_edges_where_no_route_is() -> None:
    shell = "method: SHELL, script: [x]"
    text = job(
        f"task_type: a, {shell}, on_completed: [b, c]",
        f"task_type: b, {shell}, on_completed: d",
        f"task_type: c, {shell}",
        f"task_type: d, {shell}, depends_on: [b, c]",
    )
    dot = to_dot(graph(text))

    assert dot.count('"b" -> "d"') == 1
    assert '"c" -> "d" [style=bold];' in dot
    assert '"c" -> "__end__"' not in dot
    run = {"c": Outcome("COMPLETED", "0"), "d": Outcome("EXECUTING")}
    assert ways(text, run)["c", "d", ""].taken
