"""ROAD's imputation: milliseconds a picture by size, kind of gap and share of hidden pixels.

OMP_NUM_THREADS=1 PYTHONPATH=workflow_scripts:tests python tests/bench/bench_road.py
"""

from __future__ import annotations

import torch
from bench_score import interleaved

from signsight.perturbation.imputation import impute

BATCHES = {48: 64, 224: 8}


def gaps(kind: str, batch: int, size: int, share: float) -> torch.Tensor:
    """(batch, 1, size, size) bool: scattered pixels, or one hole about the middle."""
    places = torch.linspace(-1, 1, size)
    hole = (places[:, None] ** 2 + places[None] ** 2).expand(batch, 1, size, size)
    field = torch.rand(batch, 1, size, size) if kind == "scattered" else hole
    return field < field.flatten(1).quantile(share, 1)[:, None, None, None]


def main() -> None:
    torch.manual_seed(0)
    torch.set_num_threads(1)
    for size, batch in BATCHES.items():
        images = torch.rand(batch, 3, size, size)
        for kind in ("scattered", "one hole"):
            for share in (0.1, 0.5, 0.9):
                hidden = gaps(kind, batch, size, share)
                (cost,) = interleaved(lambda i=images, h=hidden: impute(i, h), rounds=2)
                print(f"{size} px, {kind}, {share:.0%} hidden: {1000 * cost / batch:.1f} ms a picture")


if __name__ == "__main__":
    main()
