"""What a metric is given and what it gives back; importing it imports no torch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch

    from signsight.attribution.target import Value
    from signsight.models.classifier import Classifier

Explain = Callable[["Classifier", np.ndarray, list[str], int], np.ndarray]


@dataclass(frozen=True)
class Block:
    """A few images with the maps of one method.

    images: (n, H, W, 3) uint8 RGB. maps: (n, H, W) float32, signed, unnormalised. ids: n image ids,
    for random draws. truth: (n,) int true classes, -1 where unknown. regions: (n, H, W) uint8, 0
    outside, 1 object, 2 symbol on it. target: what is followed, as config key `evaluation.target` says it
    (see `attribution.target`). batch_size: the maximum number of images in one pass through the network.
    explain: `explain(model, images, ids, seed) -> maps` runs the block's method again, on what `maps`
    explain (made by `attribution.run.explainer`); with `seed`, the model and the images it gives `maps`.
    precision: "full", or "bf16" for a forward pass in bfloat16, on CUDA or the CPU.
    """

    model: Classifier | None
    images: np.ndarray
    maps: np.ndarray
    ids: list[str]
    truth: np.ndarray
    regions: np.ndarray | None
    target: Value
    seed: int
    device: torch.device
    batch_size: int
    explain: Explain | None = None
    explain_rival: Explain | None = None
    precision: str = "full"

    def take(self, rows: np.ndarray) -> Block:
        """The block of the images `rows`, (m,) int."""
        return replace(
            self,
            images=self.images[rows],
            maps=self.maps[rows],
            ids=[self.ids[row] for row in rows],
            truth=self.truth[rows],
            regions=None if self.regions is None else self.regions[rows],
        )


@dataclass(frozen=True)
class Result:
    """A metric's answer for the n images of a block, in their order.

    values: quantity -> (n,) float64, NaN where it is undefined for an image, which is then left out
    and counted. curves: name -> (n, K) float32. x: (K,) float64 positions of the curves' points.
    labels: their names where x is no number, else empty. more: name -> (n, ...) what else is known of
    the images on the way, stored as `more_<name>` for those who look at single images.
    """

    values: dict[str, np.ndarray]
    curves: dict[str, np.ndarray] = field(default_factory=dict)
    x: np.ndarray = field(default_factory=lambda: np.empty(0))
    labels: list[str] = field(default_factory=list)
    more: dict[str, np.ndarray] = field(default_factory=dict)
