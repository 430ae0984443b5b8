"""The whole DAG on a tiny data set: everything is made, nothing is left over, the report holds it all."""

from __future__ import annotations

import os

import numpy as np
import pandas as pd

from tiny_workflow import TINY, Workflow, changed, drawn_from

FIGURES = {
    "training_curve", "confusion_matrix", "overview", "masking", "masked_sheet", "degrees",
    "geometry_sheet", "sticker_accuracy", "sticker_confusions", "sticker_sheet", "aopc_curve",
    "morf_lerf", "nulls", "ranking", "agreement", "cost", "perturbed",
}  # fmt: skip


def test_all_figures_and_tables_are_made(finished: Workflow) -> None:
    folder = finished.results / "figures"
    figures, drawings = (
        {file.relative_to(folder).with_suffix("") for file in folder.rglob(f"*.{kind}")}
        for kind in ("png", "svg")
    )
    assert figures == drawings
    assert {file.parts[0] for file in figures} == FIGURES | drawn_from("confusion")
    tables = {file.stem for file in (finished.results / "tables").glob("*.csv")}
    assert tables == {
        "clean", "confusion", "masking", "empty_maps", "geometry", "stickers", "sticker_confusions",
        "metrics", "metric_curves", "pairs", "nulls", "ranking", "agreement", "identical_maps", "verdict",
    }  # fmt: skip
    assert "Test accuracy" in (finished.results / "summary.md").read_text()


def test_perturbed_sets_are_deleted_once_scored(finished: Workflow) -> None:
    left = [f for stage in ("mask", "warp", "sticker") for f in (finished.results / stage).rglob("*.npy")]
    assert left == []


def test_who_may_read_the_results_is_up_to_the_umask(finished: Workflow) -> None:
    mask = os.umask(0)
    os.umask(mask)
    made = [*finished.results.rglob("*"), *(finished.folder / ".cache").rglob("*")]
    closed = [f for f in made if ~f.stat().st_mode & (0o777 if f.is_dir() else 0o666) & ~mask]
    assert len(made) > 100 and not closed


def test_tables_agree_with_the_files_that_they_come_from(finished: Workflow) -> None:
    tables = finished.results / "tables"
    truth = pd.read_csv(finished.results / "crop/test/index.csv")["class_id"].to_numpy()
    with np.load(finished.results / "score/clean/test.npz") as scores:
        correct = scores["predicted"][0] == truth
    clean = pd.read_csv(tables / "clean.csv").iloc[0]
    assert (clean["n"], clean["correct"]) == (len(truth), correct.sum())
    masking = pd.read_csv(tables / "masking.csv")
    untouched = masking[(masking["masked_cells"] == 0) & (masking["method"] == "random")]
    assert np.allclose(untouched["accuracy"], correct.mean())
    geometry = pd.read_csv(tables / "geometry.csv")
    assert set(zip(geometry["transform"], geometry["degree"], strict=True)) == {
        ("rotation", -30), ("rotation", 30), ("perspective_vertical", 20),
    }  # fmt: skip


def test_a_second_call_has_nothing_to_do(finished: Workflow) -> None:
    assert finished.planned(TINY) == {}


def test_another_experiment_with_the_same_training_takes_its_network(finished: Workflow) -> None:
    done = finished.run(changed(experiment="again"), "model")
    assert done.returncode == 0, done.stdout[-4000:]
    again = finished.folder / "results/again"
    for name in ("model.safetensors", "model.json", "history.csv"):
        assert (again / "train" / name).read_bytes() == (finished.results / "train" / name).read_bytes()
    assert "the same training is in .cache/models/" in (again / "logs/train.log").read_text()


def test_numbers_in_groups_on_the_command_line(finished: Workflow) -> None:
    done = finished.run(TINY, "--dry-run", "--config", "data={size: 24, balance: null}", "masking={grid: 6}")
    assert done.returncode == 0, done.stdout
    assert "Nothing to be done" in done.stdout


def test_every_job_has_a_log_and_a_benchmark(finished: Workflow) -> None:
    logs = {
        f.relative_to(finished.results / "logs").with_suffix("")
        for f in (finished.results / "logs").rglob("*.log")
    }
    benches = finished.results / "benchmarks"
    timed = {f.relative_to(benches).with_suffix("") for f in benches.rglob("*.tsv")}
    assert len(logs) > 30
    assert logs == timed


def test_report_holds_every_figure(finished: Workflow) -> None:
    done = finished.run(TINY, "--report", "report.html")
    assert done.returncode == 0, done.stdout
    page = (finished.folder / "report.html").read_text()
    for name in FIGURES:
        assert f"figures/{name}.png" in page or f"figures/{name}/page-01.png" in page
    assert "What the experiment tiny found" in page and "summary.html" in page


def test_export_makes_a_folder_for_every_class(finished: Workflow) -> None:
    done = finished.run(TINY, "results/tiny/export/warp/rotation/30")
    assert done.returncode == 0, done.stdout
    pictures = list((finished.results / "export/warp/rotation/30").rglob("*.png"))
    assert len(pictures) == 86
    assert len({picture.parent for picture in pictures}) == 43
