"""Imagenette's archive: records, pictures as torchvision would prepare them, samples, and faults."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torchvision
from PIL import Image
from torchvision.transforms import v2

import tiny_imagenette
from signsight.core.errors import UserError
from signsight.data.crop import Cut, crop
from signsight.data.dataset import Options, Part
from signsight.data.download import fetch
from signsight.data.imageset import open_image_set
from signsight.data.sample import sample_of, sampled
from signsight.data.sets.imagenette import CLASS_NAMES, IMAGENETTE, Imagenette, imagenette_records
from signsight.data.tar import StreamedTar, files
from tiny_imagenette import ROOT, Members

IMAGENET = torchvision.models.AlexNet_Weights.DEFAULT.meta["categories"]
TEN = list(CLASS_NAMES.values())
INDICES = [0, 217, 482, 491, 497, 566, 569, 571, 574, 701]
MEMBERS = tiny_imagenette.members(train=2, val=4)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_imagenette.write_archive(tmp_path_factory.mktemp("imagenette"), MEMBERS)


def prepared(data: bytes, size: int) -> np.ndarray:
    """What torchvision makes of the picture."""
    image = Image.open(io.BytesIO(data)).convert("RGB")
    return np.asarray(v2.Compose([v2.Resize(round(size * 256 / 224)), v2.CenterCrop(size)])(image))


def part_of(archive: Path, names: list[str] | None = None) -> Part:
    return Imagenette().part("test", {"images": archive}, Options(class_names=names))


def test_the_classes_are_those_of_imagenet() -> None:
    assert [IMAGENET.index(name) for name in TEN] == INDICES


def test_records_have_the_numbers_of_the_models_classes(archive: Path) -> None:
    test, train = (imagenette_records(part, archive, IMAGENET) for part in ("test", "train"))
    assert (len(test), len(train)) == (40, 20)
    assert test["class_id"].tolist() == [i for i in INDICES for _ in range(4)]
    assert test["image_id"].is_unique and test["track"].is_unique
    assert all(
        f"{ROOT}/val/{name}" == source for name, source in zip(test["image_id"], test["source"], strict=True)
    )
    assert not set(test["source"]) & set(train["source"])
    own = imagenette_records("train", archive, TEN)
    assert own["class_id"].tolist() == [i for i in range(10) for _ in range(2)]
    with pytest.raises(UserError, match="no class 'parachute'"):
        imagenette_records("test", archive, TEN[:-1])


@pytest.mark.parametrize("size", [32, 64])
def test_pictures_are_prepared_as_torchvision_does(archive: Path, tmp_path: Path, size: int) -> None:
    for workers in (1, 3):
        part = part_of(archive, IMAGENET)
        crop(part, tmp_path / f"{workers}", Cut(size, fit="centre_crop"), workers=workers)
    one, three = open_image_set(tmp_path / "1"), open_image_set(tmp_path / "3")
    assert one.class_ids.tolist() == part.records["class_id"].tolist()
    expected = np.stack([prepared(MEMBERS[source], size) for source in one.index["source"]])
    assert np.array_equal(one.take(range(40)), expected)
    assert np.array_equal(three.take(range(40)), expected)
    grey = one.take([1])[0]
    assert np.array_equal(grey[..., 0], grey[..., 1]) and grey.std() > 5


def test_files_are_read_in_any_order_and_by_threads(archive: Path) -> None:
    sources = imagenette_records("test", archive, TEN)["source"].tolist()
    order = [sources[i] for i in np.random.default_rng(0).permutation(len(sources))]
    tar = StreamedTar(archive, sources)
    with ThreadPoolExecutor(4) as pool:
        for source, data in zip(order, pool.map(tar.read, order), strict=True):
            assert data == MEMBERS[source]
    with pytest.raises(UserError, match="no member"):
        tar.read("other.JPEG")


def test_a_sample_is_part_of_a_larger_one_whatever_the_order(archive: Path, tmp_path: Path) -> None:
    records = imagenette_records("test", archive, TEN)
    few, more = sampled(records, 7, 3), sampled(records, 20, 3)
    assert len(few) == 7 and set(few["image_id"]) < set(more["image_id"])
    assert more["image_id"].tolist() == [i for i in records["image_id"] if i in set(more["image_id"])]
    shuffled = sampled(records.sample(frac=1, random_state=0), 7, 3)
    assert set(shuffled["image_id"]) == set(few["image_id"]) != set(sampled(records, 7, 4)["image_id"])
    assert sampled(records, None, 3) is records and sampled(records, 999, 3) is records
    part = sample_of(part_of(archive), 7, 3)
    crop(part, tmp_path, Cut(32, fit="centre_crop"))
    images = open_image_set(tmp_path)
    expected = np.stack([prepared(MEMBERS[source], 32) for source in few["source"]])
    assert np.array_equal(images.take(range(7)), expected)


def test_the_archive_comes_from_a_server_and_is_checked(archive: Path, tmp_path: Path) -> None:
    md5 = hashlib.md5(archive.read_bytes()).hexdigest()
    with tiny_imagenette.server(archive.parent) as address:
        fetch(address, IMAGENETTE, tmp_path / IMAGENETTE, checksum=f"md5:{md5}")
        assert (tmp_path / IMAGENETTE).read_bytes() == archive.read_bytes()
        with pytest.raises(
            UserError, match=f"has the md5 {md5}, expected is 3df6f0d01a2c9592104656642f5e78a3"
        ):
            fetch(address, IMAGENETTE, tmp_path / "b.tgz", checksum="md5:3df6f0d01a2c9592104656642f5e78a3")


def put(name: str, data: bytes = b"x") -> Callable[[Members], None]:
    return lambda some: some.update({name: data})


def without_church(some: Members) -> None:
    for name in [name for name in some if "/val/n03028079" in name]:
        del some[name]


FAULTS: dict[str, tuple[Callable[[Members], None], str]] = {
    "up and out": (put(f"{ROOT}/../../evil.JPEG"), "evil.JPEG', which leads out of the archive"),
    "absolute": (put("/etc/evil.JPEG"), "leads out of the archive"),
    "another class": (put(f"{ROOT}/val/n02086240/a.JPEG"), "'n02086240', which is not one of the ten"),
    "no class": (without_church, "no picture in val/n03028079.*data.allow_empty_classes"),
    "twice": (put("again/val/n03028079/n03028079_0.JPEG"), "n03028079/n03028079_0.JPEG twice"),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_of_the_archive_is_one_sentence(tmp_path: Path, name: str) -> None:
    fault, words = FAULTS[name]
    some = tiny_imagenette.members()
    fault(some)
    path = tiny_imagenette.write_archive(tmp_path, some)
    with pytest.raises(UserError, match=words) as caught:
        imagenette_records("test", path, TEN)
    assert "\n" not in str(caught.value) and str(path) in str(caught.value)


def test_an_empty_class_can_be_allowed(tmp_path: Path) -> None:
    some = tiny_imagenette.members()
    without_church(some)
    path = tiny_imagenette.write_archive(tmp_path, some)
    assert 4 not in set(imagenette_records("test", path, TEN, allow_empty=True)["class_id"])


@pytest.mark.parametrize("keep", [0, 5, 500, 0.5, -9, -1])
def test_a_cut_off_archive_is_never_taken_for_a_whole_one(archive: Path, tmp_path: Path, keep: float) -> None:
    data = archive.read_bytes()
    path = tmp_path / IMAGENETTE
    path.write_bytes(data[: int(keep * len(data)) if isinstance(keep, float) else keep])
    with pytest.raises(UserError, match=r"is not a complete \.tgz archive .*download it again") as caught:
        list(files(path))
    assert "\n" not in str(caught.value)


def test_damage_within_is_found(archive: Path, tmp_path: Path) -> None:
    data = bytearray(archive.read_bytes())
    data[len(data) // 2] ^= 0xFF
    (tmp_path / IMAGENETTE).write_bytes(data)
    with pytest.raises(UserError, match="not a complete"):
        list(files(tmp_path / IMAGENETTE))
    (tmp_path / IMAGENETTE).write_bytes(b"a page that says 404")
    with pytest.raises(UserError, match="not a complete"):
        list(files(tmp_path / IMAGENETTE))
    with pytest.raises(UserError, match="does not exist"):
        list(files(tmp_path / "nowhere.tgz"))


def test_a_broken_picture_is_named(tmp_path: Path) -> None:
    some = tiny_imagenette.members(val=1)
    name = f"{ROOT}/val/n03888257/n03888257_0.JPEG"
    some[name] = some[name][:200]
    part = part_of(tiny_imagenette.write_archive(tmp_path, some))
    with pytest.raises(UserError, match=f"{name} in .* is a broken picture"):
        crop(part, tmp_path / "crop", Cut(32, fit="centre_crop"))
    assert not list((tmp_path / "crop").iterdir())
