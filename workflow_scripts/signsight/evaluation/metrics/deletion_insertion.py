"""Pixel deletion and insertion of Petsiuk et al. 2018 (RISE)."""

from __future__ import annotations

import numpy as np
import torch

from signsight.attribution.target import Bound
from signsight.core.errors import UserError
from signsight.core.registry import metrics
from signsight.evaluation.engine import (
    Fills,
    Hiding,
    followed,
    perturbed_scores,
    pixel_order,
    ranks,
)
from signsight.evaluation.metrics.block import Block, Result
from signsight.evaluation.metrics.choices import Hidden, Score, Steps, Subset
from signsight.models.classifier import to_pixels


@metrics.register(
    "deletion",
    label="Deletion",
    at_most={"steps": "size ** 2"},
    needs="model",
    boxes=True,
    source="Petsiuk et al. 2018, RISE, BMVC",
    x="Share of pixels hidden",
    quantities={
        "deletion_auc": {
            "direction": "lower",
            "low": 0,
            "high": 1,
            "chance": "random",
            "label": "Deletion AUC",
            "means": "mean score while the most relevant pixels are hidden first",
        }
    },
    curves={"deletion": {"label": "Score"}},
)
def deletion(
    block: Block,
    *,
    steps: Steps = 100,
    hidden: Hidden = "zero",
    subset: Subset = "all",
    score: Score = "softmax",
) -> Result:
    """Curve "deletion": the class's `score` with the most relevant share of the pixels hidden.

    From the image (share 0) to the wholly `hidden` one (share 1, a replacement by name) in `steps`
    steps; the AUC is by the trapezoid rule over the share. `subset` "correct" leaves out those
    that the network classifies wrongly. Pixels of equal relevance go row by row. The range holds for
    softmax. UserError when there are more steps than pixels.
    """
    return hiding(block, "deletion", steps, hidden, subset, score)


@metrics.register(
    "insertion",
    label="Insertion",
    at_most={"steps": "size ** 2"},
    needs="model",
    boxes=True,
    source="Petsiuk et al. 2018, RISE, BMVC",
    x="Share of pixels shown",
    quantities={
        "insertion_auc": {
            "direction": "higher",
            "low": 0,
            "high": 1,
            "chance": "random",
            "label": "Insertion AUC",
            "means": "mean score while the most relevant pixels are shown first",
        }
    },
    curves={"insertion": {"label": "Score"}},
)
def insertion(
    block: Block,
    *,
    steps: Steps = 100,
    hidden: Hidden = "zero",
    subset: Subset = "all",
    score: Score = "softmax",
) -> Result:
    """Curve "insertion": as `deletion`, from the `hidden` image (share 0) to the whole one (share 1)."""
    return hiding(block, "insertion", steps, hidden, subset, score)


def hiding(
    block: Block, name: str, steps: int, hidden: str, subset: str, score: str, share: float = 1.0
) -> Result:
    """The curve `name` and its area `<name>_auc`, over `share` of the pixels.

    With the name "insertion" the most relevant pixels are shown, otherwise they are hidden.
    """
    clean = to_pixels(block.images, block.device)
    counts = _counts(clean.shape[2] * clean.shape[3], steps, share, name)
    targets, start = followed(block, clean, score)
    chosen = np.arange(len(clean))
    if subset == "correct":
        chosen = np.flatnonzero(followed(block, clean, "correct", "true")[1].cpu())
    curve = np.full((len(clean), steps + 1), np.nan)
    show = name == "insertion"
    found = _perturbed(block.take(chosen), clean[chosen], targets[chosen], counts, hidden, show)
    ends = start[chosen, None].cpu()  # the untouched image is not computed again
    curve[chosen] = torch.cat([found, ends] if show else [ends, found], 1)
    x = counts / (clean.shape[2] * clean.shape[3])
    area = np.trapezoid(curve, x, axis=1) / x[-1]
    return Result({f"{name}_auc": area}, {name: curve.astype(np.float32)}, x)


def _counts(pixels: int, steps: int, share: float, name: str) -> np.ndarray:
    """(steps + 1,) int64: pixels touched at each step, from none to `share` of them, evenly."""
    last = max(round(share * pixels), 1)
    if steps > last:
        raise UserError(
            f"Config key 'evaluation.parameters.{name}.steps' is {steps}, but only {last} pixels are "
            "touched; lower it."
        )
    return (2 * np.arange(steps + 1) * last + steps) // (2 * steps)


def _perturbed(
    block: Block, clean: torch.Tensor, targets: Bound, counts: np.ndarray, hidden: str, show: bool
) -> torch.Tensor:
    """Scores (n, steps) on the CPU, without that of the untouched image."""
    turns = ranks(pixel_order(block.maps, block.device)).int().view(len(clean), 1, *clean.shape[2:])
    limits = torch.as_tensor(counts[:-1] if show else counts[1:], device=block.device)
    perturb = Hiding(block, clean, turns, limits, Fills(block, hidden), show=show)
    return perturbed_scores(block, targets, len(limits), perturb).cpu()
