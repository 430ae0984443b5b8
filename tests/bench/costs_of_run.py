"""What each stage of a run costs for an image, by the `benchmarks/` of its results, and for a million images.

Run: python tests/bench/costs_of_run.py results/<experiment> [--images 1000000]. CPU seconds are those beyond
the start of a job (the least of a job with torch, or of one without), bytes those of the rule's own folder.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import pandas as pd

TORCH = ("attribute", "score", "evaluate")  # of the rules whose jobs go over the test images
OTHERS = (
    "crop",
    "rank",
    "mask",
    "sticker",
    "warp",
    "compose",
    "gather_maps",
    "gather_scores",
    "gather_values",
)


def jobs_of(results: Path) -> pd.DataFrame:
    """A row a job: its rule, what it is of (a method, a metric, a kind of set), CPU seconds, MB and bytes."""
    rows = []
    for rule in (*TORCH, *OTHERS):
        own = results / "benchmarks" / rule
        for file in sorted(own.rglob("*.tsv")):
            told = pd.read_csv(file, sep="\t").iloc[0]
            job = file.relative_to(own).with_suffix("")
            size = stored(results / rule / job)
            rows.append((rule, job.parts[0], float(told["cpu_time"]), float(told["max_rss"]), size))
    return pd.DataFrame(rows, columns=["rule", "of", "cpu", "peak_mb", "bytes"])


def stored(place: Path) -> int:
    """Bytes of what a job put out: the folder of its name, or the files of its name and any suffix."""
    files = place.rglob("*") if place.is_dir() else place.parent.glob(f"{place.name}.*")
    return sum(file.stat().st_size for file in files if file.is_file())


def costs(results: Path, images: int) -> pd.DataFrame:
    """Of a job of each kind, in the mean: for one image CPU ms and bytes, for `images` CPU hours and GB."""
    table = jobs_of(results)
    count = len(pd.read_csv(results / "crop/test/index.csv"))
    table["cpu"] -= table.groupby(table["rule"].isin(TORCH))["cpu"].transform("min")
    jobs = table.groupby(["rule", "of"], sort=False)
    found = jobs.agg(
        jobs=("cpu", "size"), cpu=("cpu", "mean"), bytes=("bytes", "mean"), peak=("peak_mb", "max")
    )
    one = found[["cpu", "bytes"]] / count
    return pd.DataFrame(
        {
            "jobs": found["jobs"],
            "peak MB": found["peak"],
            "CPU ms": 1e3 * one["cpu"],
            "bytes": one["bytes"],
            "CPU h": one["cpu"] * images / 3600,
            "GB": one["bytes"] * images / 1e9,
        }
    ).reset_index()


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=Path)
    parser.add_argument("--images", type=int, default=1_000_000)
    asked = parser.parse_args()
    print(
        costs(asked.results, asked.images).to_string(index=False, float_format=lambda value: f"{value:.3g}")
    )


if __name__ == "__main__":
    main()
