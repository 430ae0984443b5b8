"""Stability: does a map stay the same under another seed of the method, or a little noise?

Maps are compared as they are, signed, by Spearman's rank correlation. The explained class is that of
the untouched image. A method that looks at nothing is perfectly stable: the control `random`
with its seed held fixed, or a centred Gaussian, has 1 under noise.
"""

from __future__ import annotations

from itertools import combinations
from typing import Annotated

import numpy as np

from signsight.core.parameters import Limits
from signsight.core.registry import metrics
from signsight.core.rng import generator
from signsight.data.progress import progress
from signsight.evaluation.metrics.block import Block, Result
from signsight.evaluation.similarity import rank_correlation


@metrics.register(
    "stability",
    label="Stability",
    needs="method",
    source="Alvarez-Melis and Jaakkola 2018, arXiv:1806.08049 (under noise)",
    x="",
    quantities={
        "seed_repeatability": {
            "direction": "higher", "low": -1, "high": 1, "chance": 0,
            "label": "repeatability",
            "means": "rank correlation between maps of the same image under other seeds of the method",
        },
        "noise_stability": {
            "direction": "higher", "low": -1, "high": 1, "chance": 0,
            "label": "stability under noise",
            "means": "rank correlation with the map of the same image with a little noise on it",
        },
        "noise_change": {
            "direction": "lower", "low": 0, "high": None, "chance": None,
            "label": "change under noise",
            "means": "length of the change of the map under a little noise, as a share of the map's length",
        },
        "local_lipschitz": {
            "direction": "lower", "low": 0, "high": None, "chance": None,
            "label": "local Lipschitz estimate",
            "means": "highest relative change of the map for each unit by which the image changed",
        },
    },
)  # fmt: skip
def stability(
    block: Block,
    seeds: Annotated[int, Limits(2, 100), "Runs of the method with other seeds."] = 3,
    copies: Annotated[int, Limits(1, 100), "Noisy copies of each image."] = 3,
    noise: Annotated[
        float, Limits(None, 1, above=0), "Standard deviation of their noise, pixels in [0, 1]."
    ] = 0.02,
) -> Result:
    """Repeatability under other seeds, and stability under small noise, of each map.

    seeds: runs of the method that are compared in pairs, the block's maps being the first. copies:
    noisy copies of each image. noise: standard deviation of their normal noise, pixels in [0, 1];
    copies are clipped and rounded to uint8. They are explained with the block's seed, so that
    the method's own draws do not add to what the noise does.
    noise_change: mean over copies of |map' - map| / |map|, Euclidean; local_lipschitz: the highest of
    these divided by |image' - image|. (The paper searches the worst image in a ball about it and
    does not divide by |map|, which would compare methods by their units.)
    NaN: correlations of a constant map; changes where the map is zero.
    Cost: the method runs seeds - 1 + copies times on the block's images.
    """
    others, changed = [], []
    with progress("stability", seeds - 1 + copies, "runs of the method") as step:
        for number in range(1, seeds):
            others.append(_explained(block, block.images, _seed(block.seed, number)))
            step(1)
        for copy in range(copies):
            changed.append(_under_noise(block, noise, copy))
            step(1)
    pairs = combinations([block.maps, *others], 2)
    correlations, changes, slopes = zip(*changed, strict=True)
    return Result(
        {
            "seed_repeatability": np.mean([rank_correlation(a, b) for a, b in pairs], axis=0),
            "noise_stability": np.mean(correlations, axis=0),
            "noise_change": np.mean(changes, axis=0),
            "local_lipschitz": np.max(slopes, axis=0),
        }
    )


def noisy(images: np.ndarray, ids: list[str], seed: int, noise: float, copy: int) -> np.ndarray:
    """One noisy copy of each image, (n, H, W, 3) uint8, drawn for each image by its id."""
    copies = np.empty_like(images)
    for image, image_id, out in zip(images, ids, copies, strict=True):
        draws = generator(seed, "stability noise", image_id, copy).standard_normal(image.shape)
        out[...] = np.clip(image + 255 * noise * draws, 0, 255).round()
    return copies


def _under_noise(block: Block, noise: float, copy: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rank correlation, relative change, and change for each unit of the image's, each (n,)."""
    images = noisy(block.images, block.ids, block.seed, noise, copy)
    maps = _explained(block, images, block.seed)
    length = _length(block.maps)
    change = np.divide(_length(maps - block.maps), length, out=np.full(len(maps), np.nan), where=length > 0)
    moved = _length((images.astype(np.float64) - block.images) / 255)
    slope = np.divide(change, moved, out=np.full(len(maps), np.nan), where=moved > 0)
    return rank_correlation(block.maps, maps), change, slope


def _explained(block: Block, images: np.ndarray, seed: int) -> np.ndarray:
    return block.explain(block.model, images, block.ids, seed)


def _seed(seed: int, number: int) -> int:
    return int(generator(seed, "stability seed", number).integers(2**31))


def _length(values: np.ndarray) -> np.ndarray:
    """Euclidean length of each row, (n, ...) -> (n,) float64."""
    return np.sqrt(np.square(values, dtype=np.float64).sum(tuple(range(1, values.ndim))))
