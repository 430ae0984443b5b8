"""A made-up folder of leaves whose class is a coloured mark: it is learned, and maps point at the mark."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

from signsight.attribution.run import Settings, explain_batch
from signsight.core.rng import generator
from signsight.data.crop import Cut, crop
from signsight.data.dataset import Options
from signsight.data.examples import make_examples
from signsight.data.imageset import ImageSet, open_image_set
from signsight.data.masks import Masks, mask_regions
from signsight.data.sets.listed import ListedPictures
from signsight.evaluation.metrics.localisation import pointing_game
from signsight.evaluation.scoring import score_set
from signsight.models.checkpoint import load
from signsight.models.classifier import Classifier
from signsight.models.training import train

CPU, SIZE = torch.device("cpu"), 24
MARKS = {"healthy": None, "multiple_diseases": (60, 60, 200), "rust": (210, 120, 20), "scab": (60, 20, 30)}
WIDE, HIGH, RADIUS = 72, 48, 7


class Leaves(NamedTuple):
    """A trained network, the test pictures, and where the mark is in them."""

    model: Classifier
    images: ImageSet
    regions: np.ndarray


def draw_leaves(root: Path, count: int) -> None:
    """Pictures, masks of their marks, and the table of a folder as Plant Pathology's."""
    (root / "data/images").mkdir(parents=True)
    (root / "marks/images").mkdir(parents=True)
    rows = ["image_id," + ",".join(MARKS)]
    for number in range(count):
        rng = generator(1, "leaf", number)
        noise = rng.integers(90, 150, (HIGH, WIDE, 1)).repeat(3, 2).astype(np.uint8)
        picture, mask = Image.fromarray(noise), Image.new("L", (WIDE, HIGH))
        ImageDraw.Draw(picture).ellipse((16, 4, 56, 44), fill=(40, int(rng.integers(110, 160)), 50))
        x, y = (int(one) for one in rng.integers((26, 14), (46, 34)))
        box = (x - RADIUS, y - RADIUS, x + RADIUS, y + RADIUS)
        colour = list(MARKS.values())[number % len(MARKS)]
        if colour:
            ImageDraw.Draw(picture).ellipse(box, fill=colour)
        ImageDraw.Draw(mask).ellipse(box, fill=255)
        picture.save(root / f"data/images/Train_{number}.jpg", quality=92)
        mask.save(root / f"marks/images/Train_{number}.png")
        rows.append(f"Train_{number}," + ",".join(str(int(number % 4 == c)) for c in range(4)))
    (root / "data/train.csv").write_text("\n".join(rows))


@pytest.fixture(scope="module")
def leaves(tmp_path_factory: pytest.TempPathFactory) -> Leaves:
    root = tmp_path_factory.mktemp("leaves")
    draw_leaves(root, 64)
    options, made = Options(str(root / "data"), seed=5), ListedPictures()
    for name in ("train", "test"):
        crop(made.part(name, {}, options), root / name, Cut(SIZE, fit="centre_crop"))
    seen, images = open_image_set(root / "train"), open_image_set(root / "test")
    plain = {"mirror": False, "balance": None, "rotate": "never", "rotate_sd": 0, "split_by": "track"}
    examples = make_examples(seen.index, flip_lr={}, flip_tb={}, validation_fraction=0.15, seed=5, **plain)
    train(
        seen,
        examples,
        model={"name": "compact", "parameters": {"width": 8}},
        classes=list(MARKS),
        settings={"epochs": 16, "batch_size": 16},
        seed=5,
        device=CPU,
        folder=root / "model",
        resume_folder=root / "resume",
    )
    marks = Masks(root / "marks", 128, "centre_crop")
    regions = np.concatenate(list(mask_regions(images.index, SIZE, marks)))
    return Leaves(load(root / "model"), images, regions)


def test_it_learns_the_marks(leaves: Leaves) -> None:
    predicted = score_set(leaves.model, leaves.images, CPU, 64)[0]
    assert (predicted == leaves.images.class_ids).mean() > 0.6  # chance is 0.25


@pytest.mark.parametrize("method", ["saliency", "occlusion", "lrp_composite"])
def test_maps_point_at_the_mark(leaves: Leaves, method: str) -> None:
    rows = np.flatnonzero(leaves.images.class_ids > 0)  # nothing is on a healthy leaf
    ids = leaves.images.index["image_id"].iloc[rows].tolist()
    settings = Settings(method, "true", "logit", None, 64, {}, 5)
    maps = explain_batch(
        leaves.model, leaves.images.take(rows), leaves.images.class_ids[rows], ids, settings, CPU
    )
    inside = leaves.regions[rows].reshape(len(rows), -1) > 0
    hits = pointing_game(maps.reshape(len(rows), -1), inside)
    assert np.nanmean(hits) > 0.5 > 4 * inside.mean()
