"""How a picture is seen while it is optimised: moved a little at random in every step.

What holds for one exact position of every pixel alone is then of no use, and pictures become smoother
(Olah et al. 2017). A transform of views is a function that draws matrices for all steps of one picture. They
take a point of the view to the point of the picture that is seen there, in coordinates from -1 to 1. All
of them are multiplied, so the picture is sampled once. A transform of pixels draws what is added to the view.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
import torch
from torch.nn import functional as F

from signsight.core.parameters import Limits
from signsight.core.registry import transforms

GREY = 0.5  # outside the picture


@dataclass(frozen=True)
class Draws:
    """How often one picture is seen: in `steps`, each time in `views`; sides: its height and width."""

    steps: int
    views: int
    sides: tuple[int, int]

    @property
    def shape(self) -> tuple[int, int]:
        """(steps, views)."""
        return self.steps, self.views

    def identity(self) -> np.ndarray:
        """(steps, views, 3, 3) float64."""
        return np.tile(np.eye(3), (*self.shape, 1, 1))


@transforms.register("shift", label="Shift", about="Shifts the picture, uniformly both ways.")
def shift(
    draws: Draws,
    rng: np.random.Generator,
    share: Annotated[float, Limits(0, 1), "Largest shift, as a share of the side."] = 0.04,
) -> np.ndarray:
    """(steps, views, 3, 3)."""
    found = draws.identity()
    found[..., :2, 2] = 2 * rng.uniform(-share, share, (*draws.shape, 2))
    return found


@transforms.register("scale", label="Scale", about="Enlarges or shrinks the picture about its centre.")
def scale(
    draws: Draws,
    rng: np.random.Generator,
    share: Annotated[float, Limits(0, below=1), "Largest change of the scale."] = 0.05,
) -> np.ndarray:
    """(steps, views, 3, 3)."""
    found = draws.identity()
    factor = 1 / (1 + rng.uniform(-share, share, draws.shape))
    found[..., 0, 0] = found[..., 1, 1] = factor
    return found


@transforms.register("rotation", label="Rotation", about="Turns the picture about its centre.")
def rotation(
    draws: Draws,
    rng: np.random.Generator,
    degrees: Annotated[float, Limits(0, 180), "Largest angle in degrees, either way."] = 5.0,
) -> np.ndarray:
    """(steps, views, 3, 3)."""
    angle = np.deg2rad(rng.uniform(-degrees, degrees, draws.shape))
    aspect, found = draws.sides[1] / draws.sides[0], draws.identity()
    found[..., 0, 0] = found[..., 1, 1] = np.cos(angle)
    found[..., 0, 1], found[..., 1, 0] = -np.sin(angle) / aspect, np.sin(angle) * aspect
    return found


@transforms.register(
    "crops",
    label="Crops",
    about="Sees square parts of the picture, which become smaller from the first to the last step.",
    paper="Fel et al. 2023, arXiv:2306.06805",
)
def crops(
    draws: Draws,
    rng: np.random.Generator,
    first: Annotated[float, Limits(above=0, high=2), "Mean side in the first step, as a share."] = 1.0,
    last: Annotated[float, Limits(above=0, high=2), "Mean side in the last step, as a share."] = 0.75,
    spread: Annotated[float, Limits(0, 1), "Standard deviation of the side, as a share."] = 0.05,
    off: Annotated[float, Limits(0, 1), "Standard deviation of the centre, as a share of the side."] = 0.05,
) -> np.ndarray:
    """(steps, views, 3, 3)."""
    sides = np.linspace(first, last, draws.steps)[:, None] + rng.normal(0, spread, draws.shape)
    found = draws.identity()
    found[..., 0, 0] = found[..., 1, 1] = np.clip(sides, 0.05, 2)
    found[..., :2, 2] = 2 * rng.normal(0, off, (*draws.shape, 2))
    return found


@transforms.register(
    "mirror",
    label="Mirror",
    about="Shows the picture or, as often, its mirror image.",
    mirrors=True,
)
def mirror(draws: Draws, rng: np.random.Generator) -> np.ndarray:
    """(steps, views, 3, 3)."""
    found = draws.identity()
    found[..., 0, 0] = rng.choice((-1.0, 1.0), draws.shape)
    return found


@transforms.register("noise", label="Noise", about="Adds noise to what is seen.", adds=True)
def noise(
    shape: tuple[int, ...],
    rng: np.random.Generator,
    level: Annotated[float, Limits(0, 1), "Standard deviation of the noise, on a scale from 0 to 1."] = 0.05,
) -> np.ndarray:
    """`shape` float32."""
    return rng.standard_normal(shape, np.float32) * np.float32(level)


class Views:
    """The views of B pictures in every step.

    chosen: transform -> its parameters, in the order in which a picture goes through them. generators: one a
    picture. With no transforms a picture is seen as it is.
    """

    def __init__(
        self,
        chosen: Mapping[str, Mapping[str, Any]],
        draws: Draws,
        generators: Sequence[np.random.Generator],
    ) -> None:
        self.draws, self.generators = draws, generators
        self.moves = {k: v for k, v in chosen.items() if not transforms.about(k).get("adds")}
        self.adds = {k: v for k, v in chosen.items() if k not in self.moves}
        self.count = draws.views if chosen else 1
        self.matrices = [self._matrices(one) for one in generators] if self.moves else []

    def _matrices(self, rng: np.random.Generator) -> np.ndarray:
        """(steps, views, 2, 3) float32 of one picture."""
        found = self.draws.identity()
        for name, parameters in self.moves.items():
            found = found @ transforms.get(name)(self.draws, rng, **parameters)
        return found[..., :2, :].astype(np.float32)

    def of(self, pictures: torch.Tensor, rows: np.ndarray, step: int) -> torch.Tensor:
        """Pictures (n, 3, H, W) of the batch's `rows` -> their views (n * count, 3, H, W) in a step."""
        seen = pictures
        if self.moves:
            seen = pictures.repeat_interleave(self.count, 0) if self.count > 1 else pictures
            matrices = np.concatenate([self.matrices[row][step] for row in rows])
            seen = viewed(seen, torch.from_numpy(matrices).to(seen))
        elif self.adds and self.count > 1:
            seen = pictures.repeat_interleave(self.count, 0)
        for name, parameters in self.adds.items():
            shape = (self.count, *seen.shape[1:])
            added = [transforms.get(name)(shape, self.generators[row], **parameters) for row in rows]
            seen = seen + torch.from_numpy(np.concatenate(added)).to(seen)
        return seen


def viewed(pictures: torch.Tensor, matrices: torch.Tensor) -> torch.Tensor:
    """Pictures (B, 3, H, W) sampled bilinearly where matrices (B, 2, 3) say, mid-grey outside."""
    grid = F.affine_grid(matrices, list(pictures.shape), align_corners=False)
    seen = F.grid_sample(pictures - GREY, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
    return seen + GREY
