"""The study of config/samek.yaml: what it plans, and in small, its variants and metric on the tiny signs."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from tiny_workflow import ROOT, Workflow, explaining

STUDY = yaml.safe_load((ROOT / "config/samek.yaml").read_text())
VARIANTS = STUDY["attribution"]["variants"]
# of the methods that have no variants, two
METHODS = ["random", "sensitivity_linf", *VARIANTS]
SMALL = {"region": 6, "steps": 4, "repetitions": 2}


def config() -> dict[str, Any]:
    """The study with smaller numbers, fewer methods, other pictures and another network."""
    small = explaining(data={"images": 10})
    study = copy.deepcopy(STUDY) | {"experiment": "samek"}
    study["attribution"]["methods"] = METHODS
    study["evaluation"]["parameters"]["region_perturbation"] |= SMALL
    return study | {key: small[key] for key in ("device", "data", "model")}


@pytest.fixture(scope="module")
def study(finished: Workflow) -> Path:
    """The folder of the finished study."""
    done = finished.run(config(), "results/samek/figures/aopc_curve")
    assert done.returncode == 0, done.stdout[-6000:]
    return finished.folder / "results/samek"


def test_the_study_as_it_is_wants_just_its_archive_and_weights(finished: Workflow) -> None:
    planned = finished.planned(STUDY)
    fetched = {"download": 1, "download_weights": 1, "pretrained": 1, "classes": 1, "crop": 1}
    assert planned.items() >= (fetched | {"attribute": 9, "evaluate": 9, "score": 1}).items()
    assert not {"train", "examples", "rank", "warp", "sticker", "stock"} & set(planned)


def test_every_method_and_variant_is_measured(study: Path) -> None:
    table = pd.read_csv(study / "tables/metrics.csv")
    assert set(table["method"]) == set(METHODS)
    assert set(table["quantity"]) == {"aopc", "abpc"} and (table["n"] == 10).all()
    assert (table["low"] <= table["value"]).all() and (table["value"] <= table["high"]).all()
    means = table.set_index(["method", "quantity"])["value"]
    for method in METHODS:
        with np.load(study / f"evaluate/region_perturbation/{method}/scores.npz") as file:
            falls = file["curve_morf"].astype(float)
            assert falls.shape == (10, SMALL["steps"] + 1)
        # AOPC: the mean over steps 0..L of the fall of the score
        assert np.isclose(means[method, "aopc"], falls.mean(), atol=1e-6)


def test_the_variants_have_their_own_parameters(study: Path) -> None:
    """The larger epsilon is, the more of the relevance it takes."""
    names = ("lrp_epsilon_0", "lrp_epsilon_001", "lrp_epsilon_100")
    none, little, most = (np.load(study / f"attribute/{name}/maps.npy") for name in names)
    assert np.isfinite(none).all() and not np.array_equal(none, little)
    assert np.abs(most).sum() < 0.5 * np.abs(little).sum()


def test_the_labels_of_variants_are_in_the_figure(study: Path) -> None:
    drawing = (study / "figures/aopc_curve/page-01.svg").read_text()
    assert all(variant["label"] in drawing for variant in VARIANTS.values())
