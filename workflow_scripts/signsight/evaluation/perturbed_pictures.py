"""What the network sees at some steps of a region perturbation, and what it says, for a figure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from signsight.evaluation.engine import (
    Fills,
    Hiding,
    Pairs,
    followed,
    perturbed_scores,
    region_labels,
)
from signsight.evaluation.metrics.block import Block
from signsight.evaluation.metrics.region_perturbation import pixel_steps
from signsight.models.classifier import to_pixels


def shown_steps(steps: int) -> list[int]:
    """The steps of `steps` that are shown: none, a tenth, half and all of them; 0, 10, 50, 100 of 100."""
    return sorted({0, round(0.1 * steps), round(0.5 * steps), steps})


def perturbed_pictures(
    block: Block,
    shown: Sequence[int],
    *,
    region: int,
    replacement: str,
    score: str,
    region_score: str,
    border: str,
) -> tuple[np.ndarray, np.ndarray]:
    """The block's images with their most relevant regions replaced, and the score on them.

    shown: k numbers of replaced regions, 0 the image itself. The settings are those of
    `region_perturbation`, and so are the pictures, those of its first repetition. Returns (n, k, H, W,
    3) uint8 and (n, k) float32.
    """
    clean = to_pixels(block.images, block.device)
    targets, _ = followed(block, clean, score)
    places = region_labels(clean.shape[2:], region, border)
    when = pixel_steps(block, places, region, region_score, border, "morf")
    limits = torch.as_tensor(list(shown), device=block.device)
    hiding = Hiding(block, clean, when, limits, Fills(block, replacement))
    kept: list[np.ndarray] = []

    def keep(pairs: Pairs) -> torch.Tensor:
        batch = hiding(pairs)
        kept.append((255 * batch).round().byte().permute(0, 2, 3, 1).cpu().numpy())
        return batch

    scores = perturbed_scores(block, targets, hiding.count, keep)
    pictures = np.concatenate(kept).reshape(len(clean), len(shown), *block.images.shape[1:])
    return pictures, scores.cpu().numpy()
