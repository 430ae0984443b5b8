"""Folders of pictures: layouts, order of classes, tracks, modes of pictures, faults."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from signsight.core.errors import UserError
from signsight.data.class_folders import natural_key
from signsight.data.crop import Cut, crop
from signsight.data.dataset import Options, Part
from signsight.data.imageset import open_image_set
from signsight.data.listing import contents
from signsight.data.pictures import FolderPictures, open_rgb
from signsight.data.sets.folder import Folder, FolderData


def write(root: Path, *names: str) -> Path:
    """Small pictures of those names below `root`."""
    rng = np.random.default_rng(0)
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (6, 8, 3), dtype=np.uint8)).save(path)
    return root


def read(root: Path, seed: int = 1, **parameters: float | str | None) -> FolderData:
    return Folder(**parameters).read(root, seed)


def many(root: Path, *, classes: tuple[str, ...] = ("a", "b", "c"), count: int = 20) -> Path:
    return write(root, *(f"{name}/car{n // 2}_{n % 2}.png" for name in classes for n in range(count)))


def test_classes_are_sorted_by_number_then_name(tmp_path: Path) -> None:
    names = ("10", "2", "stop", "Give way", "a10", "a9", "007")
    write(tmp_path, *(f"{name}/{n}.png" for name in names for n in range(2)))
    data = read(tmp_path, test_fraction=0.5)
    assert data.class_names == ("2", "007", "10", "a9", "a10", "Give way", "stop")
    for record in data.training.to_dict("records"):
        assert record["source"].split("/")[0] == data.class_names[record["class_id"]]
    assert sorted(["x10y", "x9y10", "x9y9"], key=natural_key) == ["x9y9", "x9y10", "x10y"]


def test_the_test_split_is_a_fraction_of_every_class_and_repeatable(tmp_path: Path) -> None:
    many(tmp_path)
    data = read(tmp_path, test_fraction=0.3)
    assert data.test["class_id"].value_counts().to_dict() == {0: 6, 1: 6, 2: 6}
    assert data.training["class_id"].value_counts().to_dict() == {0: 14, 1: 14, 2: 14}
    both = [*data.training["image_id"], *data.test["image_id"]]
    assert len(set(both)) == 60
    assert list(data.training["track"]) == list(data.training["image_id"])
    again = read(tmp_path, test_fraction=0.3)
    other = read(tmp_path, test_fraction=0.3, seed=2)
    assert again.test.equals(data.test) and not other.test.equals(data.test)


def test_tracks_by_pattern_stay_together(tmp_path: Path) -> None:
    many(tmp_path)
    data = read(tmp_path, test_fraction=0.3, track_pattern=r"^(.*)_\d+$")
    assert set(data.training["track"]).isdisjoint(data.test["track"])
    assert data.test["track"].value_counts().eq(2).all()
    assert len(data.test) == 18
    assert set(data.training["track"].str[:5]) == {"a/car", "b/car", "c/car"}


def test_train_and_test_folders(tmp_path: Path) -> None:
    write(tmp_path, "val/a/1.png", "train/a/1.png", "train/b/1.jpg", "train/b/2.ppm", "test/b/1.BMP")
    data = read(tmp_path)
    assert data.class_names == ("a", "b")
    assert data.left_out == [("val", "", "is a folder, whose pictures (1) are not read")]
    assert list(data.training["source"]) == ["train/a/1.png", "train/b/1.jpg", "train/b/2.ppm"]
    assert data.test.to_dict("records") == [
        {"image_id": "b/1.BMP", "class_id": 1, "track": "b/1.BMP", "source": "test/b/1.BMP"}
    ]


def test_pictures_for_a_network_that_is_used_as_it_is(tmp_path: Path) -> None:
    """test/ alone is enough, and classes have the numbers of the network, whose names they are."""
    root = write(tmp_path / "pictures", "test/dog/1.png", "test/cat/1.png", "test/cat/2.png")
    alone, network = Options(str(root)), Options(str(root), class_names=["bird", "dog", "fish", "cat"])
    tested = Folder().part("test", {}, network).records
    assert dict(zip(tested["image_id"], tested["class_id"], strict=True)) == {
        "cat/1.png": 3, "cat/2.png": 3, "dog/1.png": 1,
    }  # fmt: skip
    assert Folder().class_table(network)["name"].tolist() == ["bird", "dog", "fish", "cat"]
    assert Folder().part("test", {}, alone).records["class_id"].tolist() == [0, 0, 1]
    assert Folder().class_table(alone)["name"].tolist() == ["cat", "dog"]
    with pytest.raises(UserError, match=r"has test/ but no train/, so .*'model\.train: false'\.$"):
        Folder().part("train", {}, alone)
    with pytest.raises(UserError, match=r"class folder 'dog', which is no class .* did you mean 'dogs'\?"):
        Folder().part("test", {}, Options(str(root), class_names=["cat", "dogs"]))
    one = Options(str(write(tmp_path / "one", "test/dog/1.png")), class_names=["cat", "dog"])
    assert Folder().part("test", {}, one).records["class_id"].tolist() == [1]
    split = Options(str(write(tmp_path / "split", "train/dog/1.png", "train/emu/1.png", "test/emu/2.png")))
    numbered = Folder().part("test", {}, Options(split.source, class_names=["emu", "cat", "dog"]))
    assert numbered.records["class_id"].tolist() == [0]


def test_classes_named_train_and_test_are_classes(tmp_path: Path) -> None:
    write(tmp_path, *(f"{name}/{n}.png" for name in ("test", "train", "tram") for n in range(4)))
    assert read(tmp_path).class_names == ("test", "train", "tram")


def test_other_files_are_no_pictures(tmp_path: Path) -> None:
    write(tmp_path, *(f"{name}/{n}.png" for name in "ab" for n in (1, 2)))
    write(tmp_path, ".cache/1.png", "__MACOSX/a/1.png", "a/.ipynb_checkpoints/1.png", "a/._1.png")
    for name in ("a/notes.txt", "b/Thumbs.db", "readme.md"):
        (tmp_path / name).write_text("x")
    os.mkfifo(tmp_path / "b/pipe.png")
    (tmp_path / "b/zero.png").symlink_to("/dev/zero")
    data = read(tmp_path, test_fraction=0.5)
    assert (len(data.training), len(data.test), data.class_names) == (2, 2, ("a", "b"))
    found = {one.file: one.reason for one in data.left_out}
    hidden = (".cache", "__MACOSX", "a/.ipynb_checkpoints", "a/._1.png", "b/Thumbs.db")
    assert all(found.pop(name).startswith("is hidden") for name in hidden)
    assert found.pop("b/pipe.png") == found.pop("b/zero.png") == "is not a regular file"
    assert "'.txt'" in found.pop("a/notes.txt") and "'.md'" in found.pop("readme.md") and not found


def test_a_folder_that_may_not_be_read_and_a_name_that_is_no_text(tmp_path: Path) -> None:
    many(tmp_path)
    odd = os.fsencode(tmp_path / "a") + b"/\xff.png"
    Path(os.fsdecode(odd)).write_bytes(b"")
    with pytest.raises(UserError, match="is not UTF-8 text"):
        read(tmp_path)
    Path(os.fsdecode(odd)).unlink()
    with pytest.raises(UserError, match=r"cannot be read \(Not a directory\)"):
        contents(tmp_path / "a/car0_0.png")


def test_faults_are_one_sentence(tmp_path: Path) -> None:
    write(tmp_path / "flat", "1.png")
    write(tmp_path / "split", "train/a/1.png", "train/c/1.png", "test/a/1.png", "test/b/1.png")
    (write(tmp_path / "hollow", "a/1.png") / "b").mkdir()
    write(tmp_path / "good", "a/1.png", "a/2.png", "b/1.png", "b/2.png")
    write(tmp_path / "val", "train/a/1.png", "train/b/1.png", "val/a/1.png", "val/b/1.png")
    write(tmp_path / "only", "val/a/1.png", "val/b/1.png")
    (write(tmp_path / "bare", "train/a/1.png", "train/b/1.png") / "test").mkdir()
    write(tmp_path / "single", "a/1.png", "a/2.png")
    write(tmp_path / "few", "a/1.png", "a/2.png", "b/1.png")
    for root, pattern, words in (
        ("nowhere", None, "does not exist"),
        ("flat", None, "has no class folders"),
        ("bare", None, "bare/test has no class folders"),
        ("val", None, "rename val/ to test/"),
        ("only", None, "rename val/ to test/"),
        ("single", None, "the class folder 'a' only"),
        ("few", None, "few/b has one picture"),
        ("good", "(^)", "Every class in .* is one track"),
        ("hollow", None, "hollow/b has no picture"),
        ("split", None, r"test/b is a class that train/ does not have"),
        ("good", "(", "is not a regular expression"),
        ("good", "a", "has 0 groups"),
        ("good", "(x)", r"is not found in the name of .*a/1\.png"),
    ):
        with pytest.raises(UserError, match=words) as caught:
            read(tmp_path / root, track_pattern=pattern)
        assert "\n" not in str(caught.value) and str(caught.value).endswith(".")


def test_an_unreadable_picture_is_one_sentence(tmp_path: Path) -> None:
    many(tmp_path)
    (tmp_path / "b/car3_1.png").write_bytes((tmp_path / "b/car3_1.png").read_bytes()[:70])
    data = read(tmp_path, test_fraction=0.01)
    with pytest.raises(UserError, match=r"b/car3_1\.png is a broken picture"):
        crop(Part(data.training, FolderPictures(tmp_path)), tmp_path / "set", Cut(8))
    (tmp_path / "b/car3_1.png").unlink()
    with pytest.raises(UserError, match=r"b/car3_1\.png cannot be read \(No such file"):
        crop(Part(data.training, FolderPictures(tmp_path)), tmp_path / "set", Cut(8))


def test_a_folder_becomes_an_image_set(tmp_path: Path) -> None:
    many(tmp_path / "pictures")
    data = read(tmp_path / "pictures", test_fraction=0.3)
    crop(Part(data.test, FolderPictures(tmp_path / "pictures")), tmp_path / "set", Cut(12), workers=2)
    images = open_image_set(tmp_path / "set")
    assert images.images.shape == (18, 12, 12, 3)
    assert list(images.index["image_id"]) == list(data.test["image_id"])
    assert set(images.index["width"]) == {8} and set(images.index["height"]) == {6}


# Modes of pictures

PIXELS = np.random.default_rng(3).integers(0, 256, (5, 7, 3), dtype=np.uint8)
GREY = PIXELS[..., 0]
ALPHA = np.dstack([PIXELS, np.where(np.arange(7) < 3, 255, 0) + np.zeros((5, 1), int)])
ON_WHITE = np.where(np.arange(7)[:, None] < 3, PIXELS, 255)
INK = Image.merge("CMYK", [*Image.fromarray(255 - PIXELS).split(), Image.new("L", (7, 5))])
GREY_RGB = np.repeat(GREY[..., None], 3, axis=2)


def grey_alpha() -> Image.Image:
    return Image.merge("LA", [Image.fromarray(GREY), Image.fromarray(ALPHA[..., 3].astype("u1"))])


@pytest.mark.parametrize(
    ("name", "image", "expected"),
    [
        ("rgb.png", Image.fromarray(PIXELS), PIXELS),
        ("rgba.png", Image.fromarray(ALPHA.astype(np.uint8)), ON_WHITE),
        ("grey.png", Image.fromarray(GREY), GREY_RGB),
        ("la.png", grey_alpha(), np.where(np.arange(7)[:, None] < 3, GREY_RGB, 255)),
        ("16.png", Image.fromarray(GREY.astype(np.uint16) * 257), GREY_RGB),
        ("16.tif", Image.fromarray(GREY.astype(np.uint16) * 257), GREY_RGB),
        ("bits.png", Image.fromarray(GREY > 127), np.where(GREY_RGB > 127, 255, 0)),
        ("palette.png", Image.fromarray(GREY).convert("P"), GREY_RGB),
        ("cmyk.tif", INK, PIXELS),
    ],
)  # fmt: skip
def test_every_mode_becomes_rgb(tmp_path: Path, name: str, image: Image.Image, expected: np.ndarray) -> None:
    image.save(tmp_path / name)
    found = open_rgb(FolderPictures(tmp_path), name)
    assert found.mode == "RGB"
    np.testing.assert_array_equal(np.asarray(found), expected)


def test_transparent_palette_is_white(tmp_path: Path) -> None:
    image = Image.fromarray(np.array([[0, 1]], np.uint8))
    image = image.convert("P")
    image.putpalette([10, 20, 30, 40, 50, 60])
    image.save(tmp_path / "a.gif", transparency=1)
    found = np.asarray(open_rgb(FolderPictures(tmp_path), "a.gif"))
    np.testing.assert_array_equal(found, [[[10, 20, 30], [255, 255, 255]]])


def test_exif_rotation_is_followed(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise by a quarter
    Image.fromarray(PIXELS).save(tmp_path / "a.png", exif=exif)
    found = np.asarray(open_rgb(FolderPictures(tmp_path), "a.png"))
    np.testing.assert_array_equal(found, np.rot90(PIXELS, -1))


def test_pixels_without_a_known_range_are_refused(tmp_path: Path) -> None:
    Image.fromarray(np.ones((4, 4), np.float32)).save(tmp_path / "a.tif")
    with pytest.raises(UserError, match="32-bit pixels"):
        open_rgb(FolderPictures(tmp_path), "a.tif")
