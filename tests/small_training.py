"""A training of a few seconds, and what tests of training ask of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from signsight.data.imageset import ImageSet, image_writer, open_image_set, write_index
from signsight.models import checkpoint, training
from signsight.models.states import read_tensors

CLASSES = ["red", "green", "blue"]
QUICK = {
    "epochs": 4,
    "batch_size": 12,
    "learning_rate": 0.05,
    "label_smoothing": 0.0,
    "augmentation": {"rotation": 5.0},
}
CPU = torch.device("cpu")
COMPACT = {"name": "compact", "parameters": {"width": 4}}


def make_images(folder: Path, count: int = 60, size: int = 8) -> ImageSet:
    """Noise with one colour brightened: the class."""
    rng = np.random.default_rng(0)
    labels = np.arange(count) % 3
    images = rng.integers(0, 120, (count, size, size, 3), dtype=np.uint8)
    images[np.arange(count), :, :, labels] += 100
    with image_writer(folder, count, size, size) as writer:
        writer.append(images)
    index = {"image_id": range(count), "class_id": labels, "track": "", "source": "test"}
    write_index(folder, pd.DataFrame(index))
    return open_image_set(folder)


def make_examples(images: ImageSet) -> pd.DataFrame:
    """Every image once; every fifth triple for validation."""
    rows = np.arange(len(images))
    subset = np.where(rows // 3 % 5 == 0, "validation", "train")
    columns = {"row": rows, "class_id": images.class_ids, "flip": "", "angle": 0.0}
    return pd.DataFrame({**columns, "subset": subset})


def run(
    folder: Path,
    images: ImageSet,
    examples: pd.DataFrame | None = None,
    seed: int = 1,
    model: dict[str, Any] = COMPACT,
    **settings: object,
) -> pd.DataFrame:
    """Train in `folder`: the model in `model`, the state to go on from in `resume`."""
    return training.train(
        images,
        make_examples(images) if examples is None else examples,
        model=model,
        classes=CLASSES,
        settings={**QUICK, **settings},
        seed=seed,
        device=CPU,
        folder=folder / "model",
        resume_folder=folder / "resume",
    )


def weights(folder: Path) -> dict[str, torch.Tensor]:
    """The weights that `run` has kept in `folder`."""
    return read_tensors(folder / "model" / checkpoint.WEIGHTS)


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    """Whether two sets of weights are equal, bit for bit, in the same order."""
    return list(one) == list(other) and all(torch.equal(one[name], other[name]) for name in one)
