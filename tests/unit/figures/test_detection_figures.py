"""Figures of a detector: sheets, overview, tables and single files show what is there, and can be read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image

from signsight.config.rules import complete
from signsight.config.schema import load_schema
from signsight.core.files import read_csv
from signsight.detection.map_file import MapsFile, maps_writer
from signsight.detection.scene import EDGES, Scene, SceneObject
from signsight.detection.scene_set import SceneSet, open_scene_set, write_scene_set
from signsight.figures.box_sheets import (
    Asked,
    Column,
    columns_of,
    detection_overview,
    detection_pages,
    detection_sheet,
)
from signsight.figures.box_singles import INDEX, write_box_singles
from signsight.figures.boxes import average_precision, box_curves, box_metrics, box_ranking
from signsight.figures.detected import detected
from signsight.figures.scene_drawing import View, views
from signsight.figures.style import DPI, method_label, save
from signsight.plan.plan import Plan
from synthetic_metrics import FOUR, MANY, curves, numbers, ranking_rows

Check = Callable[[Figure], None]
SCHEMA = load_schema(Path(__file__).parents[3] / "config/schema.yaml")
LONG = "End of no passing by vehicles over 3.5 metric tons"
ASKED = Asked(0.5, "all")


class Ramp:
    """Maps of any box: zero at the left edge, -1 or 1 at the right."""

    def __init__(self, shape: tuple[int, int], sign: float = 1) -> None:
        self.shape, self.sign = shape, sign

    def read(self, row: int) -> np.ndarray:
        return np.tile(np.linspace(0, self.sign, self.shape[1], dtype=np.float32), (self.shape[0], 1))


def found(count: int, size: tuple[int, int], labels: list[str], seed: int = 0) -> pd.DataFrame:
    """So many detections of a picture of this size (height, width), the most probable first."""
    rng = np.random.default_rng(seed)
    low = rng.uniform(0, 0.6, (count, 2)) * size[::-1]
    edges = np.hstack([low, low + rng.uniform(0.05, 0.4, (count, 2)) * size[::-1]])
    table = pd.DataFrame(edges, columns=EDGES)
    table.insert(0, "picture", "a")
    table.insert(1, "detection", np.arange(1, count + 1))
    table["label"] = [labels[k % len(labels)] for k in range(count)]
    table["probability"] = np.linspace(0.999, 0.5, count)
    return table.assign(object=0, iou=0.0)


def view_of(
    boxes: int, more: int = 2, size: tuple[int, int] = (60, 90), labels: tuple[str, ...] = ("sign", LONG),
    objects: int | None = 2,
) -> View:  # fmt: skip
    """A picture with explained boxes and more detections; the first object is found by the first box."""
    detections = found(boxes + more, size, list(labels))
    truth = None
    if objects is not None:
        truth = found(objects, size, list(labels), seed=1).assign(object=np.arange(1, objects + 1))
        detections.loc[detections["detection"] == 1, ["object", "iou"]] = 1, 0.873
    image = np.random.default_rng(2).integers(0, 256, (*size, 3), np.uint8)
    return View("a.jpg", "01-a", image, detections, detections.head(boxes), truth)


def columns(count: int, size: tuple[int, int] = (60, 90)) -> list[Column]:
    """Methods, every second one of them signed."""
    named = ["odam", "gradient_x_input", "grad_cam_stretched", *MANY]
    return [Column(m, method_label(m), bool(k % 2), Ramp(size)) for k, m in enumerate(named[:count])]


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.findobj(Text) if text.get_text().strip()]


def pictures_in(figure: Figure) -> list[Any]:
    return figure.axes[0].images


@pytest.mark.parametrize(
    ("boxes", "methods", "size"),
    [(1, 3, (1500, 2000)), (5, 10, (375, 500)), (5, 10, (400, 90)), (3, 3, (40, 400)), (5, 1, (60, 90))],
)
def test_a_sheet_has_a_row_a_box_and_a_column_a_method(
    boxes: int, methods: int, size: tuple[int, int], legible: Check
) -> None:
    view = view_of(boxes, size=size)
    shown = columns(methods, size)
    pages = list(detection_pages([view], shown, ASKED))
    names = [name for name, _ in pages]
    assert names == (["01-a"] if len(pages) == 1 else [f"01-a-{k}" for k in range(1, len(pages) + 1)])
    assert sum(len(pictures_in(figure)) - 1 for _, figure in pages) == boxes * methods
    together: set[str] = set()
    for _, figure in pages:
        legible(figure)
        words = texts(figure)
        together |= {"".join(word.split()) for word in words}
        for drawn in pictures_in(figure):
            wide = abs(drawn.get_extent()[1] - drawn.get_extent()[0]) * DPI
            assert drawn.get_array().shape[1] <= max(round(wide), 1) or drawn.get_array().shape[1] <= size[1]
        assert figure.get_size_inches()[0] < 25
    assert {"".join(column.label.split()) for column in shown} <= together


def test_words_beside_the_picture_and_its_rows() -> None:
    figure = detection_sheet(view_of(2), slice(None), columns(3), ASKED)
    words = texts(figure)
    assert "4 detections above 0.5, 2 explained. 2 true objects, 1 missed." in words
    bold = [text.get_text() for text in figure.findobj(Text) if text.get_fontweight() == "bold"]
    assert sorted(bold) == ["1 sign 100 %", "2 End of no passing… 83 %"]
    assert "3 sign 67 %" in words and any(word.startswith("missed: End of") for word in words)
    assert "1 sign\n99.9\N{NO-BREAK SPACE}%\nIoU\N{NO-BREAK SPACE}0.87" in words
    assert any(word.endswith("no object") for word in words)
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend == ["explained box", "other detection", "true object"]
    assert "the map's largest" in words and "raises it (+)" in words


def test_without_truth_nothing_is_said_of_objects() -> None:
    figure = detection_sheet(view_of(2, objects=None), slice(None), columns(1), ASKED)
    assert not any("object" in word or "IoU" in word or "missed" in word for word in texts(figure))


@pytest.mark.parametrize(
    ("which", "more", "expected"),
    [
        ("all", 0, "No detection above 0.5."),
        ("objects", 3, "3 detections above 0.5; none finds a true object."),
        ("class", 1, "1 detection above 0.5; none is of the class that is explained."),
    ],
)
def test_a_picture_without_a_box_is_shown_as_such(
    which: str, more: int, expected: str, legible: Check
) -> None:
    view = view_of(0, more, objects=None)
    ((name, figure),) = detection_pages([view], columns(3), Asked(0.5, which))
    assert name == "01-a" and expected in texts(figure) and len(pictures_in(figure)) == 1
    legible(figure)


def test_many_detections_in_one_place_keep_their_words_apart(legible: Check) -> None:
    view = view_of(3, 60)
    view.detections[list(EDGES)] = view.detections[list(EDGES)] * 0.2 + [20, 20, 20, 20]
    figure = detection_sheet(view, slice(0, 1), columns(1), ASKED)
    legible(figure)
    named = [word for word in texts(figure) if word.endswith("\N{NO-BREAK SPACE}%") or word.endswith(" %")]
    left_out = int(next(w for w in texts(figure) if "without words" in w).split("missed. ")[1].split()[0])
    beside = [word for word in named if "\n" not in word]
    assert (
        len(beside) + left_out + 1 == 63 + 1 + 1
    )  # detections and missed objects; `beside` has none of these
    assert [word.split()[0] for word in beside if word.startswith(("1 ", "2 ", "3 "))]


def test_a_map_of_zeros_says_so(legible: Check) -> None:
    flat = [
        Column("odam", "ODAM", False, Ramp((60, 90), -1)),
        Column("mine", "Mine", True, Ramp((60, 90), -1)),
    ]
    figure = detection_sheet(view_of(1), slice(None), flat, ASKED)
    assert texts(figure).count("zero everywhere") == 1  # of a signed one, negative values count
    legible(figure)


def test_the_overview_has_a_map_beside_every_picture(tmp_path: Path, legible: Check) -> None:
    shown = [view_of(2), view_of(0, 0, (90, 30)), view_of(1, size=(30, 120), objects=None)]
    figure = detection_overview(iter(shown), columns(1)[0], ASKED)
    words = texts(figure)
    assert len(pictures_in(figure)) == 3 + 2 and "no detection above 0.5" in words
    assert "1 sign\n99.9 %, IoU 0.87" in words
    assert "a.jpg\n0 detections" in words and "a.jpg\n3 detections" in words
    legible(figure)
    save(figure, [tmp_path / "a.png", tmp_path / "a.svg"])


class Source:
    """Three pictures: two objects, no object, not annotated."""

    ids = ("first.jpg", "second", "third.PNG")

    def scene(self, picture: str) -> Scene:
        rng = np.random.default_rng(len(picture))
        known = [SceneObject("sign", (1, 2, 20, 20)), SceneObject("car", (30, 5, 50, 30))]
        objects = {"first.jpg": known, "second": []}.get(picture)
        return Scene(picture, rng.integers(0, 256, (40, 60, 3), np.uint8), objects)


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> SceneSet:
    folder = tmp_path_factory.mktemp("scenes") / "set"
    write_scene_set(Source(), folder, ["sign", "car"])
    return open_scene_set(folder)


@pytest.fixture(scope="module")
def tables(scenes: SceneSet) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Detections and those that are explained: two of the first picture, one of the last."""
    parts = [found(3, (40, 60), ["sign", "car"]).assign(picture=name) for name in scenes.ids[::2]]
    detections = pd.concat(parts, ignore_index=True)
    boxes = detections[detections["detection"] <= detections["picture"].map({"first.jpg": 2, "third.PNG": 1})]
    boxes = boxes.assign(box=[f"{p}-{d}" for p, d in zip(boxes["picture"], boxes["detection"], strict=True)])
    return detections, boxes.reset_index(drop=True)


