"""Pictures made by optimisation, from a config to files: whole, in numbers, remade only where they change."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from snakemake.utils import update_config

from signsight.models.checkpoint import load
from signsight.models.classifier import to_pixels
from tiny_workflow import PICTURES, TINY, Workflow

CLASSES = ("quick", "phases", "near")


def featured(**features: Any) -> dict[str, Any]:
    """The config of the experiment `pictures` with changes of the group `features`."""
    config = copy.deepcopy(PICTURES)
    update_config(config, {"features": features})
    return config


@pytest.fixture
def root(pictures: Workflow) -> Path:
    """The results of the experiment `pictures`."""
    return pictures.folder / "results/pictures"


def test_every_picture_is_a_file_that_the_index_names(root: Path) -> None:
    index = pd.read_csv(root / "features/index.csv")
    named = {root / "features" / file for file in index["file"]}
    assert all(file.is_file() for file in named)
    counts = index["product"].value_counts().to_dict()
    classes = {f"classes/{network}/{name}": 2 for network in ("trained", "random") for name in CLASSES}
    assert counts == classes | {"filters": 2, "activations": 2, "inversion": 2, "dream": 1}


def test_sheets_and_figures_are_png(root: Path) -> None:
    figures = {file.relative_to(root / "figures").as_posix() for file in (root / "figures").rglob("*.png")}
    pages = {f"classes/{name}-page-01.png" for name in CLASSES}
    assert pages <= figures and any(name.startswith("filters/") for name in figures)
    assert "class_animation.png" in figures
    assert {f"{name}/page-01.png" for name in ("layer_activations", "inversion", "dreams")} <= figures
    with Image.open(root / "figures/class_animation.png") as picture:
        assert picture.n_frames == 2


def test_numbers_are_those_of_the_png_files(root: Path) -> None:
    table = pd.read_csv(root / "tables/features.csv")
    model = load(root / "train", torch.device("cpu")).eval()
    own = table[(table["network"] == "trained") & (table["preset"] == "quick")]
    for class_id in (0, 1):
        with Image.open(root / f"features/classes/trained/quick/pictures/00{class_id}-0.png") as file:
            pixels = np.array(file)[None]
        with torch.no_grad():
            logits = model(to_pixels(pixels))[0]
        rows = own[own["class_id"] == class_id].set_index("quantity")["value"]
        assert rows["logit"] == pytest.approx(float(logits[class_id]), abs=1e-5)
        assert rows["softmax"] == pytest.approx(float(logits.softmax(0)[class_id]), abs=1e-5)
    summary = pd.read_csv(root / "tables/feature_summary.csv")
    assert set(summary["preset"]) == set(CLASSES) and set(summary["network"]) == {"trained", "random"}
    assert not pd.read_csv(root / "tables/path_similarity.csv").empty


def test_another_class_makes_just_that_one(pictures: Workflow, root: Path, tmp_path: Path) -> None:
    before = {
        file.name: file.read_bytes() for file in (root / "features/made/classes/trained/quick").iterdir()
    }
    kept = pictures.copy(tmp_path / "copy")
    target = "results/pictures/features/classes/trained/quick/index.csv"
    done = kept.run(featured(classes={"which": [1]}), target)
    assert done.returncode == 0, done.stdout[-4000:]
    log = kept.folder / "results/pictures/logs/class_pictures/trained/quick.log"
    assert "1 of 1 pictures" not in log.read_text()  # it was there
    folder = kept.folder / "results/pictures/features"
    left = {file.name: file.read_bytes() for file in (folder / "made/classes/trained/quick").iterdir()}
    assert len(left) == 1 and left.items() <= before.items()
    done = kept.run(featured(), target)
    assert done.returncode == 0 and ": 1 picture to do" in log.read_text()
    again = np.load(folder / "classes/trained/quick/images.npy")
    assert np.abs(again.astype(int) - np.load(root / "features/classes/trained/quick/images.npy")).max() <= 1


def test_the_stage_ends_with_its_index(pictures: Workflow) -> None:
    config = featured()
    whole = pictures.planned(config, "--forceall")
    until = pictures.planned(config, "--forceall", "--until", "features")
    assert until["features"] == 1 and set(until) < set(whole)
    assert {"class_pictures", "filter_pictures", "inversions", "dreams"} <= set(until)
    assert "gallery_sheet" not in until


@pytest.mark.parametrize(
    ("features", "sentence"),
    [
        ({"classes": {"which": ["dgo"]}}, "did you mean 'dog'?"),
        ({"filters": {"layers": {"features.last": [999]}}}, "unit 999 of layer 'features.last': it has"),
        (
            {"dream": {"targets": [{"layer": "nowhere"}]}},
            "Config key 'features.dream.targets' names the layer",
        ),
    ],
)
def test_what_there_is_not_ends_in_a_sentence(
    pictures: Workflow, tmp_path: Path, features: dict[str, Any], sentence: str
) -> None:
    workflow = pictures.copy(tmp_path / "copy")
    done = workflow.run(featured(**features), "features")
    assert done.returncode == 1 and sentence in done.stdout
    assert "Traceback" not in done.stdout


def test_a_config_that_asks_for_no_pictures_is_told_so(finished: Workflow, tmp_path: Path) -> None:
    done = finished.copy(tmp_path / "copy").run(TINY, "features")
    assert done.returncode == 1 and "asks for no pictures made by optimisation" in done.stdout
    assert "Traceback" not in done.stdout
