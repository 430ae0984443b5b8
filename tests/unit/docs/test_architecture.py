"""Imports run one way, every rule is in the picture, and nothing in the picture overlaps."""

from __future__ import annotations

import itertools

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from signsight.docs.imports import LAYERS, circles, direct, modules, parts, upward
from signsight.docs.picture import Box, curve, draw, part_boxes, route, stage_boxes, svg
from signsight.docs.stages import LEFT_OUT, STAGES, rules, rules_of, stages


def test_imports_run_one_way() -> None:
    assert upward(parts()) == []


def test_no_parts_and_no_modules_import_each_other() -> None:
    assert circles(parts()) == []
    assert circles(modules()) == []


def test_every_part_has_a_layer() -> None:
    assert set(parts()) <= {name for layer in LAYERS for name in layer}


def test_the_imports_of_some_modules() -> None:
    assert "core/registry.py" in modules()["data/dataset.py"]
    assert "plan/plan.py" not in modules()["figures/drawn.py"]  # for annotations only
    assert "core" in parts()["models"] and "attribution" not in parts()["models"]


def test_circles_are_found() -> None:
    graph = {"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}, "e": {"e"}}
    assert circles(graph) == [["a", "b", "c"], ["e"]]


def test_upward_imports_are_found() -> None:
    assert upward({"models": {"attribution", "core"}, "core": set()}) == [("models", "attribution")]


def test_what_follows_from_others_is_left_out() -> None:
    assert direct({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == [("a", "b"), ("b", "c")]


def test_rules_are_read_from_the_text() -> None:
    text = "rule one:\n    input: []\n\nif x:\n\n    rule two:\n        pass\n\n"
    text += "for n in m:\n\n    rule:\n        name: n\n"
    assert rules_of(text) == ["one", "two", "each figure"]


def test_every_stage_is_in_the_picture() -> None:
    assert set(stages()) == {file for file, own in rules().items() if own} - set(LEFT_OUT)


def overlap(a: Box, b: Box) -> bool:
    """Whether two boxes share a point."""
    return a.x < b.x + b.width and b.x < a.x + a.width and a.y < b.y + b.height and b.y < a.y + a.height


ALL_STAGES = {name: ["rule"] * number for number, name in enumerate(STAGES, 3)}
ALL_PARTS = [name for layer in LAYERS for name in layer]


@pytest.mark.parametrize(
    "boxes",
    [stage_boxes(stages()), part_boxes(list(parts())), stage_boxes(ALL_STAGES), part_boxes(ALL_PARTS)],
    ids=["stages", "parts", "all stages that have a place", "all parts that have a place"],
)
def test_no_boxes_overlap(boxes: dict[str, Box]) -> None:
    assert not any(overlap(a, b) for a, b in itertools.combinations(boxes.values(), 2))


def test_no_arrow_runs_through_a_box() -> None:
    boxes = part_boxes(list(parts()))
    for a, b in direct(parts()):
        points = curve(*route(a, b, boxes))
        assert not any(box.holds(points) for name, box in boxes.items() if name not in (a, b)), (a, b)


def test_text_fits_its_box() -> None:
    figure = draw()
    renderer = FigureCanvasAgg(figure).get_renderer()
    boxes = {**stage_boxes(stages()), **part_boxes(list(parts()))}
    names = {*boxes, *(rule for own in stages().values() for rule in own)}
    for text in figure.axes[0].texts:
        if text.get_text() in names:
            assert (
                text.get_window_extent(renderer).width / figure.dpi < next(iter(boxes.values())).width - 0.15
            )


def test_the_picture_is_the_same_each_time() -> None:
    assert svg() == svg()
