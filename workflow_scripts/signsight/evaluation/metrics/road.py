"""ROAD: remove and debias, with noisy linear imputation (Rong et al. 2022)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

import numpy as np
import torch

from signsight.core.parameters import Limits
from signsight.core.registry import metrics
from signsight.core.rng import generator
from signsight.evaluation.engine import (
    Pairs,
    followed,
    perturbed_scores,
    pixel_order,
    ranks,
)
from signsight.evaluation.metrics.block import Block, Result
from signsight.models.classifier import to_pixels
from signsight.perturbation.imputation import impute


@metrics.register(
    "road",
    label="ROAD",
    needs="model",
    source="Rong et al. 2022, arXiv:2202.00449",
    x="Share of pixels imputed",
    quantities={
        "road": {
            "direction": "higher", "low": -0.5, "high": 0.5, "chance": 0,
            "label": "ROAD",
            "means": "half the gap between the scores without the least and without the most relevant pixels",
        },
        "road_morf": {
            "direction": "lower", "low": 0, "high": 1, "chance": "random",
            "label": "ROAD MoRF",
            "means": "mean score with the most relevant pixels filled in from their neighbours",
        },
        "road_lerf": {
            "direction": "higher", "low": 0, "high": 1, "chance": "random",
            "label": "ROAD LeRF",
            "means": "mean score with the least relevant pixels filled in from their neighbours",
        },
    },
    curves={"morf": {"label": "Score"}, "lerf": {"label": "Score"}},
)  # fmt: skip
def road(
    block: Block,
    *,
    shares: Annotated[
        Sequence[float], Limits(above=0, below=1, unique=True), "Shares of the pixels that are imputed."
    ] = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9),
    noise: Annotated[
        float, Limits(0, 1), "Standard deviation of the noise on imputed pixels, pixels in [0, 1]."
    ] = 0.01,
    score: Annotated[
        Literal["logit", "softmax", "correct"],
        "Score that the metric follows; `correct` is 1 while the class is predicted.",
    ] = "softmax",
) -> Result:
    """Curves "morf" and "lerf": the class's `score` with a share of the pixels imputed.

    The most (MoRF) or the least relevant pixels first, equal ones row by row in both; hidden pixels
    become the mean of their neighbours (perturbation/imputation.py) with normal noise of standard
    deviation `noise` (pixels in [0, 1]) on it, drawn for each image by its id. `score`: "softmax",
    "logit", or "correct", 1 while the class is still predicted (the published benchmark's accuracy).
    Values are means over the shares. The range holds for softmax.
    """
    clean = to_pixels(block.images, block.device)
    targets, _ = followed(block, clean, score)
    pixels = clean.shape[2] * clean.shape[3]
    limits = torch.as_tensor([round(share * pixels) for share in shares], device=block.device)
    imputing = _Imputing(block, clean, limits, noise)
    curves = perturbed_scores(block, targets, 2 * len(limits), imputing).cpu().numpy()
    morf, lerf = np.split(curves, 2, axis=1)
    means = [curve.mean(1, dtype=np.float64) for curve in (morf, lerf)]
    values = {"road": (means[1] - means[0]) / 2, "road_morf": means[0], "road_lerf": means[1]}
    return Result(values, {"morf": morf, "lerf": lerf}, np.asarray(shares, np.float64))


class _Imputing:
    """A `Perturb`: the perturbations of an image are both orders x shares."""

    def __init__(self, block: Block, clean: torch.Tensor, limits: torch.Tensor, noise: float) -> None:
        self._clean, self._limits = clean, limits
        signs = (block.maps, -block.maps)
        turns = [ranks(pixel_order(maps, block.device)).int() for maps in signs]
        self._turns = torch.stack(turns, 1).view(len(clean), 2, 1, *clean.shape[2:])
        draws = [
            generator(block.seed, "road", i).standard_normal(clean.shape[1:], np.float32) for i in block.ids
        ]
        self._noise = noise * torch.as_tensor(np.stack(draws), device=block.device)

    def __call__(self, pairs: Pairs) -> torch.Tensor:
        i, j = pairs.images, pairs.perturbations
        steps = len(self._limits)
        limit = self._limits[j % steps][:, None, None, None]
        hidden = self._turns[i, j.div(steps, rounding_mode="floor")] < limit
        filled = impute(self._clean[i], hidden)
        return torch.where(hidden, filled + self._noise[i], filled)
