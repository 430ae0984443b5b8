"""Single files of the gallery: overlays where the network saw the user's picture, raw maps, an index."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from signsight.data.fit import fit, seen_box
from signsight.data.pictures import FolderPictures
from signsight.figures.colour import palette
from signsight.figures.gallery import Column, hard
from signsight.figures.gallery_singles import INDEX, Base, Laid, drawings, laid_over, write_singles
from stored_columns import stored

RANDOM = np.random.default_rng(5)
LAID = Laid(1024, 0.8, "inferno", "RdBu_r", "stretch")
REASON = "CAM needs a network that averages its last map; take grad_cam in 'attribution.methods'."


def noise(height: int, width: int) -> np.ndarray:
    return RANDOM.integers(0, 255, (height, width, 3), dtype=np.uint8)


def table(files: list[str]) -> pd.DataFrame:
    return pd.DataFrame(
        {"file": files, "explained_name": [f"class {n}" for n in range(len(files))],
         "explained_probability": [0.25, np.nan, *[0.5] * len(files)][: len(files)]}
    )  # fmt: skip


@pytest.mark.parametrize("shape", [(500, 333), (333, 500), (64, 64), (3000, 200), (48, 60)])
@pytest.mark.parametrize("size", [224, 48])
def test_the_part_that_is_seen_is_the_part_that_is_fitted(shape: tuple[int, int], size: int) -> None:
    """A mark in each corner of the box is seen in the corner of the square, and what lies outside is not."""
    left, upper, right, lower = seen_box(shape, size, "centre_crop")
    assert right - left == pytest.approx(lower - upper, rel=0.02)
    pixel = min(shape) / size  # of the square, in pixels of the picture
    assert abs(left + right - shape[0]) <= pixel and abs(upper + lower - shape[1]) <= pixel
    down, across = np.indices(shape[::-1])
    inside = (across >= left - 0.5) & (across <= right - 0.5) & (down >= upper - 0.5) & (down <= lower - 0.5)
    picture = np.where(inside[..., None], 200, 0).astype(np.uint8).repeat(3, 2)
    seen = fit(Image.fromarray(picture), size, "centre_crop")
    edge = max(2, 2 * size // min(shape))
    assert (seen[edge:-edge, edge:-edge] == 200).all()
    assert seen_box(shape, size, "stretch") == (0, 0, *shape)


def test_an_overlay_keeps_the_proportions_of_the_picture_and_a_largest_size() -> None:
    for shape in ((300, 200), (3000, 1500), (40, 20)):
        base = Base.of(Image.fromarray(noise(shape[1], shape[0])), 48, LAID)
        assert max(base.image.shape[:2]) <= 1024
        wide, high = base.image.shape[1], base.image.shape[0]
        assert wide / high == pytest.approx(shape[0] / shape[1], rel=0.01)
    small = Laid(100, 1, "hot", "bwr", "stretch")
    assert Base.of(Image.fromarray(noise(900, 90)), 48, small).image.shape == (100, 10, 3)


def test_the_map_lies_where_the_network_saw_it() -> None:
    """The upper half of the map is strong: in a wide picture that is the upper half of its middle."""
    picture, values = np.full((200, 400, 3), 90, np.uint8), np.zeros((32, 32), np.float32)
    values[:16] = 1.0
    cropped = Laid(1024, 1.0, "inferno", "RdBu_r", "centre_crop")
    base = Base.of(Image.fromarray(picture), 32, cropped)
    drawn = laid_over(base, values, False, cropped)
    times = base.image.shape[0] // 200
    assert drawn.shape == (200 * times, 400 * times, 3)
    strongest = palette(False, "inferno")[-1]
    middle = drawn[60 * times, 200 * times]
    assert np.array_equal(middle, strongest)
    assert (drawn[:, : 100 * times] == 90).all() and (drawn[:, 320 * times :] == 90).all()
    assert (drawn[180 * times, 200 * times] == 90).all()
    left, upper, right, _ = base.box
    assert right - left == pytest.approx(200 * times * 224 / 256, rel=0.03)
    assert drawn[round(upper), round(left) + 5].tolist() != drawn[round(upper) - 3, round(left) + 5].tolist()
    whole = laid_over(Base.of(Image.fromarray(picture), 32, LAID), values, False, LAID)
    assert not (whole[20, 10] == 90).all() and (whole[-20] == 90).all()


def test_opacity_and_colours_are_those_of_the_config() -> None:
    picture, values = np.full((64, 64, 3), 100, np.uint8), np.ones((8, 8), np.float32)
    values[:4] = -1.0
    for opacity in (0.3, 1.0):
        laid = Laid(64, opacity, "viridis", "bwr", "stretch")
        base = Base.of(Image.fromarray(picture), 8, laid)
        for signed, name in ((False, "viridis"), (True, "bwr")):
            expected = (1 - opacity) * 100 + opacity * palette(signed, name)[-1].astype(float)
            np.testing.assert_allclose(laid_over(base, values, signed, laid)[-1, -1], expected, atol=0.51)
        top = laid_over(base, values, True, laid)[0, 0]
        np.testing.assert_allclose(top, (1 - opacity) * 100 + opacity * palette(True, "bwr")[0], atol=0.51)


def test_drawings_use_a_scale_that_fits_the_sign() -> None:
    image, values = noise(48, 48), np.zeros((1, 48, 48), np.float32)
    values[0, :24], values[0, 24:36] = 3.0, -3.0
    base = Base.of(Image.fromarray(image), 48, LAID)
    signed = drawings(Column("gradient", True, values, np.zeros((1, 3, 48, 48))), 0, base, LAID)
    assert list(signed) == ["heat", "overlay", "grey", "colour"]
    assert np.array_equal(signed["heat"][0, 0], palette(True)[-1])
    assert np.array_equal(signed["heat"][30 * 8, 0], palette(True)[0])
    assert np.array_equal(signed["heat"][40 * 8, 0], palette(True)[128])
    positive = drawings(Column("grad_cam", False, values), 0, base, LAID)
    assert list(positive) == ["heat", "overlay", "grey"]
    assert np.array_equal(positive["heat"][30 * 8, 0], palette(False)[0])
    bare = np.asarray(Image.fromarray(image).convert("L"))
    assert np.array_equal(positive["overlay"][40 * 8, ::8, 1], bare[40])


def test_files_sort_as_the_sheet_and_the_index_names_them(tmp_path: Path) -> None:
    files = ["cat/a picture.png", "b.jpg"]
    (tmp_path / "own/cat").mkdir(parents=True)
    for file, shape in zip(files, ((30, 60), (500, 1500)), strict=True):
        Image.fromarray(noise(*shape)).save(tmp_path / "own" / file)
    images = np.stack([noise(16, 16) for _ in files])
    maps = RANDOM.normal(size=(2, 16, 16)).astype(np.float32)
    columns = [
        Column("saliency", False, np.abs(maps)),
        Column("cam", True, refused=REASON),
        Column("gradient", True, maps, np.ones((2, 3, 16, 16)), label="My gradient"),
    ]
    out = tmp_path / "out"
    write_singles(
        out, images, table(files), stored(tmp_path, columns), FolderPictures(tmp_path / "own"), LAID
    )
    assert sorted(p.name for p in out.iterdir()) == ["01-a_picture", "02-b", "index.csv"]
    kinds = ("grey", "heat", "overlay")
    expected = {"00-picture.png", "01-saliency.npy", "03-gradient.npy", "03-gradient-colour.png"}
    expected |= {f"{stem}-{kind}.png" for stem in ("01-saliency", "03-gradient") for kind in kinds}
    assert {p.name for p in (out / "02-b").iterdir()} == expected
    with Image.open(out / "02-b/00-picture.png") as file:
        assert np.array_equal(np.asarray(file), hard(images[1]))
    with Image.open(out / "02-b/01-saliency-overlay.png") as file:
        assert file.size == (1024, 341)
    index = pd.read_csv(out / "index.csv", keep_default_na=False)
    assert tuple(index.columns) == INDEX
    assert index["file"].tolist() == [file for file in files for _ in range(2)]
    assert index["method"].tolist() == ["saliency", "gradient"] * 2
    assert index["label"].tolist() == ["Saliency", "My gradient"] * 2
    assert index["target"].tolist() == ["class 0"] * 2 + ["class 1"] * 2
    assert index["probability"].tolist() == ["0.25", "0.25", "", ""]
    for row, column in zip(range(4), (columns[0], columns[2]) * 2, strict=True):
        stored_map = np.load(out / index["map"][row])
        assert stored_map.dtype == np.float32
        assert np.array_equal(stored_map, column.maps[row // 2])
        assert (out / index["overlay"][row]).is_file()


def test_many_pictures_are_opened_some_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("signsight.figures.gallery_singles.AT_ONCE", 2)
    files = [f"{n}.png" for n in range(5)]
    for file in files:
        Image.fromarray(noise(20, 20)).save(tmp_path / file)
    images, maps = np.stack([noise(8, 8) for _ in files]), RANDOM.random((5, 8, 8)).astype(np.float32)
    sources = stored(tmp_path, [Column("saliency", False, maps)])
    write_singles(tmp_path / "out", images, table(files), sources, FolderPictures(tmp_path), LAID)
    index = pd.read_csv(tmp_path / "out/index.csv")
    assert index["file"].tolist() == files
    for row in range(5):
        assert np.array_equal(np.load(tmp_path / "out" / index["map"][row]), maps[row])
