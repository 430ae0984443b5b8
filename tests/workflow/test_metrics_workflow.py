"""Metrics in the workflow: agreement with kept data sets, regions from the annotation, further models."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import torch

from signsight.models.checkpoint import load
from signsight.models.classifier import to_pixels
from tiny_workflow import Workflow, changed, explaining


def test_masked_sets_that_are_kept_are_scored_as_the_metric_says(finished: Workflow, tmp_path: Path) -> None:
    workflow = finished.copy(tmp_path)
    done = workflow.run(changed(keep_datasets=True), "masked")
    assert done.returncode == 0, done.stdout[-4000:]
    kept = workflow.results / "mask/few"
    assert {file.parent.name for file in kept.rglob("images.npy")} == {"0", "1", "2"}
    truth = pd.read_csv(workflow.results / "crop/test/index.csv")["class_id"].to_numpy()
    model = load(workflow.results / "train")
    with torch.no_grad():
        sets = [to_pixels(np.load(kept / f"{k}/images.npy"), "cpu") for k in range(3)]
        correct = np.stack([model(pixels).argmax(1).numpy() == truth for pixels in sets])
    with np.load(workflow.results / "evaluate/grid_masking/few/scores.npz") as file:
        assert np.array_equal(file["rows"], np.arange(len(truth)))
        curve = file["curve_masked_accuracy"]
    defined = ~np.isnan(curve[:, 0])
    assert defined.sum() > 80
    assert np.array_equal(curve[defined] == 1, correct.T[defined])
    table = pd.read_csv(workflow.results / "tables/masking.csv").query("method == 'few' and subset == 'all'")
    assert table["masked_cells"].tolist() == [0, 1, 2]
    assert np.allclose(table["accuracy"], correct[:, defined].mean(1))


def test_localisation_takes_the_roi_of_pictures_that_are_not_cropped(finished: Workflow) -> None:
    config = explaining(
        experiment="whole",
        stages=["metrics"],
        data={"crop_to_roi": False, "images": 20},
        attribution={"methods": ["random", "few"]},
        evaluation={"metrics": ["localisation"], "images": "all"},
    )
    done = finished.run(config, "results/whole/tables/metrics.csv")
    assert done.returncode == 0, done.stdout[-4000:]
    results = finished.folder / "results/whole"
    index = pd.read_csv(results / "crop/test/index.csv")
    regions = np.load(results / "regions/regions.npy")
    assert regions.shape == (20, 24, 24)
    for row, region in zip(index.itertuples(), regions, strict=True):
        annotated = np.zeros((row.height, row.width), np.uint8)
        annotated[row.roi_y1 : row.roi_y2 + 1, row.roi_x1 : row.roi_x2 + 1] = 1
        # the source pixel in which the centre of each of the 24 pixels of a row or column lies
        rows, columns = ((2 * np.arange(24) + 1) * side // 48 for side in annotated.shape)
        assert np.array_equal(region, annotated[np.ix_(rows, columns)])
    table = pd.read_csv(results / "tables/metrics.csv").set_index(["method", "quantity"])["value"]
    for method in ("random", "few"):
        highest = np.load(results / f"attribute/{method}/maps.npy").reshape(20, -1).argmax(1)
        inside = regions.reshape(20, -1)[np.arange(20), highest]
        assert np.isclose(table[method, "pointing_game_object"], inside.mean())
        assert np.isclose(table[method, "area_object"], regions.mean())


def test_a_further_model_is_trained_and_measured_beside_the_first(finished: Workflow, tmp_path: Path) -> None:
    workflow = finished.copy(tmp_path)
    first = (workflow.results / "train/model.safetensors").stat()
    config = changed(model={"seeds": [2020, 1]}, evaluation={"metrics": ["region_perturbation"]})
    config["attribution"]["methods"] = config["stickers"]["methods"] = ["random"]
    target = "results/tiny/tables/seeds.csv"
    expected = {"train": 1, "attribute": 1, "evaluate": 1, "score": 1, "seed_table": 1}
    expected |= {"identical_maps": 1, "metric_table": 1}  # of the first training, which the others go beside
    assert workflow.planned(config, target) == expected
    done = workflow.run(config, target)
    assert done.returncode == 0, done.stdout[-4000:]
    assert (workflow.results / "train/model.safetensors").stat().st_mtime_ns == first.st_mtime_ns
    weights = [workflow.results / f"{run}train/model.safetensors" for run in ("", "seeds/1/")]
    assert weights[0].read_bytes() != weights[1].read_bytes()
    table = pd.read_csv(tmp_path / target)
    assert table["seed"].unique().tolist() == [2020, 1]
    survived = pd.read_csv(tmp_path / target.replace("seeds.csv", "trainings.csv"))
    assert survived["quantity"].tolist() == ["aopc", "abpc"] and (survived["trainings"] == 2).all()
    assert (survived["first"] == "random").all() and (survived["pairs"] == 0).all()
    truth = pd.read_csv(workflow.results / "crop/test/index.csv")["class_id"].to_numpy()
    for seed, run in ((2020, ""), (1, "seeds/1/")):
        rows = table[table["seed"] == seed].set_index("quantity")
        with np.load(workflow.results / f"{run}score/clean/test.npz") as scores:
            assert np.isclose(rows.loc["accuracy", "value"], (scores["predicted"][0] == truth).mean())
        with np.load(workflow.results / f"{run}evaluate/region_perturbation/random/scores.npz") as file:
            assert np.isclose(rows.loc["aopc", "value"], file["value_aopc"].mean())


def test_methods_of_one_job_have_the_maps_and_scores_of_jobs_of_their_own(
    finished: Workflow, tmp_path: Path
) -> None:
    workflow = finished.copy(tmp_path)
    methods = ("random", "few", "grad_cam")

    def made() -> list[np.ndarray]:
        maps = [np.load(workflow.results / f"attribute/{method}/maps.npy") for method in methods]
        scores = [
            workflow.results / f"evaluate/region_perturbation/{method}/scores.npz" for method in methods
        ]
        return maps + [np.load(file)["value_aopc"] for file in scores]

    before = made()
    target = "results/tiny/tables/metrics.csv"
    config = changed(attribution={"methods_per_job": 3}, stages=["metrics"])
    assert workflow.planned(config, target) == {
        "attribute": 1, "evaluate": 2, "identical_maps": 1, "metric_table": 1,
    }  # fmt: skip
    done = workflow.run(config, target)
    assert done.returncode == 0, done.stdout[-4000:]
    for again, once in zip(made(), before, strict=True):
        np.testing.assert_allclose(again, once, rtol=1e-4, atol=1e-6)
    more = changed(attribution={"methods_per_job": 3, "methods": ["random", "few", "grad_cam", "saliency"]})
    alone = workflow.planned(more | {"stages": ["metrics"]}, target)
    assert alone == {"attribute_2": 1, "evaluate_2": 2, "identical_maps": 1, "metric_table": 1}
