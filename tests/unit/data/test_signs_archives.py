"""The rendered archives: GTSRB's layout, truth masks, and the same bytes for the same seed."""

from __future__ import annotations

import csv
import errno
import io
import zipfile
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from signsight.core.errors import UserError
from signsight.signs import ARCHIVES, render_archives

OFFICIAL = Path(__file__).parents[4] / "shared" / "gtsrb-sample"
SETTINGS = {"tracks_per_class": 2, "frames_per_track": 3, "test_per_class": 2, "min_px": 20, "max_px": 100}

Row = dict[str, str]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("signs")
    render_archives(path, seed=3, **SETTINGS)
    return path


def rows(content: bytes) -> list[Row]:
    return list(csv.DictReader(io.StringIO(content.decode(), newline=""), delimiter=";"))


def header(content: bytes) -> bytes:
    return content.split(b"\n")[0]


def pictures(folder: Path) -> list[tuple[np.ndarray, np.ndarray, Row]]:
    """Every image with its mask and its CSV row, training first."""
    out = []
    masks = zipfile.ZipFile(folder / ARCHIVES[3])
    training, test = (zipfile.ZipFile(folder / name) for name in ARCHIVES[:2])
    tables = [
        (training, name.rsplit("/", 1)[0], training.read(name))
        for name in training.namelist()
        if name.endswith(".csv")
    ]
    truth = zipfile.ZipFile(folder / ARCHIVES[2]).read("GT-final_test.csv")
    for archive, base, table in [*tables, (test, "GTSRB/Final_Test/Images", truth)]:
        for row in rows(table):
            rgb = Image.open(io.BytesIO(archive.read(f"{base}/{row['Filename']}")))
            name = f"{base.replace('/Images', '/Masks')}/{row['Filename'][:-4]}.png"
            mask = Image.open(io.BytesIO(masks.read(name)))
            assert (rgb.format, rgb.mode, mask.format, mask.mode) == ("PPM", "RGB", "PNG", "L")
            out.append((np.asarray(rgb), np.asarray(mask), row))
    return out


def test_members_are_named_as_in_gtsrb(folder: Path) -> None:
    training = zipfile.ZipFile(folder / "GTSRB_Final_Training_Images.zip").namelist()
    base = "GTSRB/Final_Training/Images"
    assert training[:3] == [f"{base}/00000/00000_0000{frame}.ppm" for frame in range(3)]
    assert training[6] == f"{base}/00000/GT-00000.csv"
    assert len(training) == 43 * (2 * 3 + 1)
    test = zipfile.ZipFile(folder / "GTSRB_Final_Test_Images.zip").namelist()
    assert test[:-1] == [f"GTSRB/Final_Test/Images/{number:05d}.ppm" for number in range(86)]
    assert test[-1] == "GTSRB/Final_Test/Images/GT-final_test.test.csv"
    truth = zipfile.ZipFile(folder / "GTSRB_Final_Test_GT.zip").namelist()
    assert truth == ["GT-final_test.csv"]
    assert len(zipfile.ZipFile(folder / "GTSRB_Truth_Masks.zip").namelist()) == 43 * 6 + 86


@pytest.mark.skipif(not OFFICIAL.is_dir(), reason="no real GTSRB sample in ../shared")
def test_tables_have_the_official_header_and_line_ends(folder: Path) -> None:
    tables = (
        (ARCHIVES[0], "GTSRB/Final_Training/Images/00007/GT-00007.csv"),
        (ARCHIVES[1], "GTSRB/Final_Test/Images/GT-final_test.test.csv"),
        (ARCHIVES[2], "GT-final_test.csv"),
    )
    for archive, name in tables:
        ours, official = (zipfile.ZipFile(base / archive).read(name) for base in (folder, OFFICIAL))
        assert header(ours) == header(official)


def test_the_hidden_table_is_the_truth_without_its_classes(folder: Path) -> None:
    name = "GTSRB/Final_Test/Images/GT-final_test.test.csv"
    hidden = rows(zipfile.ZipFile(folder / ARCHIVES[1]).read(name))
    truth = rows(zipfile.ZipFile(folder / ARCHIVES[2]).read("GT-final_test.csv"))
    classes = [int(row.pop("ClassId")) for row in truth]
    assert hidden == truth
    assert sorted(classes) == [class_id for class_id in range(43) for _ in range(2)]
    assert classes != sorted(classes)


