"""Pictures in a larger field: places by seed and id alone, truth that follows, and no field, no change."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from signsight.core.errors import UserError
from signsight.data.crop import Cut, crop
from signsight.data.dataset import ROI, Part
from signsight.data.field import Field, Place, in_field, place_of, places
from signsight.data.imageset import open_image_set, read_index
from signsight.data.masks import Masks, mask_regions
from signsight.data.pictures import FolderPictures
from signsight.data.regions import roi_regions

SIZE = 48
FIELD = Field((1.2, 2.5), "border", 7)
BLOCK = (
    8,
    4,
    19,
    15,
)  # x1, y1, x2, y2 of a white block in a black picture of 32 x 24, the last ones inclusive


def made(folder: Path, field: Field | None, count: int = 40, **cut: bool) -> Path:
    """An image set of pictures with a white block each, in their ROI and in their mask."""
    folder.mkdir(exist_ok=True)
    pixels = np.zeros((24, 32), np.uint8)
    pixels[BLOCK[1] : BLOCK[3] + 1, BLOCK[0] : BLOCK[2] + 1] = 255
    names = [f"{n:02d}" for n in range(count)]
    for name in names:
        Image.fromarray(np.repeat(pixels[..., None], 3, axis=2)).save(folder / f"{name}.png")
        Image.fromarray(pixels // 255).save(folder / f"{name}-mask.png")
    told = {"image_id": names, "class_id": 0, "track": names, "width": 32, "height": 24}
    files = {"source": [f"{n}.png" for n in names], "mask": [f"{n}-mask.png" for n in names]}
    records = pd.DataFrame(told | files | dict(zip(ROI, BLOCK, strict=True)))
    pictures = FolderPictures(folder)
    crop(Part(records, pictures, pictures), folder / "set", Cut(SIZE, field=field, **cut), workers=2)
    return folder / "set"


def images(folder: Path) -> np.ndarray:
    return np.load(folder / "images.npy")


@pytest.mark.parametrize("background", ["border", "mean", "noise"])
def test_truth_follows_the_picture(background: str, tmp_path: Path) -> None:
    """ROI, the data set's masks and the user's masks: all three are where the white block is."""
    folder = made(tmp_path, Field((1.2, 2.5), background, 7), to_roi=False)
    index = read_index(folder / "index.csv")
    masks = np.load(folder / "masks.npy")
    regions = roi_regions(index, SIZE, cropped=False)
    (tmp_path / "own").mkdir()
    for name in index["image_id"]:
        mask = np.asarray(Image.open(tmp_path / f"{name}-mask.png")) * np.uint8(255)
        Image.fromarray(mask).save(tmp_path / "own" / f"{name}.png")
    own = np.concatenate(list(mask_regions(index, SIZE, Masks(tmp_path / "own", 16, "stretch"))))
    np.testing.assert_array_equal(own, masks)
    for picture, mask, region, place in zip(images(folder), masks, regions, places(index, SIZE), strict=True):
        white = np.zeros((SIZE, SIZE), bool)
        white[place.inside] = (picture.mean(axis=2) > 127)[place.inside]
        assert np.logical_xor(white, mask > 0).mean() < 0.02
        assert np.logical_xor(white, region > 0).mean() < 0.04  # whole pixels of the border
        assert abs(mask.sum() - place.side**2 * 12 * 12 / (32 * 24)) < 2.5 * place.side


def test_what_was_cut_to_its_roi_is_the_object(tmp_path: Path) -> None:
    folder = made(tmp_path, FIELD)
    index = read_index(folder / "index.csv")
    regions = roi_regions(index, SIZE, cropped=True)
    for region, place in zip(regions, places(index, SIZE), strict=True):
        assert region.sum() == place.side**2 and region[place.inside].all()
    alone = made(tmp_path / "alone", None, count=2)
    with pytest.raises(UserError, match=r"data\.crop_to_roi"):
        roi_regions(read_index(alone / "index.csv"), SIZE, cropped=True)


def test_the_picture_itself_is_whole_wherever_it_lies(tmp_path: Path) -> None:
    """Inside its place a picture is what it is without a field at that size."""
    folder = made(tmp_path, FIELD, to_roi=False)
    own = Image.open(tmp_path / "00.png")
    for picture, place in zip(images(folder), places(read_index(folder / "index.csv"), SIZE), strict=True):
        alone = own.resize((place.side, place.side), Image.Resampling.LANCZOS)
        np.testing.assert_array_equal(picture[place.inside], np.asarray(alone))


def test_places_are_anywhere_and_sizes_as_asked() -> None:
    found = np.array([place_of(str(n), 100, FIELD) for n in range(2000)])
    left, top, side = found.T
    scale = 100 / side
    assert 1.19 < scale.min() < 1.25 and 2.4 < scale.max() < 2.53
    for start in (left, top):
        share = start / (100 - side)  # of the room that there is
        assert start.min() == 0 and (start + side).max() == 100
        assert np.allclose(np.histogram(share, 4, (0, 1))[0] / 2000, 0.25, atol=0.05)
    assert abs(np.corrcoef(left / (100 - side), top / (100 - side))[0, 1]) < 0.1


def test_a_place_depends_on_seed_and_id_alone(tmp_path: Path) -> None:
    whole, few = (made(tmp_path / str(count), FIELD, count) for count in (40, 7))
    np.testing.assert_array_equal(images(whole)[:7], images(few))
    assert place_of("3", SIZE, FIELD) == place_of("3", SIZE, Field((1.2, 2.5), "noise", 7))
    others = [place_of("3", SIZE, Field((1.2, 2.5), "border", seed)) for seed in range(5)]
    assert len(set(others)) > 1 and place_of("4", SIZE, FIELD) != place_of("3", SIZE, FIELD)


def test_without_a_field_nothing_changes(tmp_path: Path) -> None:
    """The set has no place, and a field of the picture's own size is the same pixels."""
    alone, same = made(tmp_path / "a", None), made(tmp_path / "b", Field((1, 1), "noise", 0))
    assert not {"field_x", "field_side"} & set(read_index(alone / "index.csv"))
    for name in ("images.npy", "masks.npy"):
        assert (alone / name).read_bytes() == (same / name).read_bytes()
    assert places(open_image_set(same).index, SIZE) == [Place(0, 0, SIZE)] * 40


def test_backgrounds_are_what_they_are_called() -> None:
    rng = np.random.default_rng(0)
    picture = rng.integers(100, 150, (10, 10, 3), np.uint8)
    place = Place(5, 20, 10)
    around = np.ones((40, 40), bool)
    around[place.inside] = False
    found = {
        kind: in_field(picture, place, 40, Field((1, 4), kind, 0), "a")[around].astype(float)
        for kind in ("border", "mean", "noise")
    }
    np.testing.assert_array_equal(found["mean"], np.round(picture.mean((0, 1))) * np.ones((1500, 1)))
    assert found["border"].min() >= 100 and found["border"].max() < 150  # colours of the picture's edge
    assert found["border"].std() < picture.std()
    assert found["noise"].min() < 5 and found["noise"].max() > 250 and abs(found["noise"].mean() - 127.5) < 4
