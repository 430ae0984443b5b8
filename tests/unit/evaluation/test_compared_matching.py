"""The images that experiments have in common: by id in any order, refused where they differ."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from signsight.core.errors import UserError
from signsight.data.imageset import write_index
from signsight.evaluation.compared.matching import likeness_of_pictures, match, read_matched

COUNT, SIDE = 12, 16


def pictures(seed: int = 0) -> np.ndarray:
    """Smooth pictures, each its own."""
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 256, (COUNT, 4, 4, 3), np.uint8)
    return np.stack([np.asarray(Image.fromarray(one).resize((SIDE, SIDE))) for one in small])


def image_set(folder: Path, images: np.ndarray, ids: list[str], classes: np.ndarray | None = None) -> Path:
    folder.mkdir()
    np.save(folder / "images.npy", images)
    own = np.arange(len(ids)) % 3 if classes is None else classes
    write_index(folder, pd.DataFrame({"image_id": ids, "class_id": own, "track": ids, "source": ids}))
    return folder


IDS = [f"{i:03d}" for i in range(COUNT)]


def message(folders: dict[str, Path]) -> str:
    with pytest.raises(UserError) as caught:
        match(folders)
    text = str(caught.value)
    assert "\n" not in text and text.count(". ") == 0
    return text


def test_the_order_of_an_index_does_not_matter(tmp_path: Path) -> None:
    images, order = pictures(), np.random.default_rng(1).permutation(COUNT)
    classes = np.arange(COUNT) % 3
    one = image_set(tmp_path / "one", images, IDS)
    two = image_set(tmp_path / "two", images[order], [IDS[i] for i in order], classes[order])
    found = match({"a": one, "b": two})
    assert found.ids.tolist() == IDS
    assert np.array_equal(images[found.rows_of("a")], images[order][found.rows_of("b")])
    assert np.array_equal(found.class_ids[0], found.class_ids[1])
    found.save(tmp_path / "m.npz")
    again = read_matched(tmp_path / "m.npz")
    assert all(np.array_equal(getattr(again, key), value) for key, value in vars(found).items())


def test_only_common_images_are_kept(tmp_path: Path) -> None:
    one = image_set(tmp_path / "one", pictures()[:8], IDS[:8])
    two = image_set(tmp_path / "two", pictures()[5:], IDS[5:], np.arange(5, COUNT) % 3)
    found = match({"a": one, "b": two})
    assert found.ids.tolist() == IDS[5:8] and found.rows.tolist() == [[5, 6, 7], [0, 1, 2]]
    assert found.counts.tolist() == [8, 7]


def test_disjoint_ids_are_refused(tmp_path: Path) -> None:
    one = image_set(tmp_path / "one", pictures(), IDS)
    two = image_set(tmp_path / "two", pictures(), [f"b{i}" for i in IDS])
    assert "'a' and 'b' have no test image in common" in message({"a": one, "b": two})


def test_another_picture_under_the_same_id_is_refused(tmp_path: Path) -> None:
    one, other = image_set(tmp_path / "one", pictures(), IDS), pictures()
    other[7, 3, 3, 1] ^= 1
    two = image_set(tmp_path / "two", other, IDS)
    assert "'007' is another picture in 'b' than in 'a'" in message({"a": one, "b": two})


def test_pictures_of_another_size_are_matched_if_they_look_alike(tmp_path: Path) -> None:
    images = pictures()
    large = np.stack(
        [np.asarray(Image.fromarray(i).resize((24, 24), Image.Resampling.LANCZOS)) for i in images]
    )
    one = image_set(tmp_path / "one", images, IDS)
    assert len(match({"a": one, "b": image_set(tmp_path / "two", large, IDS)})) == COUNT
    assert match({"a": one, "b": tmp_path / "two"}).sizes.tolist() == [16, 24]
    other = np.roll(large, 1, axis=0)
    assert "show other things" in message({"a": one, "b": image_set(tmp_path / "three", other, IDS)})


def test_likeness_of_plain_pictures() -> None:
    plain, other = np.full((1, 8, 8, 3), 9, np.uint8), np.full((1, 4, 4, 3), 200, np.uint8)
    assert likeness_of_pictures(plain, other).tolist() == [1.0]
    assert likeness_of_pictures(plain, pictures()[:1, :4, :4]).tolist() == [0.0]


def test_classes_may_have_other_numbers_but_must_be_the_same(tmp_path: Path) -> None:
    classes = np.arange(COUNT) % 3
    one = image_set(tmp_path / "one", pictures(), IDS, classes)
    two = image_set(tmp_path / "two", pictures(), IDS, 7 - classes)
    assert match({"a": one, "b": two}).class_ids[1].tolist() == (7 - classes).tolist()
    merged = image_set(tmp_path / "three", pictures(), IDS, np.minimum(classes, 1))
    assert "another class" in message({"a": one, "b": merged})
    assert "another class" in message({"a": merged, "b": one})
