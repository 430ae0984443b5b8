"""Other backgrounds: who lends one, what stays, and that nothing of the replaced part is left."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from signsight.core.files import ArrayFile
from signsight.data.imageset import open_image_set
from signsight.perturbation import background
from signsight.perturbation.background import (
    NOBODY,
    Scenes,
    altered,
    background_sets,
    choose_donors,
    donor_table,
    filled_in,
)
from small_models import image_set, pictures

COUNT, SIZE = 6, 16
TRUTH = np.array([0, 0, 1, 1, 2, 2])
ROWS = np.arange(COUNT)
INSIDE = np.zeros((COUNT, SIZE, SIZE), np.uint8)
for place in range(COUNT):  # of a symbol too, and elsewhere in each picture
    INSIDE[place, 3 + place : 9 + place, 4:12] = 1 + place % 2
FILLS = ("zero", "gray", "mean", "blur", "uniform")


def scenes(folder: Path, images: np.ndarray | None = None, truth: np.ndarray = TRUTH) -> Scenes:
    folder.mkdir(exist_ok=True)
    np.save(folder / "regions.npy", INSIDE)
    made = image_set(folder / "in", pictures(COUNT, SIZE) if images is None else images, truth)
    return Scenes(made, ArrayFile(folder / "regions.npy"), choose_donors(made.index, 7), 7)


def test_donors_are_others_of_the_class_and_of_another() -> None:
    index = pd.DataFrame({"image_id": [f"p{i}" for i in range(200)], "class_id": np.arange(200) % 4})
    donors, truth = choose_donors(index, 1), index["class_id"].to_numpy()
    assert (truth[donors["same_class"]] == truth).all() and (donors["same_class"] != np.arange(200)).all()
    assert (truth[donors["other_class"]] != truth).all()
    assert len(set(donors["other_class"].tolist())) > 100
    assert not np.array_equal(donors["other_class"], choose_donors(index, 2)["other_class"])


def test_who_stands_alone_gets_no_background() -> None:
    index = pd.DataFrame({"image_id": ["a", "b", "c"], "class_id": [0, 0, 1]})
    donors = choose_donors(index, 1)
    assert donors["same_class"].tolist() == [1, 0, NOBODY] and donors["other_class"].tolist()[:2] == [2, 2]
    table = donor_table(index, donors)
    assert table["same_class"].tolist() == ["b", "a", ""] and table["same_class_id"].tolist() == [0, 0, -1]
    one = choose_donors(index.assign(class_id=0), 1)
    assert one["other_class"].tolist() == [NOBODY] * 3


@pytest.mark.parametrize(
    ("kept", "behind"),
    [*(("object", fill) for fill in FILLS), *(("background", fill) for fill in (*FILLS, "surroundings"))],
)
def test_what_is_kept_is_kept_and_nothing_of_the_rest_is_left(tmp_path: Path, kept: str, behind: str) -> None:
    images, hidden = pictures(COUNT, SIZE), (INSIDE > 0) == (kept == "background")
    found = altered(scenes(tmp_path, images), ROWS, kept, behind)
    np.testing.assert_array_equal(found[~hidden], images[~hidden])
    other = np.where(hidden[..., None], 255 - images, images)
    np.testing.assert_array_equal(found, altered(scenes(tmp_path, other), ROWS, kept, behind))


def test_a_lent_background_is_that_of_the_donor_without_its_object(tmp_path: Path) -> None:
    images = np.full((COUNT, SIZE, SIZE, 3), 200, np.uint8)  # every object is white
    images[INSIDE == 0] = (40 * np.repeat(ROWS, (INSIDE == 0).sum((1, 2))))[:, None]  # grounds by number
    images[INSIDE > 0] = 255
    made = scenes(tmp_path, images)
    for kind in ("same_class", "other_class"):
        found, donors = altered(made, ROWS, "object", kind), made.donors[kind]
        for row in ROWS:
            assert (found[row][INSIDE[row] > 0] == 255).all()
            assert np.abs(found[row][INSIDE[row] == 0].astype(int) - 40 * donors[row]).max() <= 1


def test_objects_are_grown_where_they_are_replaced(tmp_path: Path) -> None:
    images = pictures(COUNT, SIZE)
    made = replace(scenes(tmp_path, images), margin=2)
    found = (altered(made, ROWS, "background", "zero") == 0).all(3)
    row, (top, left) = 1, (4, 4)
    expected = np.zeros((SIZE, SIZE), bool)
    expected[top - 2 : top + 8, left - 2 : left + 10] = True
    np.testing.assert_array_equal(found[row], expected)
    kept = altered(made, ROWS, "object", "zero")
    np.testing.assert_array_equal(kept[INSIDE > 0], images[INSIDE > 0])
    dark = INSIDE > 0
    dark[row, top - 1, left : left + 8] = True  # what a mask has missed of an object
    clean = np.where(dark[..., None], np.uint8(0), np.full_like(images, 99))
    again = replace(scenes(tmp_path / "b", clean), margin=2)
    lent = altered(again, ROWS, "object", "same_class")
    assert (lent[INSIDE == 0] >= 98).all()


def test_fills_and_the_silhouette(tmp_path: Path) -> None:
    images = pictures(COUNT, SIZE)
    made, outside = scenes(tmp_path, images), INSIDE == 0
    assert (altered(made, ROWS, "object", "zero")[outside] == 0).all()
    assert (altered(made, ROWS, "background", "gray")[~outside] == 128).all()
    own = altered(made, ROWS, "object", "mean")
    for row in ROWS:
        mean = images[row][~outside[row]].mean(0)
        assert np.abs(own[row][outside[row]] - mean).max() <= 0.51
    outline = altered(made, ROWS, "nothing", "silhouette")
    np.testing.assert_array_equal(outline[..., 0], np.where(outside, 0, 255))
    smooth = filled_in(np.full_like(images, 90), ~outside)
    assert np.abs(smooth.astype(int) - 90).max() <= 1


def test_sets_are_written_in_pieces_alike(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = scenes(tmp_path)
    sets = {"a": ("object", "uniform"), "b": ("background", "surroundings"), "c": ("object", "other_class")}
    monkeypatch.setattr(background, "BLOCK_BYTES", 2 * SIZE * SIZE * 3)
    background_sets(made, {name: tmp_path / name for name in sets}, sets)
    for name, pair in sets.items():
        written = open_image_set(tmp_path / name)
        np.testing.assert_array_equal(written.take(ROWS), altered(made, ROWS, *pair))
        assert written.index.equals(made.images.index)
