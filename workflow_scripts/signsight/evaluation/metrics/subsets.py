"""Metrics on random subsets of pixels: sensitivity-n and faithfulness correlation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import numpy as np
import torch

from signsight.core.parameters import Limits
from signsight.core.registry import metrics
from signsight.core.rng import generator
from signsight.evaluation.engine import (
    Fills,
    Pairs,
    followed,
    perturbed_scores,
)
from signsight.evaluation.metrics.block import Block, Result
from signsight.evaluation.metrics.choices import Hidden, Score, Subsets
from signsight.models.classifier import to_pixels


@metrics.register(
    "sensitivity_n",
    label="Sensitivity-n",
    needs="model",
    source="Ancona et al. 2018, arXiv:1711.06104",
    x="Share of pixels hidden",
    quantities={
        "sensitivity_n": {
            "direction": "higher", "low": -1, "high": 1, "chance": 0,
            "label": "Sensitivity-n",
            "means": "correlation of a subset's summed values with the fall of the score, mean over sizes",
        },
    },
    curves={"correlation": {"label": "Correlation"}},
)  # fmt: skip
def sensitivity_n(
    block: Block,
    *,
    shares: Annotated[
        Sequence[float],
        Limits(above=0, below=1, unique=True),
        "Sizes of the subsets as shares of the pixels.",
    ] = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 0.8),
    subsets: Subsets = 100,
    hidden: Hidden = "zero",
    score: Score = "logit",
) -> Result:
    """Curve "correlation": Pearson's correlation over `subsets` random subsets of n pixels, by n.

    For each subset the sum of the map in it is compared with the fall of the class's `score` when its
    pixels are replaced (`hidden`, a replacement by name; what it draws is the same for all subsets). n
    is given as `shares` of the pixels. A map that is complete for a linear network has 1 everywhere.
    NaN where one of the two never varies. Subsets are drawn for each image by its id, the same for
    every method.
    """
    curve = _correlations(block, shares, subsets, hidden, score)
    value = curve.mean(1, dtype=np.float64)
    return Result({"sensitivity_n": value}, {"correlation": curve}, np.asarray(shares, np.float64))


@metrics.register(
    "faithfulness_correlation",
    label="Faithfulness correlation",
    needs="model",
    source="Bhatt et al. 2020, arXiv:2005.00631",
    x="",
    quantities={
        "faithfulness_correlation": {
            "direction": "higher", "low": -1, "high": 1, "chance": 0,
            "label": "Faithfulness correlation",
            "means": "correlation of a subset's summed values with the fall of the score without it",
        },
    },
)  # fmt: skip
def faithfulness_correlation(
    block: Block,
    *,
    share: Annotated[float, Limits(above=0, below=1), "Size of the subsets as a share of the pixels."] = 0.05,
    subsets: Subsets = 100,
    hidden: Hidden = "zero",
    score: Score = "logit",
) -> Result:
    """`sensitivity_n` for subsets of one size, a `share` of the pixels, as published."""
    curve = _correlations(block, [share], subsets, hidden, score)
    return Result({"faithfulness_correlation": curve[:, 0].astype(np.float64)})


def _correlations(block: Block, shares: Sequence[float], subsets: int, hidden: str, score: str) -> np.ndarray:
    """(n, sizes) float32: one correlation over the subsets for each image and size."""
    clean = to_pixels(block.images, block.device)
    targets, start = followed(block, clean, score)
    drawn = _Subsets(block, clean, shares, subsets, hidden)
    found = perturbed_scores(block, targets, len(shares) * subsets, drawn)
    falls = (start[:, None] - found).cpu().double().numpy()
    both = [v.reshape(len(clean), len(shares), subsets) for v in (falls, drawn.sums)]
    return _pearson(*both).astype(np.float32)


def _pearson(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Correlation over the last axis; NaN where one of both does not vary beyond rounding."""
    a, b = (v - v.mean(-1, keepdims=True) for v in (a, b))
    lengths = [np.sqrt(np.square(v).sum(-1)) for v in (a, b)]
    product = lengths[0] * lengths[1]
    with np.errstate(invalid="ignore", divide="ignore"):
        found = (a * b).sum(-1) / product
    return np.where(product > 0, np.clip(found, -1, 1), np.nan)


class _Subsets:
    """A `Perturb`: subsets of each size, hidden; `sums` (n, sizes x subsets) of the map in them.

    Only the subsets of the image at work are held.
    """

    def __init__(
        self, block: Block, clean: torch.Tensor, shares: Sequence[float], subsets: int, hidden: str
    ) -> None:
        self._block, self._clean, self._fills = block, clean, Fills(block, hidden)
        pixels = clean.shape[2] * clean.shape[3]
        self._sizes = [max(round(share * pixels), 1) for share in shares for _ in range(subsets)]
        self.sums = np.zeros((len(clean), len(self._sizes)))
        self._image, self._masks = -1, torch.empty(0)

    def __call__(self, pairs: Pairs) -> torch.Tensor:
        pieces, place = [], pairs.numbers.start
        while place < pairs.numbers.stop:
            image, first = divmod(place, len(self._sizes))
            last = min(first + pairs.numbers.stop - place, len(self._sizes))
            masks = self._of(image)[first:last]
            pieces.append(torch.where(masks, self._fills(image), self._clean[image]))
            place += last - first
        return torch.cat(pieces)

    def _of(self, image: int) -> torch.Tensor:
        """(sizes x subsets, 1, H, W) bool on the device."""
        if image != self._image:
            block, size = self._block, self._clean.shape[2:]
            rng = generator(block.seed, "subsets", block.ids[image])
            flat = block.maps[image].astype(np.float64).ravel()
            masks = np.zeros((len(self._sizes), flat.size), bool)
            for row, count in enumerate(self._sizes):
                chosen = rng.choice(flat.size, count, replace=False, shuffle=False)
                masks[row, chosen] = True
                self.sums[image, row] = flat[chosen].sum()
            self._image, self._masks = image, torch.from_numpy(masks).view(-1, 1, *size).to(block.device)
        return self._masks
