"""Cropping: right pixels in the right order, true masks, bounded faults, nothing half-written."""

from __future__ import annotations

import errno
import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from signsight.core.errors import UserError
from signsight.core.files import ArrayFile, ArrayWriter
from signsight.data import archives
from signsight.data import crop as crop_module
from signsight.data.crop import Cut, crop, resize_labels
from signsight.data.dataset import ROI, Part
from signsight.data.imageset import open_image_set, read_index
from signsight.data.pictures import Archive, FolderPictures, open_labels, open_rgb
from synthetic import MASKS_ZIP, TEST_ZIP, TRAINING_ZIP, TRUTH_ZIP, class_colour, write_gtsrb

SHARED = Path(__file__).parents[4] / "shared"
SIZE = {"n_classes": 4, "tracks": 3, "frames": 7, "masks": True}
CUT = Cut(16)


def training(folder: Path) -> tuple[pd.DataFrame, Archive]:
    images = Archive(folder / TRAINING_ZIP)
    records = archives.training_records(images, n_classes=4)
    return records.assign(mask=records["source"].map(archives.mask_source)), images


def plain_folder(folder: Path, **pictures: np.ndarray) -> tuple[pd.DataFrame, FolderPictures]:
    """Records without ROI of pictures that are written to `folder` as PNG."""
    for name, pixels in pictures.items():
        Image.fromarray(pixels).save(folder / f"{name}.png")
    names = list(pictures)
    columns = {"image_id": names, "class_id": 0, "track": names}
    return pd.DataFrame({**columns, "source": [f"{n}.png" for n in names]}), FolderPictures(folder)


def with_roi(records: pd.DataFrame, width: int, height: int, *roi: int) -> pd.DataFrame:
    return records.assign(width=width, height=height, **dict(zip(ROI, roi, strict=True)))


def test_rows_order_columns_and_colours(tmp_path: Path) -> None:
    write_gtsrb(tmp_path, **SIZE)
    records, pictures = training(tmp_path)
    crop(Part(records, pictures), tmp_path / "set", CUT)
    images = open_image_set(tmp_path / "set")
    pd.testing.assert_frame_equal(images.index, records.drop(columns="mask"), check_dtype=False)
    assert images.images.shape == (84, 16, 16, 3)
    for pixels, class_id in zip(images.take(range(84)), images.class_ids, strict=True):
        # Row 2, middle column: inside the disc, above its bar.
        assert np.abs(pixels[2, 8].astype(int) - class_colour(class_id, 4)).max() < 40


def test_workers_and_batches_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_gtsrb(tmp_path, **SIZE)
    records, pictures = training(tmp_path)
    crop(Part(records, pictures, Archive(tmp_path / MASKS_ZIP)), tmp_path / "one", CUT)
    monkeypatch.setattr(crop_module, "BATCH", 5)
    crop(Part(records, pictures, Archive(tmp_path / MASKS_ZIP)), tmp_path / "three", CUT, workers=3)
    for name in ("images.npy", "masks.npy", "index.csv"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "three" / name).read_bytes()


