"""Scoring a set against the pure forward passes of the same batches: a ratio.

OMP_NUM_THREADS=1 PYTHONPATH=workflow_scripts:tests python tests/bench/bench_score.py
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from signsight.evaluation.scoring import score_set
from signsight.models.build import build
from signsight.models.classifier import Classifier
from small_models import classifier, image_set, pictures

CPU = torch.device("cpu")
COUNT, SIZE, BATCH = 1_024, 48, 256
BOUND = 1.15


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


def main() -> None:
    torch.manual_seed(0)
    model = classifier(build("compact", 43, SIZE), 43, SIZE)
    with tempfile.TemporaryDirectory() as name:
        images = image_set(Path(name, "in"), pictures(COUNT, SIZE), np.arange(COUNT) % 43)
        ours, bare = interleaved(lambda: score_set(model, images, CPU, BATCH), forwards(model, COUNT))
        print(f"scoring: {ours / bare:.3f} x the forward passes of {bare:.2f} s (bound {BOUND})")


if __name__ == "__main__":
    main()
