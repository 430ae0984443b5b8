"""Crop of all of GTSRB (39,209 + 12,630 images) to 48 x 48 with two workers; bound 60 s.

Takes ../shared/gtsrb-32 for the number of images, and ../shared/gtsrb-sample, as often as it makes
up that number, for the size of real ones. Run: PYTHONPATH=workflow_scripts python tests/bench/bench_crop.py
"""

from __future__ import annotations

import resource
import tempfile
import time
from pathlib import Path

import pandas as pd

from signsight.data import archives
from signsight.data.crop import Cut, crop
from signsight.data.dataset import Part
from signsight.data.pictures import Archive

SHARED = Path(__file__).parents[3] / "shared"
BOUND, IMAGES, WORKERS = 60.0, 51_839, 2


def seconds(folder: Path, repeat: int) -> tuple[float, int]:
    """Seconds for reading and cropping both sets `repeat` times, and the number of images."""
    images, start = 0, time.perf_counter()
    training = folder / archives.TRAINING_IMAGES, folder / archives.TEST_IMAGES
    with tempfile.TemporaryDirectory() as target:
        for name, path in zip(("train", "test"), training, strict=True):
            records = (
                archives.training_records(Archive(path))
                if name == "train"
                else archives.test_records(Archive(path), Archive(folder / archives.TEST_TRUTH))
            )
            records = pd.concat([records] * repeat, ignore_index=True)
            crop(Part(records, Archive(path)), Path(target) / name, Cut(48), workers=WORKERS)
            images += len(records)
    return time.perf_counter() - start, images


def main() -> None:
    for name, repeat in (("gtsrb-32", 1), ("gtsrb-sample", 10)):
        if not (SHARED / name).is_dir():
            print(f"../shared/{name} is not here")
            continue
        taken, images = seconds(SHARED / name, repeat)
        taken *= IMAGES / images
        print(
            f"crop of {IMAGES} images of {name}, {WORKERS} workers: {taken:.1f} s, "
            f"{taken / BOUND:.2f} of the bound of {BOUND:.0f} s"
        )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory {peak:.0f} MB")


if __name__ == "__main__":
    main()
