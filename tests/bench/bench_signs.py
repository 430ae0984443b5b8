"""Speed of the embedded data set: images a second of one core, against the bound of 300.

Run: PYTHONPATH=workflow_scripts python tests/bench/bench_signs.py
"""

from __future__ import annotations

import tempfile
import time

from signsight.signs import render_archives

BOUND = 300
COUNTS = {"tracks_per_class": 20, "frames_per_track": 3, "test_per_class": 20, "min_px": 20, "max_px": 110}


def main() -> None:
    """Render 3,440 images in one process, start-up, PPM, masks and zip included."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.process_time()
        render_archives(folder, seed=1, **COUNTS)
        seconds = time.process_time() - start
    count = 43 * (20 * 3 + 20)
    rate = count / seconds
    print(f"signs: {count} images in {seconds:.2f} s of CPU, {rate:.0f} images/s")
    print(f"bound {BOUND} images/s: {rate / BOUND:.2f} x {'ok' if rate >= BOUND else 'TOO SLOW'}")


if __name__ == "__main__":
    main()
