"""Experiments beside published numbers: constructed answers whose differences are known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from signsight.evaluation.compared.beside import read_beside
from signsight.evaluation.compared.gaps import Beside, change, gap, gap_table
from signsight.evaluation.statistics import mean_interval, paired_difference, wilson

CLEAN, TURNED = ("clean", "", "", ""), ("rotation", "", "", "31-60")


def beside(answers: Any, published: Any, first: int = 0) -> Beside:
    columns = np.asarray(answers, float)
    columns = columns[:, None] if columns.ndim == 1 else columns
    ids = np.array([f"{i:04}" for i in range(first, first + len(columns))])
    return Beside(ids, np.zeros(len(ids), np.int64), columns, np.atleast_1d(np.asarray(published, float)))


def test_of_one_number_the_interval_is_wilsons_less_the_published_one() -> None:
    own = beside([1] * 80 + [0] * 20, 0.95)
    low, high = wilson(80, 100, 0.95)
    assert gap(own, 0.95) == pytest.approx((-0.15, low - 0.95, high - 0.95))


def test_of_several_numbers_an_image_counts_once() -> None:
    """Ten copies of a cell say nothing new: the interval is that of one, up to Wilson's shrinkage."""
    one = np.arange(400) % 4 != 0
    ten = beside(np.repeat(one[:, None], 10, axis=1), [0.5] * 10)
    value, low, high = gap(ten, 0.95)
    assert value == pytest.approx(0.25)
    assert (low, high) == pytest.approx(gap(beside(one, 0.5), 0.95)[1:], abs=3e-3)


def test_an_interval_has_a_width_where_all_images_agree() -> None:
    value, low, high = gap(beside(np.ones((43, 3)), [0.9, 0.95, 0.85]), 0.95)
    assert value == pytest.approx(0.1) and high == pytest.approx(0.1) and low < 0.03


def test_the_mean_absolute_difference_is_of_the_cells() -> None:
    """Differences of +0.5 and -0.5 have the mean 0."""
    own = beside([[1, 0], [1, 0]], [0.5, 0.5])
    row = gap_table({"a": {TURNED: own}}, 0.95).iloc[0]
    assert row["difference"] == 0 and row["mean_absolute"] == 0.5
    assert (row["cells"], row["images"], row["published"], row["reproduced"]) == (2, 2, 0.5, 0.5)
    assert np.isnan(row["change"]) and not row["paired"]


def test_a_change_over_the_same_images_is_paired() -> None:
    rng = np.random.default_rng(0)
    before = rng.random((500, 4)) < 0.4
    after = before | (rng.random((500, 4)) < 0.3)
    one, two = beside(before, [0.9] * 4), beside(after, [0.9] * 4)
    (value, low, high), paired = change(two, one, 0.95)
    assert paired and value == pytest.approx(after.mean() - before.mean())
    expected = mean_interval(after.mean(1) - before.mean(1), 0.95)
    assert (value, low, high) == pytest.approx([float(part) for part in expected])
    single, reference = beside(after[:, 0], 0.9), beside(before[:, 0], 0.9)
    expected = paired_difference(after[:, 0], before[:, 0], 0.95)
    assert change(single, reference, 0.95)[0] == pytest.approx(expected)
    assert value == pytest.approx(gap(two, 0.95)[0] - gap(one, 0.95)[0])


def test_a_change_is_of_the_differences_where_the_published_numbers_are_not_the_same() -> None:
    """Cropped pictures have another published accuracy than uncropped ones."""
    one, two = beside([1] * 90 + [0] * 10, 0.97), beside([1] * 80 + [0] * 20, 0.90)
    assert gap(one, 0.95)[0] == pytest.approx(-0.07) and gap(two, 0.95)[0] == pytest.approx(-0.10)
    assert change(two, one, 0.95)[0][0] == pytest.approx(-0.03)


def test_other_images_are_independent_estimates() -> None:
    """Their interval is wider than either one's, and holds what both are drawn from."""
    one, two = beside([1] * 300 + [0] * 100, 0.9), beside([1] * 200 + [0] * 200, 0.9, first=400)
    (value, low, high), paired = change(two, one, 0.95)
    assert not paired and value == pytest.approx(-0.25)
    half = 1.96 * np.sqrt(0.75 * 0.25 / 400 + 0.5 * 0.5 / 400)
    assert (low, high) == pytest.approx((-0.25 - half, -0.25 + half), abs=3e-3)
    relabelled = Beside(one.ids, one.class_ids + 1, one.answers, one.published)
    assert not change(relabelled, one, 0.95)[1]


def test_a_variant_that_changes_nothing_moves_nothing() -> None:
    one = beside(np.random.default_rng(1).random((200, 3)) < 0.5, [0.9] * 3)
    table = gap_table({"a": {CLEAN: beside([1] * 9 + [0], 1), TURNED: one}, "b": {TURNED: one}}, 0.95)
    row = table[table["experiment"] == "b"].iloc[0]
    assert row["change"] == 0 and row["change_low"] < 0 < row["change_high"] and row["paired"]
    assert set(table["experiment"]) == {"a", "b"} and len(table) == 3


