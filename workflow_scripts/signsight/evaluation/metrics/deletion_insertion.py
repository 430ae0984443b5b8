"""Pixel deletion and insertion of Petsiuk et al. 2018 (RISE)."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
import torch

from signsight.core.errors import UserError
from signsight.core.parameters import Limits, Registered
from signsight.core.registry import metrics
from signsight.evaluation.engine import (
    Fills,
    Hiding,
    clean_logits,
    perturbed_scores,
    pixel_order,
    ranks,
    score_of,
    targets,
)
from signsight.evaluation.metrics.block import Block, Result
from signsight.models.classifier import to_pixels


@metrics.register(
    "deletion",
    needs="model",
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
)
def deletion(
    block: Block,
    *,
    steps: Annotated[int, Limits(1), "Steps from the first pixel to the last."] = 100,
    hidden: Annotated[str, Registered("replacements"), "What a hidden pixel becomes."] = "zero",
    subset: Annotated[
        Literal["all", "correct"], "`correct` leaves out the images that the network gets wrong."
    ] = "all",
    score: Annotated[Literal["logit", "softmax"], "Score of the class that is followed."] = "softmax",
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
    needs="model",
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
)
def insertion(
    block: Block,
    *,
    steps: Annotated[int, Limits(1), "Steps from the first pixel to the last."] = 100,
    hidden: Annotated[str, Registered("replacements"), "What a hidden pixel becomes."] = "zero",
    subset: Annotated[
        Literal["all", "correct"], "`correct` leaves out the images that the network gets wrong."
    ] = "all",
    score: Annotated[Literal["logit", "softmax"], "Score of the class that is followed."] = "softmax",
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
    logits = clean_logits(block, clean)
    chosen = np.arange(len(clean))
    if subset == "correct":
        right = score_of(logits, targets(block, logits, "true"), "correct").cpu().numpy()
        chosen = np.flatnonzero(right)
    curve = np.full((len(clean), steps + 1), np.nan)
    curve[chosen] = _curve(block.take(chosen), clean[chosen], logits[chosen], counts, name, hidden, score)
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


def _curve(
    block: Block,
    clean: torch.Tensor,
    logits: torch.Tensor,
    counts: np.ndarray,
    name: str,
    hidden: str,
    score: str,
) -> np.ndarray:
    """(n, steps + 1) float64; the end that is the untouched image is not computed again."""
    target, fills = targets(block, logits), Fills(block, hidden)
    turns = ranks(pixel_order(block.maps, block.device)).int().view(len(clean), 1, *clean.shape[2:])
    show = name == "insertion"
    limits = torch.as_tensor(counts[:-1] if show else counts[1:], device=block.device)
    perturb = Hiding(block, clean, turns, limits, fills, show=show)
    found = perturbed_scores(block, target, len(limits), perturb, score)
    start = score_of(logits, target, score)[:, None]
    return torch.cat([found, start] if show else [start, found], 1).double().cpu().numpy()
