"""A gallery of the user's own pictures with a network that is there already, without any data set."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from tiny_workflow import Workflow, explaining

METHODS = ["random", "few", "grad_cam"]


def config(**gallery: Any) -> dict[str, Any]:
    """A gallery of the folder `two` by the tiny experiment's methods and network; metrics and all other
    stages are at their defaults, which without a data set come to nothing."""
    tiny = explaining()
    return {
        **{key: tiny[key] for key in ("device", "attribution", "model")},
        "experiment": "own",
        "data": {"name": "none", "size": 24},
        "gallery": {"source": "two", "smoothing": [1, 2], "spreads": [0.1, 0.2], **gallery},
    }


@pytest.fixture(scope="module")
def gallery(finished: Workflow) -> Path:
    """The folder of the finished gallery of the first two test images of the tiny experiment."""
    (finished.folder / "two").mkdir()
    for name, pixels in zip("ab", np.load(finished.results / "crop/test/images.npy")[:2], strict=True):
        Image.fromarray(pixels).save(finished.folder / f"two/{name}.png")
    done = finished.run(config())
    assert done.returncode == 0, done.stdout[-6000:]
    return finished.folder / "results/own"


def test_the_maps_are_those_of_the_same_images_in_a_data_set(finished: Workflow, gallery: Path) -> None:
    assert pd.read_csv(gallery / "gallery_pictures/pictures.csv")["file"].tolist() == ["a.png", "b.png"]
    images = np.load(finished.results / "crop/test/images.npy")[:2]
    assert np.array_equal(np.load(gallery / "gallery_pictures/images.npy"), images)
    with np.load(gallery / "gallery_maps/grad_cam.npz") as file:
        maps = file["maps"]
    expected = np.load(finished.results / "attribute/grad_cam/maps.npy")[:2]
    np.testing.assert_allclose(maps, expected, atol=1e-5 * np.abs(expected).max())


def test_all_its_files_are_made_and_no_others(finished: Workflow, gallery: Path) -> None:
    figures = {str(file.relative_to(gallery / "figures")) for file in (gallery / "figures").rglob("[a-z]*.*")}
    strips = {f"gallery_{name}.{kind}" for name in ("smoothing", "layers") for kind in ("png", "svg")}
    pages = {"gallery/page-01.png", "gallery/page-01.svg"}
    assert figures == strips | pages | {"gallery_animation.png"}
    singles = {str(file.relative_to(gallery / "gallery")) for file in (gallery / "gallery").rglob("*.png")}
    kinds = {"01-random": "heat overlay grey", "02-few": "heat overlay grey colour"}
    kinds["03-grad_cam"] = "heat overlay grey"
    drawn = [f"{method}-{kind}" for method, names in kinds.items() for kind in names.split()]
    expected = {f"{name}/{file}.png" for name in ("01-a", "02-b") for file in ["00-picture", *drawn]}
    assert singles == expected
    for file in gallery.rglob("*.png"):
        with Image.open(file) as picture:
            picture.load()
            assert min(picture.size) > 100
    with Image.open(gallery / "figures/gallery_animation.png") as picture:
        assert picture.n_frames == 2
    assert not (gallery / "tables").exists() and not (gallery / "crop/test").exists()
    assert finished.planned(config()) == {}


def test_a_picture_more_and_a_method_more(finished: Workflow, gallery: Path) -> None:
    drawn = {"gallery_sheet": 1, "gallery_singles": 1, "explorer_document": 1, "explorer_page": 1}
    assert finished.planned(config(methods=[*METHODS, "sobel"])) == {"album_maps": 1} | drawn
    assert finished.planned(config(singles=False)) == {}
    assert finished.planned(config(smoothing=[1, 3])) == {"gallery_sweeps": 1, "gallery_strips": 1}
    added = finished.folder / "two/c.png"
    Image.new("RGB", (30, 20)).save(added)
    try:
        planned = finished.planned(config())
    finally:
        added.unlink()
    once = {"album_pictures": 1, "gallery_sweeps": 1, "gallery_strips": 1}
    assert planned == drawn | once | {"album_maps": 3}
