"""Pictures of classes as files: what is there is not made again, and the numbers are those of the 8 bits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from signsight.core.errors import UserError
from signsight.data.imageset import open_image_set
from signsight.features import make as making_module
from signsight.features.classes import write_class_pictures
from signsight.features.made import Store
from signsight.features.make import Making, make_targets, sure_after
from signsight.features.picture_files import read_picture
from signsight.features.recipe import Recipe
from signsight.features.wanted import wanted
from signsight.models.classifier import Classifier, to_pixels
from small_models import gap

RECIPE = Recipe("pixels", steps=4, rate=0.05)


def write(folder: Path, model: Classifier, which: Any = "all", **settings: Any) -> Store:
    """The pictures of classes in `folder`, with its store."""
    recipe = settings.pop("recipe", RECIPE)
    store = Store(folder / "made", {"recipe": repr(recipe)})
    settings = {"restarts": 1, "diversity": 0.0} | settings
    pictures = folder / "pictures"
    pictures.mkdir(exist_ok=True, parents=True)
    making = Making(model, recipe, 7, 4, frames=2)
    write_class_pictures(making, which, store=store, folder=folder, pictures=pictures, **settings)
    return store


def test_the_files_hold_the_same_picture_and_its_score(tmp_path: Path) -> None:
    model = gap()
    write(tmp_path, model, restarts=2)
    images = open_image_set(tmp_path)
    assert images.index["image_id"].tolist() == [f"{c:03d}-{r}" for c in range(5) for r in range(2)]
    read = np.stack([read_picture(tmp_path / "pictures" / file) for file in images.index["file"]])
    assert np.array_equal(read, images.images.read(0, 10))
    with torch.no_grad():
        logits = model(to_pixels(read)).numpy()
    expected = logits[np.arange(10), images.class_ids]
    np.testing.assert_allclose(images.index["score"], expected, atol=1e-6)
    with np.load(tmp_path / "frames.npz") as frames:
        assert frames["frames"].shape == (5, 2, 16, 16, 3) and frames["steps"].tolist() == [2, 4]


def test_one_class_more_makes_just_that_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model, asked = gap(), []
    whole = making_module.optimise
    monkeypatch.setattr(
        making_module, "optimise", lambda *given, **more: asked.append(given[3]) or whole(*given, **more)
    )
    write(tmp_path / "a", model, [0, 3])
    first = (tmp_path / "a/images.npy").read_bytes()
    write(tmp_path / "a", model, [0, 3])
    assert asked == [["000/0", "003/0"]]
    write(tmp_path / "a", model, [0, 4, 3])
    assert asked[1:] == [["004/0"]]
    kept = np.load(tmp_path / "a/images.npy")[[0, 2]]
    write(tmp_path / "b", model, [0, 3])
    assert (tmp_path / "b/images.npy").read_bytes() == first
    assert np.array_equal(np.load(tmp_path / "b/images.npy"), kept)


def test_a_killed_job_keeps_what_it_had_finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = gap()
    monkeypatch.setattr(making_module, "AT_ONCE", 2)
    whole, calls = making_module.optimise, []

    def dies(*given: Any, **more: Any) -> Any:
        if len(calls) == 1:
            raise KeyboardInterrupt
        calls.append(given[3])
        return whole(*given, **more)

    monkeypatch.setattr(making_module, "optimise", dies)
    with pytest.raises(KeyboardInterrupt):
        write(tmp_path, model)
    assert not (tmp_path / "images.npy").exists() and not (tmp_path / "index.csv").exists()
    asked: list[Any] = []
    monkeypatch.setattr(
        making_module, "optimise", lambda *given, **more: asked.append(given[3]) or whole(*given, **more)
    )
    write(tmp_path, model)
    assert [key for keys in asked for key in keys] == ["002/0", "003/0", "004/0"]


def test_units_and_pairs_of_classes_beside_classes(tmp_path: Path) -> None:
    model = gap()
    which = [1, {"class": 1, "against": 2}, {"layer": "features", "channel": 4}]
    write(tmp_path, model, which)
    index = open_image_set(tmp_path).index
    assert sorted(zip(index["class_id"], index["against"], strict=True)) == [(-1, -1), (1, -1), (1, 2)]
    assert index["label"].tolist() == ["1", "1 against 2", "channel 4 of features"]


def test_restarts_that_have_to_differ_do(tmp_path: Path) -> None:
    model = gap()

    def made(folder: str, diversity: float) -> np.ndarray:
        write(
            tmp_path / folder, model, [2], restarts=2, diversity=diversity, recipe=Recipe("pixels", 12, 0.05)
        )
        return np.load(tmp_path / folder / "images.npy").astype(float)

    free, held = made("free", 0.0), made("held", 50.0)
    assert not np.array_equal(free, held)
    seen = [to_pixels(images.astype(np.uint8)) for images in (free, held)]
    with torch.no_grad():
        maps = [model.network.features(model.normalise(one)).flatten(2) for one in seen]
    grams = [torch.nn.functional.normalize((m @ m.mT).flatten(1), dim=1) for m in maps]
    alike = [float(g[0] @ g[1]) for g in grams]
    assert alike[1] < alike[0]


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ({"layer": "featurs", "channel": 0}, "did you mean 'features'"),
        ({"layer": "features", "channel": 6}, "has 6 channels, counted from 0"),
        ({"layer": "features", "channel": 0, "at": [0, 8]}, "8 rows and 8 columns"),
        ({"layer": "features", "direction": [1, 2]}, "2 numbers"),
    ],
)
def test_a_unit_that_is_not_there_is_refused_before_anything_is_made(
    tmp_path: Path, wish: dict[str, Any], words: str
) -> None:
    with pytest.raises(UserError, match=words) as fault:
        write(tmp_path, gap(), [0, wish])
    assert "features.classes.which" in str(fault.value)
    assert not list(tmp_path.rglob("*.npz")) and not list(tmp_path.rglob("*.png"))


def test_when_the_network_is_sure_is_told_of_the_frames() -> None:
    model = gap()
    frames = np.random.default_rng(0).integers(0, 256, (3, 16, 16, 3), np.uint8)
    with torch.no_grad():
        shares = model(to_pixels(frames)).softmax(1)[:, 0].numpy()
    assert (shares < 0.995).all()
    assert sure_after(model, frames, np.array([1, 2, 3]), 0) is None
    with torch.no_grad():
        model.network.head.weight[0] += 1000  # features are not negative
    assert sure_after(model, frames, np.array([1, 2, 3]), 0) == 1


def test_the_mean_of_a_class_is_that_of_the_right_class(tmp_path: Path) -> None:
    model = gap()
    means = np.zeros((5, 16, 16, 3), np.float32)
    means[3, ..., 1] = 1
    recipe = Recipe("pixels", 60, 0.05, regularisers={"class_mean": {"weight": 1e5}})
    making = Making(model, recipe, 0, 4, frames=1, class_means=means)
    things = wanted([0, 3], model.classes, "k")
    found = {
        one.class_id: arrays["picture"]
        for one, _, arrays in make_targets(making, things, 1, Store(tmp_path, {}), {"weight": 0})
    }
    assert found[0].max() < 40
    assert found[3][..., 1].min() > 215 and found[3][..., [0, 2]].max() < 40


def test_pictures_are_png_files(tmp_path: Path) -> None:
    write(tmp_path, gap(), [0])
    with Image.open(tmp_path / "pictures/000-0.png") as picture:
        assert picture.format == "PNG" and picture.size == (16, 16)
