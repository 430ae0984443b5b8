"""DeepDream: a picture in which what a network finds is strengthened, from coarse to fine, at any size.

Mordvintsev, Olah & Tyka 2015, "Inceptionism", and their notebook: gradient ascent at several sizes of the
picture, of which each passes on to the next what it has added. The network sees square tiles of the picture.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch.nn import functional as F

from signsight.core.errors import UserError
from signsight.core.rng import generator
from signsight.data.progress import pieces
from signsight.features.objectives import Objective
from signsight.features.optimise import optimise, to_bits, untouched
from signsight.features.recipe import Recipe
from signsight.models.classifier import Classifier, to_pixels

Sides = tuple[int, int]
Place = tuple[int, int, int]  # a picture of the batch, and the row and column where a tile of it begins


@dataclass(frozen=True)
class Octaves:
    """The sizes at which a picture is dreamt, and what the network sees of it.

    count: how many sizes, at least 1, each `ratio` (above 1) times the one before; smallest: a size with a
    shorter side, in pixels, is left out, but never that of the picture itself. jitter: how far the picture
    is rolled in a step at most, each way, as a share of the tile; tile: side of the tiles in pixels, by
    default that of the model's images.
    """

    count: int = 4
    ratio: float = 1.4
    jitter: float = 1 / 7
    tile: int | None = None
    smallest: int = 16


@dataclass
class Dreamt:
    """A picture after its dream.

    picture: (H, W, 3) uint8; frames: (F, H, W, 3) uint8, the given picture with what was added up to each of
    the F octaves, the last equal to `picture`; score_before, score_after: the objective of the 8-bit
    picture, given and dreamt, as the mean over its tiles without jitter.
    """

    picture: np.ndarray
    frames: np.ndarray
    score_before: float
    score_after: float


def dream(
    model: Classifier,
    picture: np.ndarray,
    objective: Objective,
    recipe: Recipe,
    octaves: Octaves,
    seed: int,
    key: str,
    *,
    batch_size: int,
    where: str = "features.dream",
) -> Dreamt:
    """Strengthen what `objective` asks for in a picture (H, W, 3) uint8 of any size.

    objective: its row 0 is this picture, of which it sees tiles, one independent of the other; so an
    `OfTarget` is bound to one picture. recipe: by pixels, with `steps` at every size, and without
    transforms; key: names the random draws; batch_size: of tiles that the network sees at once, which
    bounds the memory; where: the config key. A picture smaller than a tile is seen in the midst of its
    mirror images. UserError for another recipe, and for a tile that the network does not take.
    """
    _check(recipe, where)
    tile = octaves.tile or model.size
    tiled = Tiled(objective, tile, batch_size)
    given = to_pixels(picture[None], model.mean.device).to(model.mean.dtype)
    if tile != model.size:
        _check_tile(model, objective, tile, where)
    before = after = _score(model, tiled, given)
    bases = octave_bases(given, octaves.count, octaves.ratio, octaves.smallest)
    added, frames = torch.zeros_like(bases[0]), []
    for number, base in enumerate(pieces(bases, len(bases))):
        sides = base.shape[2], base.shape[3]
        start = (base + resized(added, sides)).clamp(0, 1)
        draws = (key, "jitter", number)
        source = Tiles(model, tiled, round(octaves.jitter * tile), seed, draws)
        if recipe.steps:
            made = optimise(
                model, tiled, recipe, [key], seed, sides=sides, start=start, frames=1, ascent=source
            )
            start, after = source.pixels.detach(), float(made.scores[0])
        added = start - base
        frames.append(to_bits((given + resized(added, picture.shape[:2])).clamp(0, 1))[0])
    frames[-1] = to_bits(start)[0]
    return Dreamt(frames[-1], np.stack(frames), before, after)


@dataclass
class Tiled:
    """An objective of pictures of any size: the mean of `objective` over square tiles with this side.

    Tiles lie at equal distances and cover the picture, overlapping where they must. At most `batch_size` of
    them are seen at once, each with the row of its picture.
    """

    objective: Objective
    side: int
    batch_size: int
    group: int = 1

    def __call__(self, model: Classifier, seen: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
        """See `Objective`; pictures (n, 3, H, W)."""
        scores = [
            self._scores(model, tiles, rows, places)
            for places, tiles in self._batches(padded(seen, self.side))
        ]
        return torch.cat(scores).unflatten(0, (len(seen), -1)).mean(1)

    def ascent(
        self, model: Classifier, pictures: torch.Tensor, rows: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Objective (n,), and the gradient (n, 3, H, W) of each tile by itself, averaged where they overlap.

        That is also the average over the mirror images of a picture smaller than a tile. A backward pass
        for every batch keeps the memory to that of `batch_size` tiles.
        """
        whole = padded(pictures.detach(), self.side)
        total, covers = torch.zeros_like(whole), torch.zeros_like(whole[:, :1])
        scores = []
        for places, tiles in self._batches(whole):
            tiles.requires_grad_(True)
            found = self._scores(model, tiles, rows, places)
            (gradient,) = torch.autograd.grad(found.sum(), tiles)
            scores.append(found.detach())
            for (number, y, x), one in zip(places, gradient, strict=True):
                here = number, slice(None), slice(y, y + self.side), slice(x, x + self.side)
                total[here] += one
                covers[here] += 1
        sides = pictures.shape[2], pictures.shape[3]
        mean = torch.cat(scores).unflatten(0, (len(pictures), -1)).mean(1)
        return mean, unpadded(total, sides) / unpadded(covers, sides)

    def _scores(
        self, model: Classifier, tiles: torch.Tensor, rows: torch.Tensor, places: Sequence[Place]
    ) -> torch.Tensor:
        own = rows[[number for number, _, _ in places]]
        return self.objective(model, tiles, own)

    def _batches(self, whole: torch.Tensor) -> Iterator[tuple[list[Place], torch.Tensor]]:
        """Places of tiles and the tiles, (b, 3, side, side) with b <= `batch_size`."""
        count, _, height, width = whole.shape
        places = [
            (number, y, x)
            for number in range(count)
            for y in starts(height, self.side)
            for x in starts(width, self.side)
        ]
        for first in range(0, len(places), self.batch_size):
            some = places[first : first + self.batch_size]
            tiles = [whole[number, :, y : y + self.side, x : x + self.side] for number, y, x in some]
            yield some, torch.stack(tiles).contiguous(memory_format=torch.channels_last)


