"""The graph is drawn for viewers and for terminals."""

from formicary.domain.dot import to_dot, to_text
from formicary.domain.parsed_job import parse_job
from tests.unit.domain.job_texts import BRANCHES, SENSOR, job


def test_dot_has_start_end_and_edges_labelled_by_exit_code() -> None:
    dot = to_dot(parse_job(BRANCHES))

    assert dot.startswith('digraph "weekday" {')
    for line in (
        '"__start__" -> "look";',
        '"look" -> "work" [label="1"];',
        '"look" -> "tidy" [label="failed", style=dashed];',
        '"look" -> "tidy";',
        '"tidy" -> "__end__";',
    ):
        assert f"  {line}\n" in dot
    assert dot == to_dot(parse_job(BRANCHES))


def test_dot_colours_tasks_by_their_states() -> None:
    dot = to_dot(parse_job(BRANCHES), {"look": "COMPLETED", "work": "FAILED", "tidy": "EXECUTING"})

    colours = {
        line.split('"')[1]: line.split('fillcolor="')[1][:7]
        for line in dot.splitlines()
        if 'fillcolor="' in line
    }
    assert colours["look"] != colours["work"] != colours["tidy"] != colours["rest"]


def test_polling_and_special_targets_are_drawn() -> None:
    dot = to_dot(parse_job(SENSOR))

    assert '"poll" -> "poll" [label="404 EXECUTING", style=dashed];' in dot
    assert '"draw" -> "__end__" [label="4 ERR_BLAH"];' in dot


def test_names_cannot_break_out_of_their_quotes() -> None:
    dot = to_dot(parse_job(job("task_type: 'a\"];evil', method: SHELL, script: [x]")))

    assert '"a\\"];evil' in dot


def test_text_lists_tasks_in_the_order_of_the_walk_with_states_and_routes() -> None:
    text = to_text(parse_job(BRANCHES), {"look": "COMPLETED", "rest": "EXECUTING"})

    assert text.splitlines() == [
        "+ look  COMPLETED  1 -> work, 2 -> rest, failed -> tidy, -> tidy",
        ". work  -          -> tidy",
        "> rest  EXECUTING  -> tidy",
        ". tidy  -",
    ]
