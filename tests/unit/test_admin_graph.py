"""Where nodes and edges are drawn: nothing overlaps, every edge starts and ends at its boxes, anything wrong is survived."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest
from django.utils import timezone

from workflows.admin.graph import picture
from workflows.admin.graph_layout import HEIGHT, MAX_NODES, WIDTH, layout
from workflows.models import Step

Json = dict[str, Any]


def document(edges: list[str], **more: Any) -> Json:
    pairs = [edge.split() for edge in edges]
    names = list(dict.fromkeys(name for pair in pairs for name in pair[:2]))
    return {
        "start": names[0],
        "nodes": [{"id": name, "type": "template", "title": f"Node {name}"} for name in names],
        "edges": [{"from": a, "to": b, **({"when": w[0]} if w else {})} for a, b, *w in pairs],
        **more,
    }


CHAIN = document(["a b", "b c"])
DIAMOND = document(["a b left", "a c right", "b d", "c d"])
LOOP = document(["a b", "b c", "c b revise", "c d show", "d a again"])
SKIP = document(["a b", "b c", "c d", "a d skip"])
SELF = document(["a a again", "a b done"])


@pytest.mark.parametrize("shape", [CHAIN, DIAMOND, LOOP, SKIP, SELF])
def test_boxes_do_not_overlap_and_lie_inside(shape: Json):
    drawing = layout(shape)
    assert drawing
    for one, two in combinations(drawing.boxes, 2):
        assert abs(one.x - two.x) >= WIDTH or abs(one.y - two.y) >= HEIGHT
    for box in drawing.boxes:
        assert box.x >= 0
        assert box.x + WIDTH <= drawing.width
        assert box.y + HEIGHT <= drawing.height


@pytest.mark.parametrize("shape", [CHAIN, DIAMOND, LOOP, SKIP, SELF])
def test_every_edge_leads_from_box_to_box_inside_the_drawing(shape: Json):
    drawing = layout(shape)
    assert drawing
    boxes = {box.id: box for box in drawing.boxes}
    assert len(drawing.lines) == len(shape["edges"])
    for line in drawing.lines:
        for point, name in ((line.points[0], line.source), (line.points[-1], line.target)):
            box = boxes[name]
            assert box.x <= point[0] <= box.x + WIDTH
            assert box.y <= point[1] <= box.y + HEIGHT
        assert all(0 <= x <= drawing.width for x, _ in line.points)


def test_a_chain_goes_down():
    drawing = layout(CHAIN)
    assert drawing
    assert [box.id for box in sorted(drawing.boxes, key=lambda box: box.y)] == ["a", "b", "c"]
    assert len({box.x for box in drawing.boxes}) == 1


def test_an_edge_back_goes_round_on_the_right():
    drawing = layout(LOOP)
    assert drawing
    back = {(line.source, line.target): line for line in drawing.lines if len(line.points) == 4}
    assert set(back) == {("c", "b"), ("d", "a")}
    right = max(box.x for box in drawing.boxes) + WIDTH
    lanes = [line.points[1][0] for line in back.values()]
    assert min(lanes) > right
    assert len(set(lanes)) == 2


def test_an_edge_that_skips_goes_round_on_the_left():
    drawing = layout(SKIP)
    assert drawing
    [line] = [line for line in drawing.lines if len(line.points) == 4]
    assert (line.source, line.target, line.anchor) == ("a", "d", "end")
    assert line.points[1][0] < min(box.x for box in drawing.boxes)


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"nodes": "none"},
        {"nodes": [1, None, {"type": "x"}, {"id": 7}]},
        {"nodes": [{"id": "a"}], "edges": [{"from": "a", "to": "nowhere"}, {"from": []}, 3], "start": {}},
        {"nodes": [{"id": "a"}, {"id": "a"}], "edges": None, "start": "b"},
    ],
)
def test_a_definition_that_is_wrong_is_survived(wrong: Json):
    drawing = layout(wrong)
    assert drawing is None or [box.id for box in drawing.boxes] == ["a"]


def test_what_is_too_large_is_not_drawn():
    nodes = [{"id": f"n{number}", "type": "template"} for number in range(MAX_NODES + 1)]
    assert layout({"nodes": nodes}) is None
    assert picture({"nodes": nodes}) == ""


def test_a_long_definition_is_laid_out_quickly():
    nodes = MAX_NODES - 1
    drawing = layout(document([f"n{number} n{number + 1}" for number in range(nodes)]))
    assert drawing
    assert len({box.y for box in drawing.boxes}) == nodes + 1


def step(node: str, status: str, **values: Any) -> Step:
    return Step(node=node, status=status, finished_at="2026-01-01" if status == "completed" else None, **values)


def test_each_node_shows_the_state_of_its_latest_step():
    steps = [step("a", "completed"), step("b", "completed"), step("b", "running", visit=2)]
    svg = picture(CHAIN, steps)
    assert 'class="nx-node nx-good" data-node="a"' in svg
    assert 'class="nx-node nx-busy" data-node="b"' in svg
    assert 'class="nx-node nx-idle" data-node="c"' in svg
    assert "visit 2" in svg


def test_only_the_edge_that_was_taken_is_marked():
    svg = picture(DIAMOND, [step("a", "completed", route="left"), step("b", "running"), step("c", "cancelled")])
    assert svg.count("nx-passed") == 1


def test_titles_are_escaped():
    svg = picture({"nodes": [{"id": "a", "type": "<b>", "title": "<script>"}]})
    assert "<script>" not in svg
    assert "&lt;script&gt;" in svg


def test_failing_and_undoing_are_drawn_apart():
    shape = document(["a b", "a c error"])
    shape["nodes"][0]["undo"] = "u"
    shape["nodes"].append({"id": "u", "type": "template", "title": "Undo"})
    drawing = layout(shape)
    assert drawing
    assert [(line.source, line.target, line.undoes) for line in drawing.lines] == [
        ("a", "b", False),
        ("a", "c", False),
        ("a", "u", True),
    ]
    svg = picture(shape)
    assert svg.count('class="nx-edge nx-fails"') == svg.count('class="nx-edge nx-undo"') == 1
    assert "if it fails" in svg
    assert "undone by" in svg


def test_an_undo_of_nothing_breaks_nothing():
    shape = document(["a b"])
    shape["nodes"][0]["undo"] = ["b"]
    shape["nodes"][1]["undo"] = "nowhere"
    drawing = layout(shape)
    assert drawing
    assert len(drawing.lines) == 1


def test_a_handled_failure_says_so_and_lights_its_edge():
    shape = document(["a b", "a c error"])
    failed = Step(node="a", node_type="template", status="failed", route="error", visit=1, finished_at=timezone.now())
    svg = picture(shape, [failed, Step(node="c", node_type="template", status="completed", visit=1)])
    assert "failed, handled" in svg
    assert svg.count("nx-passed") == svg.count("nx-fails nx-passed") == 1


def test_a_map_is_joined_to_its_work_by_a_line_of_its_own_and_notes_stand_beside():
    document = {
        "start": "all",
        "nodes": [
            {"id": "all", "type": "map", "config": {"items": "[1]", "each": "work"}},
            {"id": "work", "type": "template", "config": {}},
            {"id": "end", "type": "output"},
            {"id": "words", "type": "note", "config": {"text": "x"}},
        ],
        "edges": [{"from": "all", "to": "end"}],
    }
    drawing = layout(document)
    assert drawing is not None
    assert [(line.source, line.target) for line in drawing.lines if line.repeats] == [("all", "work")]
    boxes = {box.id: box for box in drawing.boxes}
    assert boxes["words"].x > max(boxes[step].x for step in ("all", "work", "end"))
    assert boxes["words"].x + 252 <= drawing.width
    svg = str(picture(document))
    assert "for each item" in svg
    assert "nx-paper" in svg


def test_only_notes_are_drawn_too():
    drawing = layout({"nodes": [{"id": "words", "type": "note"}], "edges": []})
    assert drawing is not None
    assert [box.id for box in drawing.boxes] == ["words"]


def test_nodes_that_differ_are_marked_in_word_and_colour():
    svg = str(picture({"start": "a", "nodes": [{"id": "a", "type": "template"}]}, marks={"a": "changed"}))
    assert "a, template, changed" in svg
    assert "nx-attention" in svg
