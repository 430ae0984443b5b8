"""Two finished experiments compared: all is made from their files, and only what depends on a change anew."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from signsight.evaluation.statistics import paired_difference
from tiny_workflow import Workflow, as_gtsrb, changed

# the tiny experiment with a network of another seed, and less of everything
RIVAL: dict[str, Any] = changed(
    experiment="rival",
    stages=["geometry", "metrics"],
    model={"seeds": [1]},
    attribution={"methods": ["random", "grad_cam"], "variants": {}},
    geometry={"rotation": [-30, 60], "perspective_vertical": []},
    evaluation={"metrics": ["region_perturbation"]},
)
VERSUS = {"experiment": "versus", "compare": ["results/tiny", "results/rival"]}
NEEDED = ["tables/clean.csv", "tables/geometry.csv", "tables/metrics.csv"]
TABLES = {"networks", "accuracy", "answers", "classes", "geometry", "losses", "maps"}
TABLES |= {"metrics", "rankings", "left_out"}
FIGURES = {"accuracy", "classes", "degrees", "losses", "maps", "metrics", "rankings", "sheet"}


@pytest.fixture(scope="module")
def versus(finished: Workflow, tmp_path_factory: pytest.TempPathFactory) -> Workflow:
    """The comparison of the tiny experiment with its rival, complete, in a copy of the folder."""
    workflow = finished.copy(tmp_path_factory.mktemp("compare") / "run")
    for config, targets in ((RIVAL, [f"results/rival/{name}" for name in NEEDED]), (VERSUS, [])):
        done = workflow.run(config, *targets)
        assert done.returncode == 0, done.stdout[-6000:]
    return workflow


def table(workflow: Workflow, name: str) -> pd.DataFrame:
    return pd.read_csv(workflow.folder / f"results/versus/tables/compared_{name}.csv")


def right(folder: Path) -> np.ndarray:
    """Which test images the network of an experiment recognises."""
    truth = pd.read_csv(folder / "crop/test/index.csv")["class_id"].to_numpy()
    with np.load(folder / "score/clean/test.npz") as scores:
        return scores["predicted"][0] == truth


def test_all_tables_and_figures_are_made(versus: Workflow) -> None:
    made = versus.folder / "results/versus"
    assert {file.stem for file in (made / "tables").glob("compared_*.csv")} == {
        f"compared_{n}" for n in TABLES
    }
    for kind in ("png", "svg"):
        assert {file.stem for file in (made / "figures").glob(f"*.{kind}")} == {
            f"compared_{n}" for n in FIGURES
        }
    for figure in (made / "figures").glob("*.png"):
        with Image.open(figure) as picture:
            assert picture.size[1] <= 1600, figure
    assert not (made / "crop").exists() and not (made / "train").exists()
    logs, benches = ({f.relative_to(made / d).with_suffix("") for f in (made / d).rglob("*.*")}
                     for d in ("logs", "benchmarks"))  # fmt: skip
    assert logs == benches


def test_the_accuracy_is_that_of_the_files(versus: Workflow) -> None:
    one, two = (right(versus.folder / f"results/{name}") for name in ("tiny", "rival"))
    row = table(versus, "accuracy").set_index("network").loc["rival"]
    assert row["accuracy"] == two.mean() and row["n"] == len(two)
    ends = row[["difference", "difference_low", "difference_high"]]
    assert tuple(ends) == pytest.approx(paired_difference(two, one, 0.95))
    cells = table(versus, "answers").iloc[0]
    assert cells["both_right"] == (one & two).sum() and cells["only_first"] == (one & ~two).sum()


def test_only_what_both_have_is_compared(versus: Workflow) -> None:
    assert set(zip(*(table(versus, "geometry")[key] for key in ("kind", "set")), strict=True)) == {
        ("rotation", -30)
    }
    assert set(table(versus, "maps")["method"]) == {"grad_cam"}
    assert set(table(versus, "metrics")["metric"]) == {"region_perturbation"}
    summary = (versus.folder / "results/versus/summary.md").read_text()
    assert "- Methods of tiny alone: few." in summary and "stability" in summary
    assert summary.index("**Accuracy**") < summary.index("## rival compared with tiny")


def test_an_experiment_beside_itself_differs_in_nothing(versus: Workflow) -> None:
    (versus.folder / "twin").symlink_to("results/tiny")
    config = {"experiment": "same", "compare": {"tiny": "results/tiny", "twin": "twin"}}
    targets = [
        f"results/same/tables/compared_{name}.csv" for name in ("accuracy", "maps", "metrics", "rankings")
    ]
    done = versus.run(config, *targets)
    assert done.returncode == 0, done.stdout[-6000:]
    accuracy, maps, metrics, _ = map(pd.read_csv, (versus.folder / target for target in targets))
    assert accuracy["difference"].dropna().tolist() == [0]
    assert np.allclose(maps["value"].dropna(), 1) and len(maps)
    assert (metrics["difference"].dropna() == 0).all() and (metrics["p"].dropna() == 1).all()


def test_what_does_not_change_is_not_made_again(versus: Workflow) -> None:
    assert versus.planned(VERSUS) == {}
    maps = versus.folder / "results/rival/attribute/grad_cam/maps.npy"
    np.save(maps, -np.load(maps))
    again = set(versus.planned(VERSUS))
    assert {"map_similarity", "similarity_table", "compared_maps", "disagreements"} <= again
    assert not again & {"matched_images", "answers_table", "robustness_table", "values_table"}


def test_experiments_beside_published_numbers(versus: Workflow) -> None:
    """Which have angles and untouched images in common with those of GTSRB's study; nothing else is made."""
    as_gtsrb(versus.folder / "results/tiny", versus.folder / "of_gtsrb")
    config = {"experiment": "beside", "against_published": {"tiny": "of_gtsrb", "twin": "of_gtsrb"}}
    done = versus.run(config)
    assert done.returncode == 0, done.stdout[-6000:]
    made = versus.folder / "results/beside"
    rows = pd.read_csv(made / "tables/published_gaps.csv").set_index(["experiment", "part"])
    own = right(versus.folder / "results/tiny").mean()
    assert rows.loc[("tiny", "clean"), "reproduced"] == pytest.approx(own)
    assert (rows.loc["twin", "change"] == 0).all() and rows.loc["twin", "paired"].all()
    assert (made / "figures/published_gaps.png").stat().st_size and not (made / "crop").exists()
    summary = (made / "summary.md").read_text()
    assert summary.index("**Published numbers**") < summary.index("## What explains the difference")


def test_an_experiment_that_was_not_run_is_named(versus: Workflow) -> None:
    done = versus.run(VERSUS | {"compare": ["results/tiny", "results/gone"]}, "--dry-run")
    assert done.returncode != 0
    assert "results/gone does not exist" in done.stdout and "Traceback" not in done.stdout
