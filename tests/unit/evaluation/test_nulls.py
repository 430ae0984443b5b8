"""Null maps know nothing of their image, and the table says which methods are better than all of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from signsight.core.files import ArrayFile
from signsight.evaluation.null_table import null_table, strongest
from signsight.evaluation.nulls import NULLS, donor_rows, gaussian, width
from signsight.evaluation.run import null_sample, sample_rows, save

ABOUT = {"deletion": {"quantities": {"deletion_auc": {"direction": "lower"}, "area": {"direction": None}}}}


@pytest.fixture
def maps(tmp_path: Path) -> ArrayFile:
    """Twelve maps whose values are their row."""
    np.save(
        tmp_path / "maps.npy", np.broadcast_to(np.arange(12.0)[:, None, None], (12, 4, 6)).astype(np.float32)
    )
    return ArrayFile(tmp_path / "maps.npy")


def test_nobody_gets_its_own_map_and_none_is_lent_twice() -> None:
    groups = np.array([0, 1, 0, 2, 1, 0, -1, -1])
    donors = donor_rows(groups, 3)
    lent = donors[donors >= 0]
    assert (donors != np.arange(8)).all() and len(set(lent)) == len(lent)
    assert donors[3] == -1 and (donors[6:] == -1).all()  # alone in its class; of unknown class
    assert (groups[lent] == groups[donors >= 0]).all()
    assert (donor_rows(groups, 3) == donors).all() and (donor_rows(np.zeros(50, int), 4) >= 0).all()


def test_null_maps_are_those_of_other_images(maps: ArrayFile) -> None:
    classes = np.array([0, 1] * 5 + [2, -1])
    rows, make = NULLS["same_class"].make(maps, classes, 0)
    assert rows.tolist() == list(range(10))
    whose = make(rows)[:, 0, 0].astype(int)
    assert (whose != rows).all() and (classes[whose] == classes[rows]).all()
    rows, make = NULLS["any_class"].make(maps, classes, 0)
    assert rows.tolist() == list(range(12)) and (make(rows)[:, 0, 0] != rows).all()
    assert (make(np.array([5]))[0] == make(np.arange(12))[5]).all()  # whatever else is asked for


@pytest.mark.parametrize("sd", [0.08, 0.2])
def test_the_width_of_a_gaussian_is_found_again(sd: float) -> None:
    bumps = np.stack([gaussian((96, 96), sd), -3 * gaussian((96, 96), sd)])
    # a Gaussian that the sides of the image cut off is narrower
    cut = (np.arange(96) + 0.5) / 96 - 0.5
    weight = np.exp(-0.5 * (cut / sd) ** 2)
    assert width(bumps) == pytest.approx(np.sqrt((weight * cut**2).sum() / weight.sum()), rel=1e-6)
    assert width(np.zeros((3, 5, 5))) == 0.25
    assert width(np.ones((1, 400, 400))) == pytest.approx(1 / np.sqrt(12), rel=1e-4)


def test_the_centre_prior_is_fitted_on_the_other_half(tmp_path: Path) -> None:
    """Maps of two widths: an image's prior has the width of maps that are not its own."""
    narrow, wide = gaussian((32, 32), 0.05), gaussian((32, 32), 0.15)
    np.save(tmp_path / "maps.npy", np.stack([narrow, wide]))
    rows, make = NULLS["centre_prior"].make(ArrayFile(tmp_path / "maps.npy"), np.zeros(2, int), 0)
    found = make(rows)
    assert np.abs(found[0] - wide).max() < 0.02 and np.abs(found[1] - narrow).max() < 0.02


def test_the_sample_of_nulls_is_part_of_the_sample() -> None:
    sample = sample_rows(100, 40, 7)
    few, more = null_sample(sample, 10, 7), null_sample(sample, 25, 7)
    assert set(few) < set(more) < set(sample) and len(few) == 10
    assert null_sample(sample, 0, 7) is None and (null_sample(sample, 1000, 7) == sample).all()


def results(folder: Path, **values: dict[str, np.ndarray]) -> dict[str, dict[str, Path]]:
    """Files of deletion: method -> `value` and nulls by kind, (n,) each."""
    files = {}
    for method, own in values.items():
        n = len(own["value"])
        arrays = {"value_deletion_auc": own.pop("value"), "value_area": np.zeros(n)}
        arrays |= {f"null_{kind}_deletion_auc": one for kind, one in own.items()}
        files[method] = folder / f"{method}.npz"
        save(files[method], arrays | {"rows": np.arange(n), "ids": np.arange(n).astype(str), "x": np.empty(0),
                                      "labels": np.empty(0, str)})  # fmt: skip
    return {"deletion": files}


