"""The study's table of examples (43 x 4,500 = 193,500 rows), made, written and read; bound 3 s to make.

Run: PYTHONPATH=workflow_scripts python tests/bench/bench_examples.py
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import pandas as pd

from signsight.data.classes import FLIP_LR, FLIP_TB
from signsight.data.examples import make_examples, read_examples, write_examples

BOUND = 3.0


def index() -> pd.DataFrame:
    """An index as GTSRB's: 43 classes, 1,306 tracks of 30 frames."""
    rows = [
        (f"{c:05d}/{t:05d}_{f:05d}", c, f"{c:05d}/{t:05d}", "")
        for c in range(43)
        for t in range(30 + (c < 16))
        for f in range(30)
    ]
    return pd.DataFrame(rows, columns=["image_id", "class_id", "track", "source"])


def main() -> None:
    table = index()
    for split_by in ("random", "track"):
        start = time.perf_counter()
        examples = make_examples(
            table,
            flip_lr=FLIP_LR,
            flip_tb=FLIP_TB,
            mirror=True,
            balance=4500,
            rotate="once",
            rotate_sd=20.0,
            split_by=split_by,
            validation_fraction=0.3,
            seed=2020,
        )
        made = time.perf_counter()
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "examples.csv"
            write_examples(path, examples)
            written = time.perf_counter()
            read_examples(path)
            read = time.perf_counter()
        print(
            f"{len(examples)} examples split by {split_by}: {made - start:.2f} s, "
            f"{(made - start) / BOUND:.2f} of the bound; written in {written - made:.2f} s, "
            f"read in {read - written:.2f} s"
        )


if __name__ == "__main__":
    main()
