"""The table of figures is whole, files are read by their kind, and every sheet is drawn from files."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from PIL import Image

from signsight.core.errors import UserError
from signsight.core.files import ArrayFile, read_csv
from signsight.core.registry import figures, plugins, use_plugins
from signsight.core.source import PACKAGE
from signsight.data.imageset import ImageSet, write_index
from signsight.figures.given import draw, load
from signsight.figures.pages import save_pages
from signsight.figures.style import save
from signsight.figures.table import ARTEFACTS, FACTS, signature, undrawn
from synthetic_metrics import FOUR, curves

Check = Callable[[Figure], None]
NAMES = ["00000", "5$ to 10$", r"$\frac{$", "NA", "null", "1e3"]
SIDE, GRID, COUNT = 24, 4, 12


def test_every_artefact_and_fact_is_of_some_figure() -> None:
    """But for the tables that only the summary of the package reads."""
    used = [set().union(*names) for names in zip(*map(signature, figures.names()), strict=True)]
    assert used[0] | {"empty_maps"} == set(ARTEFACTS) and used[1] == set(FACTS)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("def mine(metric, *, grid): ...", "artefact 'metric'; did you mean 'metrics'"),
        ("def mine(metrics, *, grids): ...", "fact 'grids'; did you mean 'grid'"),
        ("class mine: ...", "not a function"),
    ],
)
def test_what_is_not_there_is_refused(code: str, message: str, tmp_path: Path) -> None:
    before, file = plugins(), tmp_path / "mine.py"
    file.write_text(f'from signsight.core.registry import figures\n\n\n@figures.register("mine")\n{code}\n')
    try:
        use_plugins([file])
        with pytest.raises(UserError, match=message):
            signature("mine")
    finally:
        use_plugins(before)


def test_the_table_is_read_without_what_draws() -> None:
    code = (
        "import sys; from signsight.figures.table import figures, signature;"
        "[signature(name) for name in figures.names()]; print('matplotlib' in sys.modules)"
    )
    python = [sys.executable, "-c", code]
    done = subprocess.run(python, cwd=PACKAGE.parent, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_texts_stay_texts_and_numbers_may_be_missing(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('class_id,name,x,direction,method\n0,001,1.5,,null\n1,NA,,lower,nan\n2,"5$, $",2,,a\n')
    table = read_csv(path)
    assert table["name"].tolist() == ["001", "NA", "5$, $"] and table["method"].tolist() == [
        "null",
        "nan",
        "a",
    ]
    assert table["direction"].tolist() == ["", "lower", ""] and table["class_id"].tolist() == [0, 1, 2]
    assert table["x"].isna().tolist() == [False, True, False]


@pytest.fixture
def given(tmp_path: Path) -> dict[str, Any]:
    """Files of a tiny run whose classes are named by numbers, dollars and words for nothing."""
    rng = np.random.default_rng(0)

    def array(name: str, values: np.ndarray) -> str:
        np.save(tmp_path / name, values)
        return str(tmp_path / name)

    def arrays(name: str, **values: Any) -> str:
        np.savez(tmp_path / name, **values)
        return str(tmp_path / name)

    def table(name: str, values: pd.DataFrame) -> str:
        values.to_csv(tmp_path / name, index=False)
        return str(tmp_path / name)

    def image_set(name: str, count: int) -> list[str]:
        (tmp_path / name).mkdir()
        array(f"{name}/images.npy", rng.integers(0, 255, (count, SIDE, SIDE, 3), np.uint8))
        ids = [f"{i:03d}" for i in range(count)]
        index = {"image_id": ids, "class_id": np.arange(count) % 6, "track": ids, "source": ids}
        write_index(tmp_path / name, pd.DataFrame(index))
        return [str(tmp_path / name / file) for file in ("images.npy", "index.csv")]

    predicted = np.arange(COUNT) % 6
    predicted[3] = 1
    test, methods, layers = image_set("test", COUNT), ["random", "lrp_epsilon"], ["trained", "fc", "conv"]
    maps = rng.normal(size=(COUNT, SIDE, SIDE)).astype(np.float32)
    cells = np.tile(np.arange(3), (COUNT, 1))
    accuracy = np.ones((COUNT, 4), np.float32)
    classes = {"class_id": range(6), "name": NAMES, "shape": "circle"}
    photographs = {
        "file": ["1", "2"],
        "predicted_name": NAMES[:2],
        "probability": 0.5,
        "class_name": ["", "NA"],
        "boxes": ["", "0,0,0.5,0.5"],
    }
    degrees = pd.DataFrame({"transform": ["rotation"] * 3, "degree": [-30, 0, 30]})
    cascade = {"maps": maps[:2, None].repeat(3, 1), "correlation": np.full((2, 2), 0.5)}
    return {
        "images": test,
        "classes": table("classes.csv", pd.DataFrame(classes)),
        "confusion": table(
            "confusion.csv", pd.DataFrame({"class_id": range(6), "predicted_id": predicted[:6], "count": 3})
        ),
        "maps": {name: array(f"{name}.npy", maps) for name in methods},
        "identical_maps": table("identical_maps.csv", pd.DataFrame({"method": [], "same_as": []})),
        "cells": {name: array(f"{name}-cells.npy", cells) for name in methods},
        "sticker_cells": array("sticker-cells.npy", cells),
        "masking_scores": {
            name: arrays(f"{name}.npz", curve_masked_accuracy=accuracy, x=np.arange(4.0)) for name in methods
        },
        "clean_scores": arrays(
            "clean.npz", sets=["test"], predicted=predicted[None], confidence=np.full((1, COUNT), 0.7)
        ),
        "sticker_bases": {"stock": image_set("stock", 6), "test": test},
        "sticker_scores": {
            target: arrays(f"{target}.npz", sets=["none", "tall_small"], predicted=np.ones((2, count), int))
            for target, count in (("stock", 6), ("test", COUNT))
        },
        "geometry": table("geometry.csv", degrees),
        "perturbed": arrays(
            "perturbed.npz",
            pictures=np.zeros((2, 1, 2, SIDE, SIDE, 3), np.uint8),
            scores=np.full((2, 1, 2), 0.25),
            steps=[0, 10],
            class_ids=[2],
        ),
        "cascades": {
            name: arrays(f"{name}-c.npz", **cascade, stages=layers, rows=[0, 1]) for name in methods
        },
        "photographs": table("photographs.csv", pd.DataFrame(photographs)),
        "photograph_images": array("photographs.npy", np.zeros((2, SIDE, SIDE, 3), np.uint8)),
        "photograph_maps": {"lrp_epsilon": arrays("photographs.npz", maps=maps[:2])},
    }


FILE_FACTS: dict[str, Any] = {
    "network": {"name": "compact", "weights": "trained in this run", "random": False},
    "signed": ["lrp_epsilon"],
    "degrees": {"rotation": [-30, 0, 30]},
    "fill": "black",
    "overview_images": 6,
    "sheet_images": 6,
    "cropped": True,
    "masked_cells": [0, 1, 2, 3],
    "grid": GRID,
    "colour": [0.5, 0.5, 0.5],
    "sticker_method": "lrp_epsilon",
    "sticker_sets": {"tall_small": ["tall", "small"]},
    "designs": {"tall": {"width": 50, "height": 100, "picture": "stripes"}},
    "sign_widths": {"small": {"circle": 420}},
    "methods": ["random", "lrp_epsilon"],
    "metric_scores": {"region_perturbation": "softmax"},
}


def test_files_are_read_by_their_kind(given: dict[str, Any], tmp_path: Path) -> None:
    assert isinstance(load(given["images"]), ImageSet) and isinstance(
        load(given["maps"])["random"], ArrayFile
    )
    assert set(load(given["cascades"])["random"]) == {"maps", "correlation", "stages", "rows"}
    (tmp_path / "b.tsv").write_text("s\th:m:s\n1.5\t0:00:01\n")
    assert load(str(tmp_path / "b.tsv"))["s"].tolist() == [1.5]


OF_CLASSES = "overview masked_sheet sticker_sheet geometry_sheet photographs perturbed randomised_maps"


@pytest.mark.parametrize("name", ["confusion_matrix", *OF_CLASSES.split()])
def test_classes_are_called_as_the_user_calls_them(
    name: str, given: dict[str, Any], tmp_path: Path, legible: Check
) -> None:
    drawn = draw(name, given, FILE_FACTS)
    every = drawn if isinstance(drawn, list) else [drawn]
    texts = [text for figure in every for text in figure.findobj(lambda artist: hasattr(artist, "get_text"))]
    text = "\n".join(text.get_text() for text in texts)
    shown = {"perturbed": NAMES[2:3], "randomised_maps": NAMES[:2], "photographs": [*NAMES[:2], "NA"]}
    assert all(title in text for title in shown.get(name, NAMES))
    legible(drawn)
    assert isinstance(drawn, list) == (name != "confusion_matrix")
    if name == "overview":
        save_pages(drawn, tmp_path / "pages")
        names = sorted(file.name for file in (tmp_path / "pages").iterdir())
        assert names == [f"page-0{n}.{kind}" for n in range(1, len(drawn) + 1) for kind in ("png", "svg")]
    else:
        save(every[0], [tmp_path / "a.png", tmp_path / "a.svg"])


def test_a_refusal_stands_in_place_of_the_maps(given: dict[str, Any], tmp_path: Path, legible: Check) -> None:
    np.savez(tmp_path / "refused.npz", refused="CAM needs $a$ network of its own kind.")
    given["photograph_maps"] = {"lrp_epsilon": str(tmp_path / "refused.npz")}
    (figure,) = draw("photographs", given, FILE_FACTS)
    assert "CAM needs $a$ network" in figure.texts[0].get_text()
    legible(figure)


def test_a_dollar_takes_its_own_room(tmp_path: Path) -> None:
    """As mathematics, the same text would be shorter: it would lose its dollars and its space."""
    classes = pd.DataFrame({"class_id": range(2), "name": ["5$ to 10$", "5 to 10"]})
    table = pd.DataFrame({"class_id": [0, 1], "predicted_id": [1, 0], "count": 1})
    figure = draw("confusion_matrix", _written(tmp_path, confusion=table, classes=classes), {})
    save(figure, [tmp_path / "a.png"])
    ticks = {text.get_text().split("  ")[0]: text for text in figure.axes[0].get_yticklabels()}
    wide = {name: text.get_window_extent().width for name, text in ticks.items()}
    assert wide["5$ to 10$"] > wide["5 to 10"] and Image.open(tmp_path / "a.png").size[0] > 500


def _written(folder: Path, **tables: pd.DataFrame) -> dict[str, str]:
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv", index=False)
    return {name: str(folder / f"{name}.csv") for name in tables}


@pytest.fixture
def own_metric(tmp_path: Path) -> Iterator[str]:
    """A metric of a plugin that declares two curves."""
    before = plugins()
    file = tmp_path / "own.py"
    file.write_text(
        "from signsight.core.registry import metrics\n\n\n"
        '@metrics.register("my_metric", label="My metric", x="Share of pixels hidden", needs="model",\n'
        '    curves={"fall": {"label": "Fall"}, "rise": {"label": "Rise"}}, quantities={})\n'
        "def my_metric(block):\n    ...\n"
    )
    use_plugins([*before, file])
    yield "my_metric"
    use_plugins(before)


def test_curves_without_a_figure_get_one(own_metric: str, tmp_path: Path, legible: Check) -> None:
    run = {"region_perturbation": "region_perturbation", own_metric: own_metric}
    assert undrawn(run, figures.names()) == [own_metric]
    table = curves(FOUR)
    rows = table[table["metric"] == "deletion"].assign(metric=own_metric, curve="fall")
    files = _written(tmp_path, metric_curves=pd.concat([table, rows, rows.assign(curve="rise")]))
    (figure,) = draw("metric_curves", files, {"undrawn": [own_metric], "confidence": 0.95})
    assert [panel.get_ylabel() for panel in figure.axes] == ["Fall", "Rise"]
    assert {panel.get_xlabel() for panel in figure.axes} == {"Share of pixels hidden"}
    assert {panel.get_title(loc="left") for panel in figure.axes} == {"My metric"}
    figure.draw_without_rendering()
    assert figure.axes[0].get_xticklabels()[1].get_text().endswith("%")
    legible(figure)
