"""Stock pictures: rendered, or the user's own by class number."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from signsight.core.errors import UserError
from signsight.data.imageset import open_image_set
from signsight.data.sets.gtsrb import Gtsrb
from signsight.data.stock import write_stock
from signsight.signs.stock import stock_sign


def test_rendered_stock_has_every_class_in_order(tmp_path: Path) -> None:
    write_stock(tmp_path, 43, size=32, source=None, data_set=Gtsrb())
    images = open_image_set(tmp_path)
    assert images.class_ids.tolist() == list(range(43)) and images.size == (32, 32)
    assert np.array_equal(images.take([14])[0], stock_sign(14, 32)[0])


def test_own_stock_is_found_by_its_number(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    for name, colour in (("00014.png", (200, 0, 0)), ("2.jpg", (0, 0, 200))):
        Image.new("RGB", (50, 40), colour).save(own / name, quality=95)
    (own / "notes.txt").write_text("not a picture")
    write_stock(tmp_path / "set", 43, size=24, source=own, data_set=Gtsrb())
    images = open_image_set(tmp_path / "set")
    assert images.class_ids.tolist() == [2, 14]
    assert np.allclose(images.take([1])[0], (200, 0, 0), atol=2)


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        (["43.png"], "none of the 43 classes"),
        (["3.png", "03.jpg"], "there twice"),
        (["stop.png"], "no picture named"),
    ],
)
def test_wrong_names_are_refused(tmp_path: Path, names: list[str], sentence: str) -> None:
    for name in names:
        Image.new("RGB", (9, 9)).save(tmp_path / name)
    with pytest.raises(UserError, match=sentence):
        write_stock(tmp_path / "set", 43, size=24, source=tmp_path, data_set=Gtsrb())
    assert not (tmp_path / "set").exists()


def test_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"does not exist; correct 'stickers\.stock'"):
        write_stock(tmp_path / "set", 43, size=24, source=tmp_path / "nowhere", data_set=Gtsrb())
