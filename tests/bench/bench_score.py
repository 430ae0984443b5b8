"""Scoring a set and the AOPC engine against the pure forward passes of the same batches: ratios.

OMP_NUM_THREADS=1 PYTHONPATH=workflow_scripts:tests python tests/bench/bench_score.py
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from signsight.data.imageset import ImageSet
from signsight.evaluation.aopc import Protocol, curves
from signsight.evaluation.scoring import score_set
from signsight.files import ArrayFile
from signsight.models.classifier import Classifier
from signsight.models.registry import build
from small_models import classifier, image_set, pictures

CPU = torch.device("cpu")
COUNT, SIZE, BATCH = 1_024, 48, 256
EXPLAINED = 7
PROTOCOL = Protocol(
    region=6, steps=30, repetitions=10, replacement="uniform", score="softmax", target="predicted", seed=0
)
BOUNDS = {"scoring": 1.15, "AOPC": 1.05}


def forwards(model: Classifier, count: int) -> Callable[[], None]:
    """Nothing but the network on ready batches that make up `count` images."""
    batch = torch.rand(BATCH, SIZE, SIZE, 3).permute(0, 3, 1, 2)  # channels last, as those of image sets

    def run() -> None:
        with torch.inference_mode():
            for start in range(0, count, BATCH):
                model(batch[: min(BATCH, count - start)])

    return run


def interleaved(*jobs: Callable[[], None], rounds: int = 5) -> list[float]:
    """Least processor time of each job, taken in turns, because the machine may be shared."""
    best = [float("inf")] * len(jobs)
    for _ in range(rounds):
        for number, job in enumerate(jobs):
            start = time.process_time()
            job()
            best[number] = min(best[number], time.process_time() - start)
    return best


def engine(model: Classifier, images: ImageSet, folder: Path) -> Callable[[], None]:
    """The region perturbation of EXPLAINED images."""
    maps, rows = ArrayFile(folder / "maps.npy"), np.arange(EXPLAINED)
    return lambda: curves(model, images, maps, rows, PROTOCOL, CPU, BATCH, folder / "curves.npy")


def main() -> None:
    torch.manual_seed(0)
    model = classifier(build("compact", 43, SIZE), 43, SIZE)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        images = image_set(folder / "in", pictures(COUNT, SIZE), np.arange(COUNT) % 43)
        np.save(
            folder / "maps.npy", np.random.default_rng(0).random((EXPLAINED, SIZE, SIZE), dtype=np.float32)
        )
        perturbed = EXPLAINED * (PROTOCOL.steps * PROTOCOL.repetitions + 1)
        pairs = {
            "scoring": (lambda: score_set(model, images, CPU, BATCH), forwards(model, COUNT)),
            "AOPC": (engine(model, images, folder), forwards(model, perturbed)),
        }
        for what, (whole, pure) in pairs.items():
            ours, bare = interleaved(whole, pure)
            print(f"{what}: {ours / bare:.3f} x the forward passes of {bare:.2f} s (bound {BOUNDS[what]})")


if __name__ == "__main__":
    main()
