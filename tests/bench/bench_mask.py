"""Ranking the cells and writing the masked sets k = 0..10 of one method, 12,630 images: seconds.

OMP_NUM_THREADS=1 PYTHONPATH=workflow_scripts:tests python tests/bench/bench_mask.py
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import numpy as np

from signsight.perturbation.masking import masked_sets, rank_file
from small_models import image_set, pictures

COUNT, SIZE, BOUND = 12_630, 48, 5.0


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        images = image_set(folder / "in", pictures(COUNT, SIZE), np.arange(COUNT) % 43)
        np.save(folder / "maps.npy", np.random.default_rng(0).random((COUNT, SIZE, SIZE), dtype=np.float32))
        outputs = {k: folder / str(k) for k in range(11)}
        ranking, masking = [], []
        for _ in range(3):
            start = time.perf_counter()
            rank_file(folder / "maps.npy", folder / "cells.npy", grid=8, share=0.25, count=10)
            middle = time.perf_counter()
            masked_sets(images, folder / "cells.npy", outputs, grid=8, colour=(1, 1, 1))
            ranking.append(middle - start)
            masking.append(time.perf_counter() - middle)
    print(
        f"ranking {min(ranking):.2f} s + 11 masked sets {min(masking):.2f} s = "
        f"{min(ranking) + min(masking):.2f} s (bound {BOUND:.0f} s)"
    )


if __name__ == "__main__":
    main()
