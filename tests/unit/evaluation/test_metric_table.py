"""Tables of metrics: means, intervals, chance levels, areas so far, and paired differences."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import scipy.stats

from signsight.core.errors import UserError
from signsight.core.files import read_csv, write_csv
from signsight.core.registry import metrics
from signsight.evaluation import metric_table as tables
from signsight.evaluation.metric_table import curve_table, metric_table, read_result
from signsight.evaluation.ranking import pair_table
from signsight.evaluation.statistics import wilson

N, STEPS = 120, 5


def quantity(direction: str | None = "higher", chance: object = "random") -> dict[str, object]:
    return {"direction": direction, "low": 0, "high": 1, "chance": chance, "label": "L", "means": "m"}


ABOUT = {
    "deletion": {"quantities": {"deletion_auc": quantity()}, "curves": {"deletion": {"label": "Score"}}},
    "region_perturbation": {
        "quantities": {"aopc": quantity(), "abpc": quantity(chance=0)},
        "curves": metrics.about("region_perturbation")["curves"],
    },
    "localisation": {
        "quantities": {
            "pointing_game_symbol": quantity(chance="area"),
            "mass_symbol": quantity(chance="area"),
            "area_symbol": quantity(None, None),
        }
    },
}


def write(path: Path, values: dict[str, np.ndarray], curves: dict[str, np.ndarray] | None = None) -> Path:
    """A result as the metric jobs write it."""
    curves = curves or {}
    count = next((c.shape[1] for c in curves.values()), 0)
    n = len(next(iter(values.values())))
    np.savez(
        path,
        rows=np.arange(n),
        ids=np.array([f"{i:05d}" for i in range(n)]),
        x=np.arange(count, dtype=np.float64),
        labels=np.array([], dtype="U1"),
        **{f"value_{k}": v for k, v in values.items()},
        **{f"curve_{k}": v for k, v in curves.items()},
    )
    return path


@pytest.fixture
def perturbation(tmp_path: Path) -> dict[str, dict[str, Path]]:
    """Falls of the score for two methods; the first step is the untouched image."""
    files = {}
    for place, method in enumerate(("random", "saliency")):
        rng = np.random.default_rng(place)
        morf, lerf = (
            np.cumsum(rng.random((N, STEPS + 1)) * scale, axis=1).astype(np.float32)
            for scale in (0.1 + 0.1 * place, 0.1)
        )
        morf[:, 0] = lerf[:, 0] = 0
        values = {"aopc": morf.mean(1, np.float64), "abpc": (morf.astype(float) - lerf).mean(1)}
        files[method] = write(tmp_path / f"{method}.npz", values, {"morf": morf, "lerf": lerf})
    return {"region_perturbation": files}


@pytest.fixture
def localisation(tmp_path: Path) -> dict[str, dict[str, Path]]:
    files = {}
    area = np.random.default_rng(9).random(N)
    for place, method in enumerate(("saliency", "random")):
        rng = np.random.default_rng(place)
        mass = rng.random(N)
        mass[:20] = np.nan
        values = {
            "pointing_game_symbol": (rng.random(N) < 0.8).astype(float),
            "mass_symbol": mass,
            "area_symbol": area,
        }
        files[method] = write(tmp_path / f"l_{method}.npz", values)
    return {"localisation": files}


def test_numbers_are_means_with_intervals(
    perturbation: dict[str, dict[str, Path]], localisation: dict[str, dict[str, Path]]
) -> None:
    table = metric_table(perturbation | localisation, ABOUT, 0.95, seed=0)
    assert table.columns.tolist() == tables.METRIC_COLUMNS
    rows = table.set_index(["quantity", "method"])
    for metric, files in (perturbation | localisation).items():
        for method, path in files.items():
            for name, values in read_result(path).values.items():
                row = rows.loc[name, method]
                assert row["metric"] == metric and row["n"] + row["left_out"] == N
                assert row["value"] == pytest.approx(np.nanmean(values))
                assert row["low"] < row["value"] < row["high"]
    assert rows.loc[("mass_symbol", "saliency"), "left_out"] == 20
    values = read_result(perturbation["region_perturbation"]["saliency"]).values["aopc"]
    expected = scipy.stats.norm.interval(0.95, values.mean(), scipy.stats.sem(values))
    row = rows.loc["aopc", "saliency"]
    width = expected[1] - expected[0]
    assert (row["low"], row["high"]) == pytest.approx(expected, abs=0.08 * width)


def test_shares_of_yes_and_no_have_wilsons_interval(localisation: dict[str, dict[str, Path]]) -> None:
    table = metric_table(localisation, ABOUT, 0.9, seed=0).set_index(["quantity", "method"])
    for method, path in localisation["localisation"].items():
        hits = int(read_result(path).values["pointing_game_symbol"].sum())
        row = table.loc["pointing_game_symbol", method]
        assert (row["low"], row["high"]) == pytest.approx(wilson(hits, N, 0.9))


def test_chance_levels_are_numbers(
    perturbation: dict[str, dict[str, Path]], localisation: dict[str, dict[str, Path]]
) -> None:
    table = metric_table(perturbation | localisation, ABOUT, 0.95, seed=0)
    rows = table.set_index(["quantity", "method"])
    assert rows.loc[("aopc", "saliency"), "chance"] == rows.loc[("aopc", "random"), "value"]
    assert rows.loc[("abpc", "saliency"), "chance"] == 0
    area = read_result(localisation["localisation"]["random"]).values["area_symbol"].mean()
    for name in ("pointing_game_symbol", "mass_symbol"):
        assert rows.loc[(name, "saliency"), "chance"] == pytest.approx(area)
    assert np.isnan(rows.loc[("area_symbol", "saliency"), "chance"])
    assert rows.loc[("area_symbol", "saliency"), "direction"] == ""
    del perturbation["region_perturbation"]["random"]
    alone = metric_table(perturbation, ABOUT, 0.95, seed=0).set_index("quantity")
    assert np.isnan(alone.loc["aopc", "chance"])


def test_areas_so_far_end_in_the_quantity(perturbation: dict[str, dict[str, Path]]) -> None:
    curves = curve_table(perturbation, ABOUT, 0.95)
    assert curves.columns.tolist() == tables.CURVE_COLUMNS
    numbers = metric_table(perturbation, ABOUT, 0.95, seed=0).set_index(["quantity", "method"])
    for name in ("aopc", "abpc"):
        for method in ("random", "saliency"):
            own = curves[(curves["curve"] == name) & (curves["method"] == method)]
            assert own["point"].tolist() == own["x"].tolist() == list(range(STEPS + 1))
            assert own["value"].iloc[-1] == pytest.approx(numbers.loc[(name, method), "value"], abs=1e-6)
    morf = read_result(perturbation["region_perturbation"]["saliency"]).curves["morf"]
    own = curves[(curves["curve"] == "aopc") & (curves["method"] == "saliency")]
    np.testing.assert_allclose(own["value"].iloc[2], morf[:, :3].sum(axis=1).mean() / 3, rtol=1e-6)


def test_the_difference_from_random_is_paired(perturbation: dict[str, dict[str, Path]]) -> None:
    curves = curve_table(perturbation, ABOUT, 0.95)
    read = {m: read_result(p).curves["morf"] for m, p in perturbation["region_perturbation"].items()}
    gaps = read["saliency"][:, 3].astype(float) - read["random"][:, 3]
    row = curves[(curves["curve"] == "morf") & (curves["method"] == "saliency")].iloc[3]
    expected = scipy.stats.norm.interval(0.95, gaps.mean(), scipy.stats.sem(gaps))
    assert row["relative"] == pytest.approx(gaps.mean())
    assert (row["relative_low"], row["relative_high"]) == pytest.approx(expected)
    own = curves[curves["method"] == "random"]
    assert (own[["relative", "relative_low", "relative_high"]] == 0).all(axis=None)
    del perturbation["region_perturbation"]["random"]
    assert curve_table(perturbation, ABOUT, 0.95)["relative"].isna().all()


def test_images_without_a_curve_are_left_out_and_long_curves_thinned(tmp_path: Path) -> None:
    curve = np.random.default_rng(0).random((30, 1001)).astype(np.float32)
    curve[:4] = np.nan
    path = write(tmp_path / "a.npz", {"deletion_auc": curve.mean(1)}, {"deletion": curve})
    empty = write(
        tmp_path / "b.npz", {"deletion_auc": curve.mean(1)}, {"deletion": np.full_like(curve, np.nan)}
    )
    table = curve_table({"deletion": {"saliency": path, "grad_cam": empty}}, ABOUT, 0.95)
    own = table[table["method"] == "saliency"]
    assert len(own) == tables.MAX_POINTS and (own["n"] == 26).all()
    assert own["x"].iloc[[0, -1]].tolist() == [0, 1000]
    np.testing.assert_allclose(own["value"], curve[4:, own["point"]].mean(0), rtol=1e-5)
    nothing = table[table["method"] == "grad_cam"]
    assert (nothing["n"] == 0).all() and nothing["value"].isna().all()


def test_other_images_and_broken_files_are_refused(
    perturbation: dict[str, dict[str, Path]], tmp_path: Path
) -> None:
    files = perturbation["region_perturbation"]
    files["lime"] = write(tmp_path / "lime.npz", {"aopc": np.zeros(5), "abpc": np.zeros(5)})
    for table in (
        lambda: metric_table(perturbation, ABOUT, 0.95, 0),
        lambda: curve_table(perturbation, ABOUT, 0.95),
    ):
        with pytest.raises(UserError, match=r"'lime'.*'random'|'random'.*'lime'"):
            table()
    (tmp_path / "cut.npz").write_bytes(files["random"].read_bytes()[:200])
    with pytest.raises(UserError, match=r"cut\.npz"):
        read_result(tmp_path / "cut.npz")


def test_tables_come_back_as_they_were_written(
    perturbation: dict[str, dict[str, Path]], localisation: dict[str, dict[str, Path]], tmp_path: Path
) -> None:
    for table in (
        metric_table(perturbation | localisation, ABOUT, 0.95, 0),
        curve_table(perturbation, ABOUT, 0.95),
    ):
        write_csv(tmp_path / "table.csv", table)
        pd.testing.assert_frame_equal(read_csv(tmp_path / "table.csv"), table, check_dtype=False)


def test_nothing_measured_gives_empty_tables() -> None:
    assert metric_table({}, {}, 0.95, 0).columns.tolist() == tables.METRIC_COLUMNS
    assert curve_table({}, ABOUT, 0.95).columns.tolist() == tables.CURVE_COLUMNS


def test_a_quantity_that_was_not_asked_for_is_left_out(tmp_path: Path) -> None:
    """As ABPC where region perturbation runs one order only; where nothing else is left, it stays."""
    known, none = np.linspace(0, 1, N), np.full(N, np.nan)
    for values, kept in (({"aopc": known, "abpc": none}, {"aopc"}), ({"aopc": none, "abpc": none}, None)):
        files = {m: write(tmp_path / f"{m}.npz", values) for m in ("random", "saliency")}
        results = {"region_perturbation": files}
        assert set(metric_table(results, ABOUT, 0.95, 0)["quantity"]) == (kept or {"aopc", "abpc"})
        assert set(pair_table(results, ABOUT, 0.95, 0)["quantity"]) == (kept or {"aopc", "abpc"})
