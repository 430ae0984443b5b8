"""Filters, layer activations, inversions and dreams as files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from signsight.core.errors import UserError
from signsight.core.files import read_csv
from signsight.data.imageset import open_image_set
from signsight.features.activation_set import write_activations
from signsight.features.activations import layer_activation
from signsight.features.dream_set import dreamt, write_dreams
from signsight.features.filters import write_filters
from signsight.features.given import Given, given_pictures, own_sizes
from signsight.features.inversion_set import error_table, write_inversions
from signsight.features.made import Store
from signsight.features.make import Making
from signsight.features.objectives import OfTarget, WholeLayer
from signsight.features.picture_files import read_picture
from signsight.features.recipe import Recipe
from signsight.features.units import scan_units
from small_models import gap, image_set, pictures

QUICK = Recipe("pixels", steps=2, rate=0.05)
GIVEN = Given(pictures(2, 16, seed=4), ["01-a", "02-b"])
OCTAVES = {"octaves": 2, "ratio": 1.4, "jitter": 0.1, "tile": None}


@pytest.fixture
def making() -> Making:
    return Making(gap(), QUICK, 3, 4, frames=1)


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    (tmp_path / "pictures").mkdir()
    return tmp_path, tmp_path / "pictures"


def test_filters_stand_beside_the_pictures_that_activate_them_most(
    making: Making, folders: tuple[Path, Path]
) -> None:
    folder, shown = folders
    images = pictures(9, 16)
    natural = image_set(folder / "natural", images, [0] * 9)
    scans = scan_units(making.model, natural, ["features"], 3, 4, "k")
    write_filters(
        making, {"features": [5, 0]}, scans, natural.images, 2, Store(folder / "m", {}), folder, shown
    )
    index, told = open_image_set(folder).index, read_csv(folder / "examples.csv")
    assert index["channel"].tolist() == [5, 0] and index["file"].tolist() == [
        "features-5.png",
        "features-0.png",
    ]
    scan = scans["features"]
    examples = np.load(folder / "examples.npy")
    for place, unit in enumerate((5, 0)):
        assert np.array_equal(examples[place], images[scan.rows[unit, :2]])
        own = told[told["channel"] == unit]
        assert own["rank"].tolist() == [1, 2] and own["row"].tolist() == scan.rows[unit, :2].tolist()
        np.testing.assert_allclose(own["value"], scan.values[unit, :2], rtol=1e-6)
        assert (own["bottom"] - own["top"] <= 8).all() and (own["top"] >= 0).all()
    made = scan_units(making.model, open_image_set(folder), ["features"], 1, 4, "k")["features"]
    assert (index["reached_max"] <= made.values[[5, 0], 0] + 1e-6).all()
    np.testing.assert_allclose(index["natural_max"], scan.values[[5, 0], 0], rtol=1e-6)


def test_gradients_of_units_are_written_by_both_rules(making: Making, folders: tuple[Path, Path]) -> None:
    folder, shown = folders
    asked = {"features": [2], "relu": 1}
    write_activations(making.model, GIVEN, asked, 4, folder, shown)
    index, gradients = read_csv(folder / "index.csv"), np.load(folder / "gradients.npy")
    assert len(index) == len(gradients) == 8
    assert index.groupby("layer")["rule"].agg(set).tolist() == [{"published", "signed"}] * 2
    for row in index.itertuples():
        expected = layer_activation(
            making.model, GIVEN.images[[row.row]], row.layer, row.channel, row.rule, 4, "k"
        )
        np.testing.assert_allclose(gradients[row.Index], expected[0], atol=1e-6)
        assert (shown / row.file).is_file()
    assert len(list(shown.iterdir())) == 8 * 4


def test_inversions_of_every_picture_and_layer(making: Making, folders: tuple[Path, Path]) -> None:
    folder, shown = folders
    layers = ["features.0", "features"]
    write_inversions(making, GIVEN, layers, Store(folder / "m", {}), folder, shown)
    first = open_image_set(folder)
    assert (
        first.index["depth"].tolist() == [1, 1, 2, 2] and first.index["picture"].tolist() == GIVEN.names * 2
    )
    assert (first.index["error"] <= first.index["start_error"]).all()
    kept = (folder / "images.npy").read_bytes()
    one = Given(GIVEN.images[1:], GIVEN.names[1:])
    write_inversions(making, one, layers, Store(folder / "other", {}), folder, shown)
    alone = np.load(folder / "images.npy")
    (folder / "images.npy").write_bytes(kept)
    assert np.abs(alone.astype(int) - np.load(folder / "images.npy")[[1, 3]]).max() <= 1
    table = error_table(read_csv(folder / "index.csv"), 0.95)
    assert set(table["quantity"]) == {"error", "psnr"} and table["n"].tolist() == [1] * 4


def test_a_network_without_maps_has_no_stages_to_invert(folders: tuple[Path, Path]) -> None:
    from small_models import linear

    making = Making(linear(size=16), QUICK, 0, 4)
    with pytest.raises(UserError, match=r"features\.inversion\.layers"):
        write_inversions(making, GIVEN, "stages", Store(folders[0] / "m", {}), *folders)


def test_dreams_keep_the_size_of_their_pictures(making: Making, folders: tuple[Path, Path]) -> None:
    folder, shown = folders
    sized = [pictures(1, 40)[0], pictures(1, 40, seed=1)[0, :19]]
    targets = [{"layer": "features"}, 2, {"layer": "features", "channel": 1}]
    write_dreams(making, GIVEN, sized, targets, OCTAVES, Store(folder / "m", {}), folder, shown)
    index = read_csv(folder / "index.csv")
    assert index["target"].tolist() == ["all of features", "2", "channel 1 of features"] * 2
    for row in index.itertuples():
        dream, start = read_picture(shown / row.file), read_picture(shown / row.start)
        assert dream.shape == start.shape == (row.height, row.width, 3)
        assert not np.array_equal(dream, start)


def test_what_is_dreamt_is_a_layer_a_unit_or_a_class(making: Making) -> None:
    assert isinstance(dreamt({"layer": "features"}, making.model, "logit")[2], WholeLayer)
    assert isinstance(dreamt("3", making.model, "logit")[2], OfTarget)
    with pytest.raises(UserError, match=r"features\.dream\.targets.*'featurs'"):
        dreamt({"layer": "featurs"}, making.model, "logit")


def test_given_pictures_of_a_test_set_are_of_different_classes(tmp_path: Path) -> None:
    images = pictures(12, 16)
    image_set(tmp_path, images, [3, 3, 3, 0, 0, 0, 7, 7, 7, 9, 9, 9])
    files = {"images": str(tmp_path / "images.npy"), "index": str(tmp_path / "index.csv")}
    found = given_pictures(files, 3)
    assert found.names == ["01-class-0", "02-class-7", "03-class-9"] or len(set(found.names)) == 3
    assert np.array_equal(found.images[0], images[3])
    assert len(given_pictures(files, 99).names) == 4


def test_given_pictures_of_an_album_are_its_first_ones(tmp_path: Path) -> None:
    images = pictures(3, 16)
    np.save(tmp_path / "images.npy", images)
    pd.DataFrame({"file": ["sub dir/a b.png", "c.jpg", "d.png"]}).to_csv(
        tmp_path / "pictures.csv", index=False
    )
    files = {"images": str(tmp_path / "images.npy"), "table": str(tmp_path / "pictures.csv")}
    found = given_pictures(files, 2)
    assert found.names == ["01-a-b", "02-c"] and np.array_equal(found.images, images[:2])


def test_own_sizes_are_kept_up_to_the_longest_side(tmp_path: Path) -> None:
    folder = tmp_path / "own"
    folder.mkdir()
    Image.new("RGB", (60, 20), (255, 0, 0)).save(folder / "a.png")
    Image.new("RGB", (10, 30)).save(folder / "b.png")
    given = Given(pictures(2, 16), ["01-a", "02-b"], ["a.png", "b.png"])
    whole = own_sizes(str(folder), given, None)
    assert [one.shape for one in whole] == [(20, 60, 3), (30, 10, 3)]
    small = own_sizes(str(folder), given, 30)
    assert [one.shape for one in small] == [(10, 30, 3), (30, 10, 3)] and small[0][5, 5].tolist() == [
        255,
        0,
        0,
    ]