def test_the_roi_encloses_the_sign_with_gtsrbs_border(folder: Path) -> None:
    close = []
    for rgb, mask, row in pictures(folder):
        height, width = mask.shape
        assert rgb.shape == (height, width, 3)
        assert (int(row["Width"]), int(row["Height"])) == (width, height)
        x1, y1, x2, y2 = (int(row[f"Roi.{name}"]) for name in ("X1", "Y1", "X2", "Y2"))
        assert 5 <= x1 < x2 == width - x1 and 5 <= y1 < y2 == height - y1
        assert x1 == max(5, round(0.1 * (x2 - x1 - 1)))
        ys, xs = np.nonzero(mask)
        # The last column and row belong to the ROI; the sign trembles by 1.2 % of its width.
        slack = 0.013 * max(x2 - x1, y2 - y1)
        gaps = (xs.min() - x1, x2 - xs.max(), ys.min() - y1, y2 - ys.max())
        assert min(gaps) >= -slack
        close.append(max(gaps) <= 3 + slack)
    # All but those that have a leaf over a corner.
    assert np.mean(close) > 0.95


def test_masks_show_sign_and_symbol_of_every_image(folder: Path) -> None:
    for _, mask, row in pictures(folder):
        assert set(np.unique(mask)) == {0, 1, 2}, row
        assert (mask > 0).mean() > 0.2
        ys, xs = np.nonzero(mask == 2)
        signs = np.nonzero(mask)
        assert ys.min() >= signs[0].min() and ys.max() <= signs[0].max()
        assert xs.min() >= signs[1].min() and xs.max() <= signs[1].max()


def test_signs_tell_themselves_from_the_background_by_the_mask(folder: Path) -> None:
    """White symbols on blue: where the mask says symbol, the picture is brighter and less blue."""
    seen = [
        (rgb.astype(float), mask)
        for rgb, mask, row in pictures(folder)
        if 33 <= int(row["ClassId"]) <= 40 and int(row["Width"]) > 40
    ]
    brighter = [rgb[mask == 2].mean() > rgb[mask == 1].mean() for rgb, mask in seen]
    assert len(seen) > 15
    assert np.mean(brighter) > 0.95


def test_tracks_come_closer(folder: Path) -> None:
    archive = zipfile.ZipFile(folder / ARCHIVES[0])
    for class_id in range(43):
        name = f"GTSRB/Final_Training/Images/{class_id:05d}/GT-{class_id:05d}.csv"
        table = rows(archive.read(name))
        for track in ("00000", "00001"):
            widths = [int(row["Width"]) for row in table if row["Filename"].startswith(track)]
            assert widths[-1] > widths[0]
            # The width also follows how far the sign is turned away, which trembles.
            assert all(b >= a - 3 for a, b in pairwise(widths))


@pytest.mark.parametrize("workers", [1, 2])
def test_the_same_seed_gives_the_same_bytes(folder: Path, tmp_path: Path, workers: int) -> None:
    for path in render_archives(tmp_path, seed=3, workers=workers, **SETTINGS):
        assert path.read_bytes() == (folder / path.name).read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(ARCHIVES)


def test_another_seed_gives_other_pictures(folder: Path, tmp_path: Path) -> None:
    small = {**SETTINGS, "tracks_per_class": 1, "frames_per_track": 1, "test_per_class": 1}
    (training, *_) = render_archives(tmp_path, seed=4, **small)
    name = "GTSRB/Final_Training/Images/00000/00000_00000.ppm"
    assert zipfile.ZipFile(training).read(name) != zipfile.ZipFile(folder / ARCHIVES[0]).read(name)


def test_more_tracks_leave_the_first_ones_as_they_were(folder: Path, tmp_path: Path) -> None:
    (training, *_) = render_archives(tmp_path, seed=3, **{**SETTINGS, "tracks_per_class": 1})
    before, after = zipfile.ZipFile(folder / ARCHIVES[0]), zipfile.ZipFile(training)
    for name in after.namelist():
        if name.endswith(".ppm"):
            assert after.read(name) == before.read(name)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("tracks_per_class", 0),
        ("min_px", 5),
        ("max_px", 10),
        ("jpeg", (90, 50)),
        ("occlusion", 1.5),
    ],
)
def test_settings_out_of_range_are_refused_by_name(tmp_path: Path, key: str, value: object) -> None:
    with pytest.raises(UserError, match=key):
        render_archives(tmp_path, seed=1, **{**SETTINGS, key: value})
    assert not list(tmp_path.iterdir())


def test_a_full_disk_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(zipfile.ZipFile, "writestr", full)
    with pytest.raises(UserError, match="No space left on the device"):
        render_archives(tmp_path, seed=1, **SETTINGS)
    assert not list(tmp_path.iterdir())
