"""One degree of rotation or perspective on 12,630 images of 48 x 48, read and written: seconds.

OMP_NUM_THREADS=1 PYTHONPATH=workflow_scripts:tests python tests/bench/bench_warp.py
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import numpy as np

from signsight.perturbation.geometry import warped_set
from small_models import image_set, pictures

COUNT, SIZE, BOUND = 12_630, 48, 1.0
CASES = [("rotation", 37), ("rotation", 0), ("perspective_vertical", 30), ("perspective_horizontal", -60)]


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        images = image_set(Path(folder, "in"), pictures(COUNT, SIZE), np.arange(COUNT) % 43)
        best = dict.fromkeys(CASES, float("inf"))
        for _ in range(4):
            for case in CASES:
                start = time.process_time()
                warped_set(images, Path(folder, "out"), *case)
                best[case] = min(best[case], time.process_time() - start)
    for (transform, degree), seconds in best.items():
        print(f"{transform} {degree}: {seconds:.2f} s of one core (bound {BOUND:.0f} s; published 15.83 s)")


if __name__ == "__main__":
    main()