def test_the_roi_is_x_then_y_and_its_last_pixels_belong_to_it(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    records, pictures = plain_folder(tmp_path, a=pixels)
    crop(Part(with_roi(records, 30, 20, 11, 3, 18, 10), pictures), tmp_path / "set", Cut(8))
    # A ROI of 8 x 8 pixels cropped to 8 x 8 is those pixels, unchanged.
    np.testing.assert_array_equal(open_image_set(tmp_path / "set").take([0])[0], pixels[3:11, 11:19])


def test_without_roi_the_whole_picture_is_kept(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (9, 9, 3), dtype=np.uint8)
    records, pictures = plain_folder(tmp_path, a=pixels)
    crop(Part(records, pictures), tmp_path / "plain", Cut(9))
    crop(Part(with_roi(records, 9, 9, 2, 3, 5, 6), pictures), tmp_path / "roi", Cut(9, to_roi=False))
    for name, roi in (("plain", (0, 0, 8, 8)), ("roi", (2, 3, 5, 6))):
        images = open_image_set(tmp_path / name)
        np.testing.assert_array_equal(images.take([0])[0], pixels)
        assert tuple(images.index.loc[0, list(ROI)]) == roi
        assert (images.index.loc[0, "width"], images.index.loc[0, "height"]) == (9, 9)


def test_lanczos_keeps_a_flat_colour_and_the_mean(tmp_path: Path) -> None:
    rows, columns = np.mgrid[:60, :60]
    waves = 128 + 60 * np.sin(rows / 9.0) * np.cos(columns / 7.0)
    pixels = np.stack([waves, np.full((60, 60), 77.0), 255 - waves], axis=2).astype(np.uint8)
    records, pictures = plain_folder(tmp_path, a=pixels)
    crop(Part(records, pictures), tmp_path / "set", Cut(20))
    small = open_image_set(tmp_path / "set").take([0])[0].astype(float)
    assert (small[..., 1] == 77).all()
    assert small.mean(axis=(0, 1)) == pytest.approx(pixels.mean(axis=(0, 1)), abs=1)
    blocks = pixels.reshape(20, 3, 20, 3, 3).mean(axis=(1, 3))
    assert np.abs(small - blocks).max() < 4


def test_a_roi_beyond_the_picture_is_clamped_or_refused(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    records, pictures = plain_folder(tmp_path, a=pixels)
    outside = with_roi(records, 8, 8, -2, 0, 9, 7)
    crop(Part(outside, pictures), tmp_path / "set", Cut(8))
    np.testing.assert_array_equal(open_image_set(tmp_path / "set").take([0])[0], pixels)
    assert tuple(read_index(tmp_path / "set/index.csv").loc[0, list(ROI)]) == (0, 0, 7, 7)
    for roi, cut, words in (
        ((-2, 0, 9, 7), Cut(8, roi_outside="refuse"), "set 'data.roi_outside: clamp'"),
        ((8, 0, 9, 7), Cut(8), "holds no pixel"),
        ((5, 0, 4, 7), Cut(8), "holds no pixel"),
    ):
        with pytest.raises(UserError, match=words):
            crop(Part(with_roi(records, 8, 8, *roi), pictures), tmp_path / "refused", cut)
        assert list((tmp_path / "refused").iterdir()) == []
    with pytest.raises(UserError, match="is 8 x 8 pixels, but its CSV says 9 x 8"):
        crop(Part(with_roi(records, 9, 8, 0, 0, 7, 7), pictures), tmp_path / "refused", CUT)


@pytest.mark.parametrize("fault", ["broken picture", "truncated picture"])
def test_a_broken_picture_is_one_sentence_and_leaves_nothing(tmp_path: Path, fault: str) -> None:
    write_gtsrb(tmp_path, fault, **SIZE)
    records, pictures = training(tmp_path)
    with pytest.raises(UserError, match=r"00001/00000_00000\.ppm in .* is a broken picture"):
        crop(Part(records, pictures), tmp_path / "set", CUT, workers=2)
    assert list((tmp_path / "set").iterdir()) == []


def test_a_full_disk_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_gtsrb(tmp_path, **SIZE)
    records, pictures = training(tmp_path)
    appended = ArrayWriter.append

    def full(self: ArrayWriter, rows: np.ndarray) -> None:
        if self._rows:
            raise OSError(errno.ENOSPC, "No space left on device")
        appended(self, rows)

    def full_csv(self: pd.DataFrame, *args: object, **options: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    for owner, name, fault in ((ArrayWriter, "append", full), (pd.DataFrame, "to_csv", full_csv)):
        with monkeypatch.context() as patch:
            patch.setattr(owner, name, fault)
            with pytest.raises(UserError, match="No space left on the device"):
                crop(Part(records, pictures), tmp_path / "set", CUT)
        assert list((tmp_path / "set").iterdir()) == []


def test_a_failed_crop_leaves_the_set_that_was_there(tmp_path: Path) -> None:
    write_gtsrb(tmp_path / "good", **SIZE)
    write_gtsrb(tmp_path / "bad", "broken picture", **SIZE)
    crop(Part(*training(tmp_path / "good")), tmp_path / "set", CUT)
    before = (tmp_path / "set/images.npy").read_bytes()
    with pytest.raises(UserError):
        crop(Part(*training(tmp_path / "bad")), tmp_path / "set", CUT)
    assert (tmp_path / "set/images.npy").read_bytes() == before
    open_image_set(tmp_path / "set")


# Masks


def test_masks_are_cut_as_the_pictures_are(tmp_path: Path) -> None:
    write_gtsrb(tmp_path, **SIZE)
    records, pictures = training(tmp_path)
    crop(Part(records, pictures, Archive(tmp_path / MASKS_ZIP)), tmp_path / "set", Cut(32))
    masks, images = ArrayFile(tmp_path / "set/masks.npy"), open_image_set(tmp_path / "set")
    assert (masks.shape, masks.dtype) == ((84, 32, 32), np.uint8)
    labels, pixels = masks.read(0, 84), images.take(range(84)).astype(int)
    assert set(np.unique(labels)) == {0, 1, 2}
    colours = np.array([class_colour(c, 4) for c in images.class_ids])[:, None, None]
    palette = np.stack(
        [np.full_like(pixels, 115), np.broadcast_to(colours, pixels.shape), np.full_like(pixels, 20)]
    )
    nearest = np.argmin(np.abs(palette - pixels).sum(axis=-1), axis=0)
    assert (nearest == labels).mean() > 0.93  # but for blurred and ringing edges
    for row, record in enumerate(records.to_dict("records")):
        x1, y1, x2, y2 = (record[name] for name in ROI)
        mask = open_labels(Archive(tmp_path / MASKS_ZIP), archives.mask_source(record["source"]))
        truth = mask[y1 : y2 + 1, x1 : x2 + 1]
        for label in range(3):
            assert (labels[row] == label).mean() == pytest.approx((truth == label).mean(), abs=0.03)


def test_shrinking_labels_keeps_areas() -> None:
    rows, columns = np.mgrid[:200, :200]
    disc = ((rows - 103.3) ** 2 + (columns - 96.1) ** 2 <= 80**2).astype(np.uint8)
    stripes = np.where(columns // 12 % 2, disc, 2 * disc).astype(np.uint8)
    small = resize_labels(stripes, (0, 0, 200, 200), 48)
    for label in range(3):
        assert (small == label).mean() == pytest.approx((stripes == label).mean(), abs=0.02)
    # A half plane's border lands within half a target pixel of the truth.
    for border in range(60, 140, 7):
        half = (columns >= border).astype(np.uint8)
        found = (resize_labels(half, (0, 0, 200, 200), 48) == 0).sum(axis=1)
        assert np.abs(found - border * 48 / 200).max() <= 0.5


def test_no_label_appears_between_two_others() -> None:
    labels = np.zeros((64, 64), np.uint8)
    labels[:, 29:] = 2  # background beside symbol, no sign anywhere
    assert set(np.unique(resize_labels(labels, (3, 5, 61, 62), 48))) == {0, 2}
    assert set(np.unique(resize_labels(labels, (20, 20, 40, 40), 48))) == {0, 2}


def test_a_box_of_the_same_size_copies_labels() -> None:
    labels = np.random.default_rng(0).integers(0, 3, (40, 40), dtype=np.uint8)
    np.testing.assert_array_equal(resize_labels(labels, (4, 6, 28, 30), 24), labels[6:30, 4:28])


@pytest.mark.parametrize(
    ("mask", "words"),
    [
        (np.zeros((8, 9), np.uint8), "is 9 x 8 pixels and its picture 8 x 8"),
        (np.full((8, 8), 3, np.uint8), "has the label 3"),
        (np.zeros((8, 8, 3), np.uint8), "has mode RGB"),
        (None, "cannot be read"),
    ],
)
def test_faulty_masks_are_refused(tmp_path: Path, mask: np.ndarray | None, words: str) -> None:
    records, pictures = plain_folder(tmp_path, a=np.zeros((8, 8, 3), np.uint8))
    records = records.assign(mask="a.png")
    (tmp_path / "masks").mkdir()
    if mask is not None:
        Image.fromarray(mask).save(tmp_path / "masks/a.png")
    with pytest.raises(UserError, match=words):
        crop(Part(records, pictures, FolderPictures(tmp_path / "masks")), tmp_path / "set", CUT)


def test_masks_of_an_older_set_do_not_stay(tmp_path: Path) -> None:
    write_gtsrb(tmp_path, **SIZE)
    records, pictures = training(tmp_path)
    crop(Part(records, pictures, Archive(tmp_path / MASKS_ZIP)), tmp_path / "set", CUT)
    crop(Part(records, pictures), tmp_path / "set", CUT)
    assert {path.name for path in (tmp_path / "set").iterdir()} == {"images.npy", "index.csv"}


@pytest.mark.skipif(not (SHARED / "gtsrb-sample").is_dir(), reason="../shared/gtsrb-sample is not here")
def test_the_real_sample(tmp_path: Path) -> None:
    folder = SHARED / "gtsrb-sample"
    records = archives.test_records(Archive(folder / TEST_ZIP), Archive(folder / TRUTH_ZIP))
    crop(Part(records, Archive(folder / TEST_ZIP)), tmp_path, Cut(48), workers=2)
    images = open_image_set(tmp_path)
    assert len(images) == 1055
    # Against Pillow used directly on the bytes of some members.
    for row in range(0, 1055, 211):
        record = records.iloc[row]
        with Image.open(io.BytesIO(Archive(folder / TEST_ZIP).read(record["source"]))) as image:
            x1, y1, x2, y2 = (int(record[name]) for name in ROI)
            expected = image.resize((48, 48), Image.Resampling.LANCZOS, (x1, y1, x2 + 1, y2 + 1))
        np.testing.assert_array_equal(images.take([row])[0], np.asarray(expected))


@pytest.mark.skipif(not (SHARED / "gtsrb-sample").is_dir(), reason="../shared/gtsrb-sample is not here")
def test_signs_are_more_symmetric_in_the_inclusive_roi() -> None:
    """The claim in the docstring of `crop`, on the real signs with a mirror axis."""
    folder = SHARED / "gtsrb-sample"
    records = archives.training_records(Archive(folder / TRAINING_ZIP))
    large = records[records["class_id"].isin((12, 13, 15, 17)) & records["width"].between(40, 80)]
    pictures, better = Archive(folder / TRAINING_ZIP), []
    for record in large.to_dict("records"):
        x1, y1, x2, y2 = (record[name] for name in ROI)
        image = open_rgb(pictures, record["source"])

        def asymmetry(end: int, image: Image.Image = image, box: tuple = (x1, y1, x2, y2)) -> float:
            cut = image.resize((64, 64), box=(box[0], box[1], box[2] + end, box[3] + end))
            pixels = np.asarray(cut, float)
            return np.square(pixels - pixels[:, ::-1]).mean()

        better.append(asymmetry(1) < asymmetry(0))
    assert np.mean(better) > 0.57  # 0.635 of 329; by chance 0.5 +- 0.03
