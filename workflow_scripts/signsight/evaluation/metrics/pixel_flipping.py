"""Pixel flipping of Bach et al. 2015."""

from __future__ import annotations

from typing import Annotated

from signsight.core.parameters import Limits, Registered
from signsight.core.registry import metrics
from signsight.evaluation.metrics.block import Block, Result
from signsight.evaluation.metrics.choices import Score, Steps
from signsight.evaluation.metrics.deletion_insertion import hiding


@metrics.register(
    "pixel_flipping",
    label="Pixel flipping",
    at_most={"steps": "share * size ** 2"},
    needs="model",
    source="Bach et al. 2015, PLoS ONE 10(7)",
    x="Share of pixels flipped",
    quantities={
        "pixel_flipping_auc": {
            "direction": "lower",
            "low": 0,
            "high": 1,
            "chance": "random",
            "label": "Pixel flipping AUC",
            "means": "mean score while the most relevant pixels are flipped first",
        }
    },
    curves={"pixel_flipping": {"label": "Score"}},
)
def pixel_flipping(
    block: Block,
    *,
    steps: Steps = 100,
    share: Annotated[float, Limits(None, 1, above=0), "Share of the pixels that are flipped."] = 1.0,
    replacement: Annotated[str, Registered("replacements"), "What replaces a flipped pixel."] = "inverse",
    score: Score = "softmax",
) -> Result:
    """Curve "pixel_flipping": the class's `score` with the most relevant pixels flipped.

    The first `share` of the pixels in `steps` steps of as equal a number as can be, from none; a
    flipped pixel takes the value of the `replacement`: "inverse" is 1 - pixel (black to white and
    back, as published), "zero" the black of other implementations. The area is by the trapezoid
    rule over the share, divided by it, and so the mean score; equal pixels go row by row. The range
    holds for softmax. UserError when there are more steps than pixels.
    """
    return hiding(block, "pixel_flipping", steps, replacement, "all", score, share)
