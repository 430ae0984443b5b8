"""What hides pixels of a picture in perturbation metrics, in pixel space.

A replacement is a function `f(image, rng) -> picture`, both (H, W, 3) float32 RGB in [0, 1]; `random`
says whether another draw gives another picture. With `normalised=True` the values of the picture stand for
those of the network's input, and become pixels by the network's own mean and deviation.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from signsight.core.registry import replacements


@replacements.register("uniform", random=True, source="Samek et al. 2017")
def uniform(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Uniform noise in [0, 1) for each pixel and channel."""
    return rng.random(image.shape, dtype=np.float32)


@replacements.register("dirichlet", random=True, source="Samek et al. 2017, Fig. 8")
def dirichlet(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """For each pixel a colour of Dirichlet(1, 1, 1): uniform among those whose channels sum to 1.

    (The paper names the distribution and not its parameters.)
    """
    draws = rng.standard_exponential(image.shape, dtype=np.float32)
    return draws / draws.sum(axis=2, keepdims=True)


@replacements.register("zero", random=False, source="Petsiuk et al. 2018")
def zero(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Black everywhere."""
    return np.zeros_like(image)


@replacements.register("gray", random=False, source="Samek et al. 2017, Fig. 8: a constant")
def gray(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """0.5 in every channel."""
    return np.full_like(image, 0.5)


@replacements.register("white", random=False, source="GTSRB study")
def white(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """White everywhere."""
    return np.ones_like(image)


@replacements.register("inverse", random=False, source="Bach et al. 2015")
def inverse(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The image's negative: black for white and white for black."""
    return 1 - image


@replacements.register("mean", random=False, source="Petsiuk et al. 2018")
def mean(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The image's mean colour everywhere, which is the same in pixel space and normalised."""
    return np.broadcast_to(image.mean(axis=(0, 1), dtype=np.float64), image.shape).astype(np.float32)


@replacements.register(
    "normalised_zero", random=False, normalised=True, source="CIFAR-10 study: zero as the network sees it"
)
def normalised_zero(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """0 in every channel of the normalised input: the mean of the normalisation."""
    return np.zeros_like(image)


@replacements.register(
    "normalised_gray", random=False, normalised=True, source="CIFAR-10 study: 0.5 as the network sees it"
)
def normalised_gray(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """0.5 in every channel of the normalised input: half a deviation above the mean of the normalisation."""
    return np.full_like(image, 0.5)


@replacements.register("blur", random=False, source="Petsiuk et al. 2018: kernel of 11 px, sigma 5 px")
def blur(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The image blurred by a Gaussian of sigma 5 px, cut off at 5 px."""
    return gaussian_blur(image, sigma=5, radius=5)


@replacements.register("blur_sigma_3", random=False, source="Samek et al. 2017, Fig. 8: sigma 3 px")
def blur_sigma_3(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The image blurred by a Gaussian of sigma 3 px, cut off at 12 px."""
    return gaussian_blur(image, sigma=3, radius=12)


def gaussian_blur(image: np.ndarray, sigma: float, radius: int) -> np.ndarray:
    """`image` (H, W, 3) under a separable Gaussian of 2 * `radius` + 1 px, mirrored at its edges."""
    for side in (0, 1):
        matrix = _blur_matrix(image.shape[side], sigma, radius)
        image = np.moveaxis(np.tensordot(matrix, image, (1, side)), 0, side)
    return np.ascontiguousarray(np.clip(image, 0, 1))


@cache
def _blur_matrix(size: int, sigma: float, radius: int) -> np.ndarray:
    """(size, size) float32: how much each pixel of a line takes from each other one; rows sum to 1."""
    offsets = np.arange(-radius, radius + 1)
    weights = np.exp(-0.5 * (offsets / sigma) ** 2)
    source = np.pad(np.arange(size), radius, mode="reflect")  # without the edge pixel itself
    matrix = np.zeros((size, size))
    for pixel in range(size):
        np.add.at(matrix[pixel], source[pixel : pixel + 2 * radius + 1], weights / weights.sum())
    return matrix.astype(np.float32)