PUBLISHED = {
    "clean": pd.DataFrame({"images": ["cropped", "uncropped"], "accuracy": [0.9, 0.8]}),
    "rotation": pd.DataFrame({"degree": [-61, -45, -30, 0, 30, 45, 90], "accuracy": [0.2] * 7}),
    "masking": pd.DataFrame(
        {
            "method": ["saliency"] * 3 + ["grad_cam"], "subset": ["all", "all", "common", "all"],
            "masked_cells": [0, 1, 1, 1], "accuracy": [0.9, 0.5, 0.4, 0.6],
        }
    ),
    "maps": pd.DataFrame({"method": ["grad_cam"], "with_map": [8], "images": [10]}),
    "stickers": pd.DataFrame(
        {"sticker": ["tall"] * 3, "sign_size": ["none", "large", "small"], "accuracy": [1.0, 0.9, 0.8]}
    ),
}  # fmt: skip


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Any]:
    """Four test images in no order, of classes 0 to 3; the network is right about a, b and c."""
    head = "image_id,class_id,track,source\n"
    (tmp_path / "test.csv").write_text(head + "d,3,d,d\na,0,a,a\nc,2,c,c\nb,1,b,b\n")
    (tmp_path / "stock.csv").write_text(head + "0,0,0,0\n1,1,1,1\n")

    def scores(name: str, **sets: list[int]) -> str:
        path = tmp_path / f"{name}.npz"
        np.savez(path, sets=list(sets), predicted=np.array(list(sets.values()), np.int16))
        return str(path)

    def masked(name: str, curve: list[list[float]]) -> str:
        path = tmp_path / f"{name}.npz"
        np.savez(path, ids=list("dacb"), curve_masked_accuracy=np.array(curve, np.float32), x=[0.0, 1.0, 2.0])
        return str(path)

    nan = [np.nan] * 3
    return {
        "index": str(tmp_path / "test.csv"),
        "clean": scores("clean", test=[0, 0, 2, 1]),
        "crop": "cropped",
        "rotation": [
            scores("few", **{"-45": [3, 0, 0, 0], "0": [3, 0, 2, 1]}),
            scores("more", **{"45": [0, 0, 2, 1], "7": [0, 0, 0, 0]}),
        ],
        "perspective_vertical": [],
        "masking": {
            "saliency": masked("saliency", [[1, 1, 0], [1, 0, 0], [1, 1, 1], [0, 0, 0]]),
            "grad_cam": masked("grad_cam", [[1, 0, 0], nan, [1, 1, 1], [1, 0, 0]]),
            # which is not published, so that images without a map by it are no less common
            "rise": masked("rise", [nan, nan, nan, nan]),
        },
        "stickers": scores("stickers", none=[0, 1], tall_large=[0, 0], tall_small=[0, 1], wide_large=[0, 0]),
        "stock": str(tmp_path / "stock.csv"),
    }


def test_quantities_are_those_that_both_have(files: dict[str, Any]) -> None:
    found = read_beside(files, PUBLISHED)
    shares = {quantity: (own.answers.mean(), own.published.tolist()) for quantity, own in found.items()}
    assert shares == {
        ("clean", "", "", ""): (0.75, [0.9]),
        ("rotation", "", "", "0-30"): (1, [0.2]),  # 7 degrees is not published, -30 and 30 not measured
        ("rotation", "", "", "31-60"): ((2 + 3) / 8, [0.2, 0.2]),
        ("maps", "grad_cam", "", ""): (0.75, [0.8]),
        ("masking", "saliency", "all", "1"): (0.5, [0.5]),
        ("masking", "saliency", "all", "mean"): (0.5, [0.5]),  # two masked cells are not published
        ("masking", "saliency", "common", "1"): (pytest.approx(2 / 3), [0.4]),  # but image a
        ("masking", "saliency", "common", "mean"): (pytest.approx(2 / 3), [0.4]),
        ("masking", "grad_cam", "all", "1"): (pytest.approx(1 / 3), [0.6]),
        ("masking", "grad_cam", "all", "mean"): (pytest.approx(1 / 3), [0.6]),
        ("stickers", "", "", "tall"): (0.75, [0.9, 0.8]),
    }
    assert found["clean", "", "", ""].ids.tolist() == ["a", "b", "c", "d"]
    assert found["clean", "", "", ""].answers[:, 0].tolist() == [1, 1, 1, 0]
    assert found["masking", "saliency", "common", "1"].ids.tolist() == ["b", "c", "d"]


def test_what_is_not_published_or_has_no_image_is_left_out(files: dict[str, Any]) -> None:
    uncropped = read_beside(files | {"crop": "uncropped"}, {"clean": PUBLISHED["clean"]})
    assert {quantity: own.published.tolist() for quantity, own in uncropped.items()} == {CLEAN: [0.8]}
    none = {"index": files["index"], "clean": files["clean"], "crop": "cropped"}
    assert set(read_beside(none, PUBLISHED)) == {CLEAN}
    files["masking"]["grad_cam"] = files["masking"]["rise"]  # no image has a map by both
    assert ("masking", "saliency", "common", "1") not in read_beside(files, PUBLISHED)