@dataclass
class Tiles:
    """The gradient of pictures that are rolled at random in each step, so that tiles leave no seams.

    reach: the largest roll each way in pixels; draws: what names the rolls beside the step. An `Ascent` for
    the parametrisation by pixels.
    """

    model: Classifier
    tiled: Tiled
    reach: int
    seed: int
    draws: tuple[str | int, ...]
    pixels: torch.Tensor | None = field(default=None, init=False)

    def __call__(
        self, pictures: torch.Tensor, rows: np.ndarray, step: int
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """See `Ascent`."""
        if pictures.is_leaf:
            self.pixels = pictures  # changed in place by the optimiser: the result, before it is rounded
        down, across = self.roll(step)
        rolled = pictures.detach().roll((down, across), (2, 3))
        scores, gradient = self.tiled.ascent(self.model, rolled, torch.from_numpy(rows).to(pictures.device))
        return scores, gradient.roll((-down, -across), (2, 3))

    def roll(self, step: int) -> Sides:
        """How far down and to the right the pictures are rolled in a step."""
        rng = generator(self.seed, "features", *self.draws, step)
        down, across = rng.integers(-self.reach, self.reach, 2, endpoint=True).tolist()
        return down, across


def starts(length: int, side: int) -> list[int]:
    """Where the fewest tiles that cover a length begin, at equal distances; length >= side."""
    return np.linspace(0, length - side, -(-length // side)).round().astype(int).tolist()


def mirrored(length: int, side: int) -> torch.Tensor:
    """Positions 0 .. length - 1, with those of their mirror images on both sides if a tile has more."""
    places = torch.arange(max(length, side)) - max(side - length, 0) // 2
    places = places % (2 * length)
    return torch.minimum(places, 2 * length - 1 - places)


def padded(pictures: torch.Tensor, side: int) -> torch.Tensor:
    """Pictures (n, 3, H, W) with their mirror images around them, where a tile is higher or wider."""
    down, across = (mirrored(length, side).to(pictures.device) for length in pictures.shape[2:])
    return pictures.index_select(2, down).index_select(3, across)


def unpadded(values: torch.Tensor, sides: Sides) -> torch.Tensor:
    """The adjoint of `padded`: sums (n, C, H, W) of what lies on a pixel and on its mirror images."""
    for axis, length in zip((2, 3), sides, strict=True):
        shape = [length if place == axis else own for place, own in enumerate(values.shape)]
        places = mirrored(length, values.shape[axis]).to(values.device)
        values = values.new_zeros(shape).index_add(axis, places, values)
    return values


def octave_bases(pictures: torch.Tensor, count: int, ratio: float, smallest: int = 16) -> list[torch.Tensor]:
    """Pictures (B, 3, H, W) at up to `count` sizes, each `ratio` times the one before; the last as they are.

    Sizes whose shorter side has less than `smallest` pixels are left out.
    """
    height, width = pictures.shape[2:]
    scales = [ratio**-number for number in range(count - 1, 0, -1)]
    sides = [(round(height * scale), round(width * scale)) for scale in scales]
    return [*(resized(pictures, one) for one in sides if min(one) >= max(smallest, 1)), pictures]


def resized(pictures: torch.Tensor, sides: Sides) -> torch.Tensor:
    """(B, 3, H, W) at another size, bilinearly, and without aliases where it shrinks; as it is at its own."""
    if tuple(pictures.shape[2:]) == tuple(sides):
        return pictures
    return F.interpolate(pictures, sides, mode="bilinear", antialias=True, align_corners=False)


def _check(recipe: Recipe, where: str) -> None:
    """UserError for a recipe that makes no dream."""
    if recipe.parametrisation != "pixels":
        raise UserError(
            f"Config key '{where}' has a recipe with the parametrisation {recipe.parametrisation!r}, but a "
            "dream changes the pixels of a picture; take 'pixels'."
        )
    if recipe.transforms:
        raise UserError(
            f"Config key '{where}' has a recipe with the transform {next(iter(recipe.transforms))!r}, but a "
            "dream moves its picture by the jitter of its octaves; leave the transforms out."
        )


def _check_tile(model: Classifier, objective: Objective, tile: int, where: str) -> None:
    """UserError where the network does not take pictures of the side `tile`."""
    blank = torch.zeros(1, 3, tile, tile, device=model.mean.device, dtype=model.mean.dtype)
    try:
        _score(model, objective, blank)
    except torch.OutOfMemoryError:
        raise
    except (RuntimeError, ValueError, AssertionError) as fault:
        raise UserError(
            f"Config key '{where}' has tiles of {tile} px, which the network does not take; leave the tile "
            f"out for those of {model.size} px that it was trained with."
        ) from fault


def _score(model: Classifier, objective: Objective, pictures: torch.Tensor) -> float:
    """The objective of one picture (1, 3, H, W)."""
    with untouched(model), torch.inference_mode(False), torch.no_grad():
        row = torch.zeros(1, dtype=torch.int64, device=pictures.device)
        score = float(objective(model, pictures, row))
    if not math.isfinite(score):
        raise UserError("The objective of the picture is not finite before its dream; is the model trained?")
    return score
