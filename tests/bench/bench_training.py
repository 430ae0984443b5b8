"""Speed of training `compact`: float32 against bfloat16, augmentation's share, memory; plain script.

    PYTHONPATH=workflow_scripts python tests/bench/bench_training.py [--size 32] [--threads 2]

Bound: one run of the preset `short` over the 39,209 images of GTSRB at 32 px in 10 minutes, 2 GB.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from signsight.data.imageset import ImageSet, image_writer, open_image_set, write_index
from signsight.models.adapted import adapted
from signsight.models.augment import augment, draw
from signsight.models.classifier import to_pixels
from signsight.models.presets import resolve
from signsight.models.training import train

GTSRB, BOUND_SECONDS, BOUND_GB = 39_209, 600, 2.0


def make_images(folder: Path, count: int, size: int) -> ImageSet:
    """Noise: the time does not depend on what is seen."""
    rng = np.random.default_rng(0)
    with image_writer(folder, count, size, size) as writer:
        writer.append(rng.integers(0, 256, (count, size, size, 3), dtype=np.uint8))
    index = {"image_id": range(count), "class_id": rng.integers(0, 43, count)}
    write_index(folder, pd.DataFrame({**index, "track": "", "source": ""}))
    return open_image_set(folder)


def training_rate(images: ImageSet, folder: Path, amp: bool) -> float:
    """Examples a second in the second of two epochs."""
    columns = {"row": range(len(images)), "class_id": images.class_ids, "flip": "", "angle": 0.0}
    history = train(
        images,
        pd.DataFrame({**columns, "subset": "train"}),
        model={"name": "compact"},
        classes=[str(number) for number in range(43)],
        settings={"epochs": 2, "batch_size": 64, "learning_rate": 0.1, "amp": amp},
        seed=0,
        device=torch.device("cpu"),
        folder=folder / f"model_{amp}",
        resume_folder=folder / f"resume_{amp}",
    )
    return len(images) / history["seconds"].iloc[-1]


def defaults(examples: int) -> dict[str, Any]:
    """The settings of the preset for so many examples."""
    return adapted(resolve({}), examples=examples, validation=examples, pretrained=False)[0]


def augmentation_rate(images: ImageSet) -> float:
    """Examples a second of drawing and resampling alone, in the batches of the preset."""
    count = len(images)
    settings = defaults(count)
    start = time.perf_counter()
    draws = draw(settings["augmentation"], np.full(count, ""), np.zeros(count), 0, 0)
    for rows in np.array_split(np.arange(count), count // settings["batch_size"]):
        pixels = to_pixels(images.images.read(rows[0], rows[-1] + 1))
        augment(pixels, draws, rows, settings["augmentation"]["fill"])
    return count / (time.perf_counter() - start)


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=6400)
    parser.add_argument("--size", type=int, default=32)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        images = make_images(folder, options.images, options.size)
        augmentation = augmentation_rate(images)
        rates = {amp: training_rate(images, folder, amp) for amp in (False, True)}
    print(f"{options.size} px, {options.threads} threads, examples/s:")
    print(f"  float32 {rates[False]:.0f}, bfloat16 {rates[True]:.0f} ({rates[True] / rates[False]:.2f} x)")
    print(f"  augmentation alone {augmentation:.0f} ({rates[True] / augmentation:.1%} of a step)")
    epochs = defaults(GTSRB)["epochs"]
    seconds = GTSRB * epochs / max(rates.values())
    ratio = seconds / BOUND_SECONDS
    print(f"  {GTSRB} images x {epochs} epochs: {seconds:.0f} s = {ratio:.2f} x {BOUND_SECONDS} s")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"  peak {peak:.2f} GB = {peak / BOUND_GB:.2f} x {BOUND_GB} GB")


if __name__ == "__main__":
    main()
