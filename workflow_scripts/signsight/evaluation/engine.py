"""The engine of every perturbation metric: scores of (image x perturbation) pairs in full batches.

A metric is an order and a fill on top of it. Perturbed images are made on the device, a batch at a
time; nothing of size images x steps x pixels is ever held.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch

from signsight.attribution.run import frozen
from signsight.attribution.target import Bound, Value, joined, parse
from signsight.core.registry import replacements
from signsight.core.rng import generator
from signsight.data.progress import pieces
from signsight.evaluation.metrics.block import Block


@dataclass(frozen=True)
class Pairs:
    """Consecutive (image, perturbation) pairs, the perturbations of one image after the other.

    numbers: pair p is perturbation p % count of image p // count.
    """

    numbers: range
    count: int
    device: torch.device

    @cached_property
    def images(self) -> torch.Tensor:
        """(b,) int64 on the device: the image of each pair."""
        return torch.arange(self.numbers.start, self.numbers.stop, device=self.device) // self.count

    @cached_property
    def perturbations(self) -> torch.Tensor:
        """(b,) int64 on the device: the perturbation of each pair, below `count`."""
        return torch.arange(self.numbers.start, self.numbers.stop, device=self.device) % self.count


Perturb = Callable[[Pairs], torch.Tensor]  # -> (b, 3, H, W) float32 in [0, 1] on the device


@torch.inference_mode()
def followed(
    block: Block, clean: torch.Tensor, score: str, target: Value | None = None
) -> tuple[Bound, torch.Tensor]:
    """What is followed in each of the block's n images, and its score in the untouched ones, (n,) float32.

    clean: the images, (n, 3, H, W). score: "logit", "softmax", "correct", 1 where the class is
    predicted, else 0, or "prediction", the number of the predicted class; a unit of a layer is its own
    score. target: in place of the block's.
    """
    told = parse(block.target if target is None else target, score, "evaluation.target")
    bounds, scores = [], []
    with frozen(block.model), _precision(block):
        for start in range(0, max(len(clean), 1), block.batch_size):
            rows = slice(start, start + block.batch_size)
            bound, outputs = told.follow(block.model, clean[rows], block.truth[rows], block.ids[rows])
            bounds.append(bound)
            scores.append(bound.scores(outputs.float()))
    return joined(bounds), torch.cat(scores)


@torch.inference_mode()
def perturbed_scores(block: Block, targets: Bound, count: int, perturb: Perturb) -> torch.Tensor:
    """Scores of `count` perturbations of each of n images: (n, count) float32 on the device.

    targets: what is followed in the n images. perturb: makes the images of the pairs that it is asked for,
    `batch_size` of the block at a time, in order; they are used before it is asked again.
    """
    total = len(targets) * count
    found = torch.empty(total, dtype=torch.float32, device=block.device)
    with frozen(block.model), _precision(block):
        starts = range(0, total, block.batch_size)
        for start in pieces(starts, len(starts)):
            pairs = Pairs(range(start, min(start + block.batch_size, total)), count, block.device)
            own = targets[pairs.images]
            outputs = own.outputs(block.model, perturb(pairs)).float()
            found[start : start + block.batch_size] = own.scores(outputs)
    return found.view(len(targets), count)


def _precision(block: Block) -> AbstractContextManager[object]:
    if block.precision == "bf16" and block.device.type in ("cuda", "cpu"):
        return torch.autocast(block.device.type, torch.bfloat16)
    return nullcontext()


def order(values: torch.Tensor) -> torch.Tensor:
    """(n, m) -> (n, m) int64 positions, the highest value first; of equal ones, the first position.

    The one place where ties are broken, but for `metrics.localisation`, which does the same without torch.
    """
    return torch.argsort(-values + 0.0, dim=1, stable=True)  # + 0.0: no negative zeros


def ranks(positions: torch.Tensor) -> torch.Tensor:
    """The inverse of `order`: (n, m) int64, 0 for what comes first."""
    numbers = torch.arange(positions.shape[1], device=positions.device).expand_as(positions)
    return torch.empty_like(positions).scatter_(1, positions, numbers)


def pixel_order(maps: np.ndarray, device: torch.device | str = "cpu") -> torch.Tensor:
    """Maps (n, H, W) -> (n, H * W) int64 pixels row by row, most relevant first, ties by position."""
    return order(torch.as_tensor(maps, device=device).flatten(1))


def region_edges(size: int, region: int, border: str) -> np.ndarray:
    """(count + 1,) int64: where regions along a side of `size` pixels begin, and where the last ends.

    Where `region` does not divide the size, the rest at the right and the bottom is a smaller region
    with border "partial", and is never touched with "drop".
    """
    edges = np.arange(0, size + 1, region)
    return np.append(edges, size) if border == "partial" and edges[-1] < size else edges


def region_labels(size: tuple[int, int], region: int, border: str) -> np.ndarray:
    """(H, W) int64: the number, row by row, of the region that each pixel is in, -1 for none."""
    sides = [region_edges(side, region, border) for side in size]
    rows, columns = (np.searchsorted(e, np.arange(s), "right") - 1 for e, s in zip(sides, size, strict=True))
    labels = rows[:, None] * (len(sides[1]) - 1) + columns
    labels[sides[0][-1] :] = -1
    labels[:, sides[1][-1] :] = -1
    return labels


def region_scores(maps: np.ndarray, region: int, how: str, border: str) -> np.ndarray:
    """Relevance of each region: (n, H, W) -> (n, R) float64; `how` is "sum", "mean" or "max"."""
    add = np.maximum if how == "max" else np.add
    rows, columns = (region_edges(side, region, border) for side in maps.shape[1:])
    inside = maps[:, : rows[-1], : columns[-1]].astype(np.float64)
    found = add.reduceat(add.reduceat(inside, rows[:-1], axis=1), columns[:-1], axis=2)
    if how == "mean":
        found = found / (np.diff(rows)[:, None] * np.diff(columns))
    return found.reshape(len(maps), -1)


def region_ranks(scores: np.ndarray, device: torch.device | str = "cpu") -> torch.Tensor:
    """Step, 0 = first, at which each region is replaced: scores (n, R) -> (n, R) int64."""
    return ranks(order(torch.as_tensor(scores))).to(device)  # float64, which not every device has


class Fills:
    """What hides pixels: the replacement `name`, drawn `draws` times for each image, by its id.

    Where nothing is drawn, `draws` is 1 whatever was asked for. A replacement in units of the network's input
    is put into pixels by the mean and the deviation of the block's model.
    """

    def __init__(self, block: Block, name: str, draws: int = 1) -> None:
        self._block, self._replace = block, replacements.get(name)
        about = replacements.about(name)
        self.draws = draws if about["random"] else 1
        self._normalisation = None
        if about.get("normalised"):
            self._normalisation = block.model.mean.cpu(), block.model.std.cpu()
        self._image, self._held = -1, torch.empty(0)

    def __call__(self, image: int) -> torch.Tensor:
        """(draws, 3, H, W) float32 in [0, 1] on the device; that of the last image is kept.

        On a GPU the draws are made while the batches before are at work.
        """
        if image != self._image:
            self._image, self._held = image, self._drawn(image)
        return self._held

    def _drawn(self, n: int) -> torch.Tensor:
        block, image = self._block, self._block.images[n] / np.float32(255)
        names = [(block.seed, "fill", block.ids[n], draw) for draw in range(self.draws)]
        fills = torch.from_numpy(np.stack([self._replace(image, generator(*name)) for name in names]))
        if self._normalisation is not None:
            mean, std = self._normalisation
            fills = fills * std + mean
        if block.device.type == "cuda":
            fills = fills.pin_memory().to(block.device, non_blocking=True)
        return fills.permute(0, 3, 1, 2)


class Hiding:
    """A `Perturb`: images whose pixels are hidden one after the other, in one or several orders.

    clean: (n, 3, H, W). turns: (n, orders, H, W) int32, when a pixel's turn comes. limits: (steps,) int;
    at each step the pixels whose turn is below its limit are replaced by the fill, or with `show` all
    others. fills: image -> (draws, 3, H, W), which may broadcast. The perturbations of an image are
    orders x draws x steps, `count` in all. The images come in a buffer that is used again.
    """

    def __init__(
        self,
        block: Block,
        clean: torch.Tensor,
        turns: torch.Tensor,
        limits: torch.Tensor,
        fills: Callable[[int], torch.Tensor],
        draws: int = 1,
        show: bool = False,
    ) -> None:
        self._clean, self._turns, self._fills, self._draws = clean, turns, fills, draws
        self._limits, self._show = limits[:, None, None], show
        self.count = turns.shape[1] * draws * len(limits)
        rows = min(block.batch_size, len(clean) * self.count)
        self._buffer = torch.empty((rows, *clean.shape[2:], 3), device=clean.device).permute(0, 3, 1, 2)

    def __call__(self, pairs: Pairs) -> torch.Tensor:
        """(b, 3, H, W) of the pairs, in the buffer."""
        # Image by image: views of one image are faster than copies of it for each pair.
        steps, first = len(self._limits), pairs.numbers.start
        for start in _starts(pairs.numbers, steps):
            subject, step = divmod(start, steps)
            length = min(steps - step, pairs.numbers.stop - start)
            i, rest = divmod(subject, self._turns.shape[1] * self._draws)
            order, draw = divmod(rest, self._draws)
            reached = (self._turns[i, order] < self._limits[step : step + length])[:, None]
            fill, image = self._fills(i)[draw], self._clean[i]
            kinds = (image, fill) if self._show else (fill, image)
            torch.where(reached, *kinds, out=self._buffer[start - first : start - first + length])
        return self._buffer[: len(pairs.numbers)]


def _starts(numbers: range, steps: int) -> list[int]:
    """Where in `numbers` a new row of `steps` begins, and the very beginning."""
    return [numbers.start, *range((numbers.start // steps + 1) * steps, numbers.stop, steps)]
