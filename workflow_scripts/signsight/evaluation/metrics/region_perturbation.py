"""Region perturbation of Samek et al. 2017: AOPC and ABPC."""

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
    followed,
    perturbed_scores,
    region_labels,
    region_ranks,
    region_scores,
)
from signsight.evaluation.metrics.block import Block, Result
from signsight.evaluation.metrics.choices import Score
from signsight.models.classifier import to_pixels

KEYS = "evaluation.parameters.region_perturbation"
STEPS = 30  # where a config names none


@metrics.register(
    "region_perturbation",
    label="Region perturbation",
    default=True,
    at_most={"region": "size", "steps": "(size // region if border == 'drop' else ceil(size / region)) ** 2"},
    needs="model",
    source="Samek et al. 2017, IEEE TNNLS 28(11), eq. 12 and 13",
    x="Replaced regions",
    quantities={
        "aopc": {
            "direction": "higher",
            "low": -1,
            "high": 1,
            "chance": "random",
            "label": "AOPC",
            "means": "mean fall of the score as the most relevant regions are replaced first",
        },
        "abpc": {
            "direction": "higher",
            "low": -1,
            "high": 1,
            "chance": 0,
            "label": "ABPC",
            "means": "mean score with the least relevant regions replaced first, less that with the most",
        },
    },
    curves={
        "morf": {"label": "Fall of the score"},
        "lerf": {"label": "Fall of the score"},
        "aopc": {"label": "AOPC", "area": ("morf", None)},
        "abpc": {"label": "ABPC", "area": ("morf", "lerf")},
    },
)
def region_perturbation(
    block: Block,
    *,
    region: Annotated[int, Limits(1, 4096), "Height and width in pixels of a region (paper: 9)."] = 6,
    steps: Annotated[
        int | None,
        Limits(1, 10_000),
        "Regions that are replaced, one after the other (paper: 100); null takes 30, or all where there are"
        " fewer.",
    ] = None,
    repetitions: Annotated[int, Limits(1, 1_000), "Repetitions with fresh noise."] = 10,
    replacement: Annotated[str, Registered("replacements"), "What replaces a region."] = "uniform",
    score: Score = "softmax",
    region_score: Annotated[
        Literal["sum", "mean", "max"], "How the values of a region's pixels become its relevance."
    ] = "sum",
    border: Annotated[
        Literal["partial", "drop"],
        "What happens to the rest at the right and the bottom if the region does not divide the size: it "
        "becomes smaller regions (`partial`), or is never replaced (`drop`).",
    ] = "partial",
    orders: Annotated[
        Literal["both", "morf"],
        "`morf` leaves out the least relevant first (LeRF), and so the ABPC, at half the cost.",
    ] = "both",
) -> Result:
    """Curves "morf" and "lerf" of f(x0) - f(x_k), k = 0..`steps`, f the `score` of what is followed.

    The square regions of `region` px of a fixed grid are replaced one after the other, the most
    (MoRF) or the least relevant (LeRF) first; a region's relevance is the `region_score` ("sum",
    "mean", "max") of the map in it, and equal ones go row by row in both orders. Where `region` does
    not divide the side, `border` "partial" has smaller regions at the right and the bottom, "drop"
    leaves that rest alone. The curve is the mean over `repetitions` draws of the `replacement` (one
    where nothing is drawn), which are the same for both orders and every method. AOPC = 1/(L+1) *
    sum over k = 0..L of the MoRF curve; ABPC the same of MoRF - LeRF. The range holds for softmax.
    `orders` "morf" halves the work and leaves ABPC undefined.
    UserError when there are fewer regions than steps.
    """
    clean = to_pixels(block.images, block.device)
    places = region_labels(clean.shape[2:], region, border)
    steps = step_count(places, steps)
    targets, start = followed(block, clean, score)
    when = pixel_steps(block, places, region, region_score, border, orders)
    fills = Fills(block, replacement, repetitions)
    limits = torch.arange(1, steps + 1, device=block.device)
    hiding = Hiding(block, clean, when, limits, fills, fills.draws)
    found = perturbed_scores(block, targets, hiding.count, hiding)
    return _result(start.cpu(), found.cpu().view(len(clean), -1, fills.draws, steps))


def step_count(places: np.ndarray, steps: int | None) -> int:
    """How many regions are replaced, of those that `places` (H, W) tells apart; None takes STEPS of them."""
    regions = int(places.max()) + 1
    if regions < 1:
        raise UserError(
            f"Config key '{KEYS}.region' is larger than the images and '{KEYS}.border' is 'drop'; "
            "take smaller regions."
        )
    if steps is not None and steps > regions:
        raise UserError(
            f"Config key '{KEYS}.steps' is {steps}, but an image has {regions} regions; lower it or take "
            f"a smaller '{KEYS}.region'."
        )
    return min(STEPS, regions) if steps is None else steps


def pixel_steps(
    block: Block, places: np.ndarray, region: int, how: str, border: str, orders: str
) -> torch.Tensor:
    """(n, directions, H, W) int32 on the device: the step, from 0, at which a pixel is replaced."""
    scores = region_scores(block.maps, region, how, border)
    signs = (1, -1) if orders == "both" else (1,)
    steps = torch.stack([region_ranks(sign * scores, block.device) for sign in signs], 1).int()
    never = torch.full_like(steps[..., :1], torch.iinfo(torch.int32).max)
    return torch.cat([steps, never], 2)[..., torch.as_tensor(places, device=block.device)]


def _result(start: torch.Tensor, found: torch.Tensor) -> Result:
    """start: (n,) scores of the untouched images; found: (n, directions, draws, steps)."""
    falls = (start[:, None, None] - found.double().mean(2)).numpy()
    curves = np.concatenate([np.zeros_like(falls[..., :1]), falls], axis=2)
    areas = curves.mean(2)
    abpc = areas[:, 0] - areas[:, 1] if areas.shape[1] == 2 else np.full(len(areas), np.nan)
    named = zip(("morf", "lerf"), curves.swapaxes(0, 1).astype(np.float32), strict=False)
    return Result(
        values={"aopc": areas[:, 0], "abpc": abpc},
        curves=dict(named),
        x=np.arange(curves.shape[2], dtype=np.float64),
    )