@pytest.fixture(scope="module")
def maps(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    files = {}
    for shift, name in enumerate(("odam", "lrp_composite")):
        files[name] = tmp_path_factory.mktemp("maps") / f"{name}.npz"
        with maps_writer(files[name]) as writer:
            for row in range(3):
                writer.add(np.full((40, 60), row + 10 * shift, np.float32) - np.eye(40, 60, dtype=np.float32))
    return files


TOLD = [{"method": "odam", "label": "ODAM", "signed": False},
        {"method": "lrp_composite", "label": "LRP", "signed": True}]  # fmt: skip


def test_views_are_the_first_pictures_with_what_is_above_the_threshold(
    scenes: SceneSet, tables: tuple[pd.DataFrame, pd.DataFrame]
) -> None:
    first, second, third = views(scenes, *tables, 0.7, 5)
    assert [view.stem for view in (first, second, third)] == ["01-first", "02-second", "03-third"]
    assert [len(view.detections) for view in (first, second, third)] == [2, 0, 2]
    assert first.boxes.index.tolist() == [0, 1] and third.boxes.index.tolist() == [2]
    assert len(first.missed) == 2 and len(second.missed) == 0 and third.missed is None
    assert np.array_equal(first.image, Source().scene("first.jpg").image)
    assert len(list(views(scenes, *tables, 0.7, 1))) == 1


def test_single_files_are_the_maps_and_the_index_says_what_they_are(
    scenes: SceneSet, tables: tuple[pd.DataFrame, pd.DataFrame], maps: dict[str, Path], tmp_path: Path
) -> None:
    write_box_singles(tmp_path, scenes, tables[1], columns_of(maps.values(), TOLD))
    index = read_csv(tmp_path / "index.csv")
    assert list(index) == INDEX and len(index) == 6
    listed = {*index["overlay"], *index["map"], "index.csv"}
    assert {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.*")} == listed
    for row in index.itertuples():
        place = tables[1].index[tables[1]["box"] == row.box].item()
        values = np.load(tmp_path / row.map)
        assert np.array_equal(values, MapsFile(maps[row.method]).read(place)) and values.dtype == np.float32
        assert (row.min, row.max) == (values.min(), values.max())
        assert Image.open(tmp_path / row.overlay).size == (60, 40)
        own = tables[1].loc[place]
        assert np.allclose([getattr(row, edge) for edge in EDGES], own[list(EDGES)].to_numpy(float))
    assert index["overlay"][0] == "01-first/01-odam.png" and index["picture"].iloc[-1] == "third.PNG"


def test_without_boxes_there_is_an_empty_index(
    scenes: SceneSet, tables: tuple[pd.DataFrame, pd.DataFrame], maps: dict[str, Path], tmp_path: Path
) -> None:
    write_box_singles(tmp_path, scenes, tables[1].head(0), columns_of(maps.values(), TOLD))
    assert (tmp_path / "index.csv").read_text() == ",".join(INDEX) + "\n"
    assert len(list(tmp_path.iterdir())) == 1


def accuracy(labels: list[str]) -> pd.DataFrame:
    """A table of accuracy, as `accuracy_table` writes it."""
    ap = np.linspace(0.2, 1, len(labels))
    table = pd.DataFrame({"class_id": range(len(labels)), "label": labels, "ap50": ap, "ap": ap * 0.6})
    mean = {"class_id": -1, "label": "mean", "ap50": ap.mean(), "ap": 0.6 * ap.mean()}
    table = pd.concat([table, pd.DataFrame([mean])], ignore_index=True)
    table = table.assign(
        ap50_low=(table["ap50"] - 0.1).clip(0), ap50_high=(table["ap50"] + 0.1).clip(None, 1)
    )
    return table.assign(objects=1200, difficult=1, detections=5, found=4, pictures=10)


@pytest.mark.parametrize("labels", [["sign"], ["sign", LONG, "5$ to 10$"], [f"class {k}" for k in range(45)]])
def test_average_precision_by_class_with_the_mean_below(labels: list[str], legible: Check) -> None:
    figure = average_precision(accuracy(labels), confidence=0.95)
    shown = {
        bar.get_label(): bar.lines[0].get_data()
        for panel in reversed(figure.axes)  # the best classes on the left
        for bar in sorted(panel.containers, key=lambda bar: bar.lines[0].get_ydata()[0])
    }
    table = accuracy(labels).set_index("label")["ap50"]
    assert {name: float(x[0]) for name, (x, _) in shown.items()} == pytest.approx(table.to_dict())
    assert list(shown) == ["mean", *labels] and "1,200" in texts(figure)
    legible(figure)


def test_there_may_be_no_object_to_find(legible: Check) -> None:
    empty = accuracy(["sign"]).tail(1).assign(ap50=np.nan, ap=np.nan, ap50_low=np.nan, ap50_high=np.nan)
    legible(figure := average_precision(empty, confidence=0.95))
    assert "no average precision" in " ".join(texts(figure)[0].split())


@pytest.mark.parametrize("methods", [FOUR, MANY], ids=["4", "22"])
def test_every_quantity_of_boxes_has_a_panel(methods: list[str], legible: Check) -> None:
    table = numbers(methods)
    table = table[table["metric"].isin(("deletion", "insertion", "localisation"))]
    pages = box_metrics(table, confidence=0.95)
    titles = [panel.get_title(loc="left") for figure in pages for panel in figure.axes]
    assert titles[:2] == ["Deletion AUC", "Insertion AUC"] and len(titles) == 5
    best = table[table["quantity"] == "deletion_auc"].sort_values("value", kind="stable")["method"].iloc[0]
    assert pages[0].axes[0].get_yticklabels()[-1].get_text() == method_label(best)
    legible(pages)


def test_curves_of_boxes_say_which_score_they_follow(legible: Check) -> None:
    curve = curves(FOUR)
    curve = curve[curve["metric"].isin(("deletion", "insertion"))]
    hidden = {"deletion": "blur", "insertion": "blur"}
    (figure,) = box_curves(curve, numbers(FOUR), hidden=hidden, follows="found", confidence=0.95)
    assert figure.axes[0].get_ylabel() == "Probability of the box, low = faithful"
    assert "Pixels hidden (blur)" in figure.axes[0].get_xlabel()
    legible(figure)


def test_the_ranking_leaves_out_what_was_not_measured(legible: Check) -> None:
    table = numbers(FOUR)
    table = table[table["metric"].isin(("deletion", "localisation"))].copy()
    table.loc[table["metric"] == "localisation", "value"] = np.nan
    ranks = ranking_rows(table)
    told = [["deletion", "deletion_auc", "Deletion AUC"]]
    figure = box_ranking(ranks, box_quantities=told, box_controls=["random"])
    assert "Deletion AUC" in texts(figure) and not any("mass" in word for word in texts(figure))
    legible(figure)
    none = ranks[ranks["metric"] == "localisation"]
    for figure in (
        box_ranking(none, box_quantities=told, box_controls=[]),
        *box_metrics(table[table["metric"] == "localisation"], confidence=0.95),
        *box_curves(curves(FOUR).head(0), table, hidden={}, follows="found", confidence=0.95),
    ):
        assert texts(figure)[0].startswith("No metric has a value")
        legible(figure)


def detection_plan(**keys: Any) -> Plan:
    """A plan without a data set for a classifier."""
    given = {"data": {"name": "none"}, "model": {"name": "alexnet", "train": False}}
    return Plan(complete(given | {"detection": {"pictures": "scenes"} | keys}, SCHEMA))


def test_a_detector_alone_has_its_figures_and_a_summary() -> None:
    plan = detection_plan()
    made = {Path(file).name for file in plan.targets}
    drawn = {"detection_overview", "average_precision", "box_ranking"}
    assert {f"{name}.{kind}" for name in drawn for kind in ("png", "svg")} <= made
    assert {"box_metrics", "box_curves", "box_nulls"} <= made
    assert {"detections", "summary.md"} <= made and "singles" not in made
    assert set(plan.targets) == {
        *plan.detection.made, *plan.summary, *plan.explorer.made, plan.verdict.table,
    }  # fmt: skip
    assert plan.detection.overview_column["method"] == "odam"
    drawn = plan.drawn_figures
    assert drawn.told("box_ranking")["box_controls"] == ["random", "centre_of_box"]
    assert drawn.told("box_curves")["hidden"] == {"deletion": "zero", "insertion": "zero"}
    assert drawn.looks_in("box_metrics")["odam"]["label"] == "ODAM" and "odam" in drawn.looks
    assert drawn.words("box_curves")["deletion"]["label"] == "Deletion"
    assert "index" not in drawn.summarised and "boxes" in drawn.summarised


def test_sheets_singles_and_metrics_are_made_where_they_are_wanted(tmp_path: Path) -> None:
    made = {Path(file).name for file in detection_plan(sheets=0, singles=True, metrics=[]).targets}
    assert "singles" in made and not {"detections", "box_metrics"} & made
    own = {"train": False, "weights": "DEFAULT", "name": "fasterrcnn_resnet50_fpn"}
    made = {Path(file).name for file in detection_plan(pictures=str(tmp_path), detector=own).targets}
    assert "box_curves" in made and "average_precision.png" not in made
    none = Plan(complete({}, SCHEMA))
    assert not any("detection" in file or "/box_" in file for file in none.targets)


def test_the_summary_has_the_key_numbers() -> None:
    boxes = pd.DataFrame({"box": ["a-1", "a-2", "b-1"], "picture": ["a", "a", "b"]})
    table = numbers(FOUR)
    table = table[table["metric"] == "deletion"]
    both = table, ranking_rows(table)
    text = detected("compact_fpn", boxes, accuracy(["sign", "car"]), *both, 0.95)
    assert "| **Mean AP at IoU 0.5** | **60.0 % [50.0, 70.0]** |" in text
    assert "| Boxes explained | 3 in 2 pictures |" in text and "| car | 1,200 |" in text
    assert "## Which explanation of a box is to be trusted" in text and "### Deletion: 500 boxes" in text
    bare = detected("compact_fpn", boxes, None, None, None, 0.95)
    assert "AP" not in bare and "trusted" not in bare
