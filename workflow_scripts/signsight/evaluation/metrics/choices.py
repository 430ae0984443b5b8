"""Parameters that several metrics have."""

from __future__ import annotations

from typing import Annotated, Literal

from signsight.core.parameters import Limits, Registered

Score = Annotated[Literal["logit", "softmax"], "Score that the metric follows."]
Hidden = Annotated[str, Registered("replacements"), "What replaces a hidden pixel."]
Steps = Annotated[int, Limits(1, 10_000), "Steps from the first pixel to the last."]
Subset = Annotated[
    Literal["all", "correct"], "`correct` leaves out the images that the network misclassifies."
]
Subsets = Annotated[int, Limits(3, 100_000), "Random subsets of each size."]