def test_better_than_all_nulls_than_some_and_worse(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    base, noise = rng.random(80), lambda: rng.normal(0, 0.01, 80)
    measured = np.where(np.arange(80) < 60, 0.0, np.nan)  # nulls of 60 images alone
    table = null_table(
        results(
            tmp_path,
            random={"value": base + 0.5},
            good={"value": base, "any_class": base + 0.1 + noise() + measured,
                  "same_class": base + 0.05 + noise() + measured},
            half={"value": base, "any_class": base + 0.1 + noise() + measured,
                  "same_class": base + noise() + measured},
            bad={"value": base + 0.2, "any_class": base + 0.1 + noise() + measured,
                 "same_class": base + 0.3 + noise() + measured},
        ),
        ABOUT, {"random"}, 0.95, 0,
    )  # fmt: skip
    assert set(table["quantity"]) == {"deletion_auc"} and (table["n"] == 60).all()
    best = strongest(table).set_index("method")
    assert best["null"].to_dict() == {"good": "same_class", "half": "same_class", "bad": "any_class"}
    assert best["outcome"].to_dict() == {"good": "better", "half": "open", "bad": "worse"}
    # deletion is better where it is lower: the gap is positive where the method is better
    good = table[table["method"] == "good"].set_index("null")
    assert good["gap"]["same_class"] == pytest.approx(0.05, abs=0.005)
    assert good["gap"]["random"] == pytest.approx(0.5, abs=1e-9)
    assert ((table["low"] <= table["gap"]) & (table["gap"] <= table["high"])).all()
    # the claim against all nulls has the largest p of them, corrected for three methods
    assert best["p_holm"]["half"] >= table[table["method"] == "half"]["p"].max()


def test_a_null_of_a_few_images_is_listed_and_counts_for_nothing(tmp_path: Path) -> None:
    """With a class for nearly every image, hardly any has maps of others of its class."""
    base, noise = np.random.default_rng(0).random(40), np.random.default_rng(1).normal(0, 0.01, 40)

    def table_of(images: int, few: int) -> pd.DataFrame:
        seen = np.where(np.arange(images) < few, 0.0, np.nan)
        given = {"value": base[:images], "any_class": (base + 0.1 + noise)[:images]}
        given |= {"same_class": base[:images] - 0.2 + seen}  # far better, on those few
        return null_table(results(tmp_path, one=given), ABOUT, set(), 0.95, 0).set_index("null")

    table = table_of(40, 9)
    assert table["n"].to_dict() == {"any_class": 40, "same_class": 9}
    assert table["strongest"].to_dict() == {"any_class": "yes", "same_class": ""}
    assert table["outcome"]["any_class"] == "better"
    assert table_of(40, 10)["outcome"]["same_class"] == "worse"
    # where no null has more, all count
    assert table_of(8, 8)["strongest"]["same_class"] == "yes"


def test_a_method_without_null_maps_is_left_out(tmp_path: Path) -> None:
    table = null_table(
        results(tmp_path, random={"value": np.ones(9)}, one={"value": np.ones(9)}), ABOUT, {"random"}, 0.95, 0
    )
    assert table.empty and list(table.columns)[:4] == ["metric", "quantity", "method", "null"]


def test_methods_whose_nulls_hold_by_chance_are_rarely_called_better(tmp_path: Path) -> None:
    """Under the null hypothesis at most some 5 % of tables name any method."""
    wrong = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        methods = {
            f"m{k}": {name: rng.random(30) for name in ("value", "centre_prior", "any_class", "same_class")}
            for k in range(3)
        }
        table = null_table(results(tmp_path, **methods), ABOUT, set(), 0.95, seed)
        wrong += (strongest(table)["outcome"] != "open").any()
    assert wrong <= 8  # 60 x 5 % = 3 expected; more than 8 has a probability of 0.3 %


def test_ties_to_rounding_are_open(tmp_path: Path) -> None:
    same = np.linspace(0, 1, 40)
    given = {"value": same, "any_class": same + 1e-9}
    table = null_table(results(tmp_path, one=given), ABOUT, set(), 0.95, 0)
    assert table["outcome"].tolist() == ["open"] and table["p"].tolist() == [1.0]
    assert isinstance(table, pd.DataFrame)
