"""The user's own photographs: found, predicted and explained; faults in one sentence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from signsight.attribution.run import Settings
from signsight.core.errors import UserError
from signsight.data.photographs import list_photographs
from signsight.evaluation.photographs import explain_photographs
from small_models import gap

SETTINGS = Settings("saliency", "predicted", "logit", None, 8, {}, 0)
SHARED = Path(__file__).parents[4] / "shared/pictures/real_signs"


def photographs(folder: Path) -> Path:
    folder.mkdir()
    for name, mode, colour in (
        ("a.png", "RGB", (250, 9, 9)),
        ("b.jpg", "L", 40),
        ("c.png", "RGBA", (0, 0, 250, 255)),
    ):
        Image.new(mode, (30, 50), colour).save(folder / name)
    return folder


def test_a_folder_without_classes(tmp_path: Path) -> None:
    folder = photographs(tmp_path / "in")
    explain_photographs(gap(7, 24), folder, SETTINGS, torch.device("cpu"), tmp_path / "out")
    table = pd.read_csv(tmp_path / "out/predictions.csv")
    assert table["file"].tolist() == ["a.png", "b.jpg", "c.png"] and (table["class_id"] == -1).all()
    assert table["probability"].between(1 / 7 - 1e-6, 1).all()
    images, maps = np.load(tmp_path / "out/images.npy"), np.load(tmp_path / "out/maps.npy")
    assert images.shape == (3, 24, 24, 3) and maps.shape == (3, 24, 24)
    assert (images[0] == (250, 9, 9)).all()


def test_a_csv_with_classes(tmp_path: Path) -> None:
    folder = photographs(tmp_path / "in")
    (folder / "labels.csv").write_text("file,class_id,note\nb.jpg,6,\na.png,,unknown\n")
    listed = list_photographs(folder, 7)
    assert listed.to_dict("list") == {"file": ["b.jpg", "a.png"], "class_id": [6, -1]}
    assert list_photographs(folder / "labels.csv", 7).equals(listed)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("name\na.png\n", "lacks the column 'file'"),
        ("file,class_id\na.png,7\n", "class_id '7'; write a number from 0 to 6"),
        ("file\n", "no photographs"),
    ],
)
def test_wrong_lists_are_refused(tmp_path: Path, text: str, sentence: str) -> None:
    (tmp_path / "list.csv").write_text(text)
    with pytest.raises(UserError, match=sentence):
        list_photographs(tmp_path / "list.csv", 7)


def test_a_missing_photograph_is_named(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("file\nnowhere.png\n")
    with pytest.raises(UserError, match=r"nowhere\.png"):
        explain_photographs(
            gap(7, 24), tmp_path / "list.csv", SETTINGS, torch.device("cpu"), tmp_path / "out"
        )
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(not SHARED.is_dir(), reason="../shared/pictures is not here")
def test_real_photographs_are_read() -> None:
    listed = list_photographs(SHARED, 43)
    assert len(listed) == 9 and (listed["class_id"] >= 0).all()
