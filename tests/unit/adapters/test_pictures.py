"""Pictures of graphs: nothing lies upon anything, everything is said, and it is a PNG."""

import itertools
import struct
import xml.etree.ElementTree as ET

import pytest

from formicary.adapters.pictures.layout import lay_out
from formicary.adapters.pictures.png_painter import MAX_PIXELS, PngPainter
from formicary.adapters.pictures.svg import to_svg
from formicary.adapters.pictures.text_width import shortened, width_of
from formicary.domain.drawn_graph import DrawnEdge, DrawnGraph, DrawnNode, Outcome, drawn_graph
from formicary.domain.parsed_job import parse_job
from tests.unit.domain.job_texts import BRANCHES, SENSOR, job

RUN = {"look": Outcome("COMPLETED", "1"), "work": Outcome("FAILED"), "tidy": Outcome("READY")}
SVG = "{http://www.w3.org/2000/svg}"


def texts_of(graph):
    root = ET.fromstring(to_svg(graph)[0])
    return [text.text for text in root.iter(f"{SVG}text")]


def size_of(png):
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    return struct.unpack(">II", png[16:24])


def chain(length):
    tasks = [
        f"task_type: t{n}, method: SHELL, script: [x]"
        + (
            f", on_completed: t{n + 1}, on_failed: t{min(n + 3, length - 1)}"
            if n + 1 < length
            else ""
        )
        for n in range(length)
    ]
    return drawn_graph(parse_job(job(*tasks)))


@pytest.mark.parametrize("text", [BRANCHES, SENSOR])
def test_every_way_leads_downwards_from_its_source_to_its_target(text):
    layout = lay_out(drawn_graph(parse_job(text)))

    for way in layout.ways:
        assert way.points[0] == layout.nodes[way.edge.source]
        assert way.points[-1] == layout.nodes[way.edge.target]
        heights = [y for _, y in way.points]
        assert all(above < below for above, below in itertools.pairwise(heights))


@pytest.mark.parametrize("graph", [drawn_graph(parse_job(BRANCHES)), chain(40)])
def test_no_two_nodes_or_labels_share_a_place(graph):
    layout = lay_out(graph)

    places = [*layout.nodes.values(), *(w.label_at for w in layout.ways if w.label_at)]
    for (x, y), (other_x, other_y) in itertools.combinations(places, 2):
        assert abs(x - other_x) >= 0.99 or abs(y - other_y) >= 0.99


def test_parts_without_a_way_between_them_stand_side_by_side():
    nodes = tuple(DrawnNode(name) for name in "abcd")
    layout = lay_out(DrawnGraph("", nodes, (DrawnEdge("a", "b"), DrawnEdge("c", "d"))))

    assert len({layout.nodes[name][0] for name in "ac"}) == 2
    assert layout.nodes["a"][1] == layout.nodes["c"][1] == 0


def test_the_picture_names_tasks_methods_states_and_the_labels_of_ways():
    shown = texts_of(drawn_graph(parse_job(BRANCHES), RUN, "weekday:1"))

    assert {"weekday:1", "look", "SHELL · COMPLETED", "1", "2", "failed"} <= set(shown)
    assert "SHELL · READY · always runs" in shown


def test_what_is_done_again_is_said_in_the_box_of_its_task():
    assert "again: 404 EXECUTING" in texts_of(drawn_graph(parse_job(SENSOR)))


def test_names_are_text_and_no_markup():
    graph = DrawnGraph(
        "<&>", (DrawnNode("<a>&\x00\x1b"), DrawnNode("b")), (DrawnEdge("<a>&\x00\x1b", "b"),)
    )

    assert {"<&>", "<a>&\ufffd\ufffd"} <= set(texts_of(graph))


def test_the_same_graph_gives_the_same_png():
    graph = drawn_graph(parse_job(BRANCHES), RUN)

    assert PngPainter().paint(graph) == PngPainter().paint(graph)


def test_states_change_the_picture_and_not_its_size():
    graph = drawn_graph(parse_job(BRANCHES), {"look": Outcome("EXECUTING")})
    other = drawn_graph(parse_job(BRANCHES), {"look": Outcome("COMPLETED")})
    first, second = PngPainter().paint(graph), PngPainter().paint(other)

    assert first != second
    assert size_of(first) == size_of(second)


def test_a_large_graph_is_scaled_down_to_what_an_answer_can_hold():
    png = PngPainter().paint(chain(300))

    width, height = size_of(png)
    assert width * height <= MAX_PIXELS * 1.01
    assert len(png) < 4_000_000


def test_a_long_name_keeps_its_beginning_and_its_end():
    name = "encode-" + "very-" * 40 + "long-part-7"

    shown = shortened(name, 14, 200)

    assert shown.startswith("encode-")
    assert shown.endswith("-7")
    assert width_of(shown, 14) <= 200
