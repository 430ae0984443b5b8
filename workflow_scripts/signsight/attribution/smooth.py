"""SmoothGrad: gradients averaged over noisy copies of the image."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Annotated

import numpy as np
import torch

from signsight.attribution.gradient import guided_gradient, pixel_gradient
from signsight.attribution.target import Bound
from signsight.attribution.task import Task
from signsight.core.parameters import Limits
from signsight.core.registry import methods
from signsight.core.rng import generator
from signsight.data.progress import pieces

Samples = Annotated[int, Limits(1, 10_000), "Noisy copies of each image."]
Spread = Annotated[
    float, Limits(0, 10), "Standard deviation of the noise as a share of the image's (max - min)."
]


def noisy_copies(
    task: Task, images: torch.Tensor, ids: list[str], samples: int, spread: float
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """`samples` copies of each image with normal noise, in pieces of at most `task.batch_size`.

    Yields rows (P,) int64, the image that each copy is made of, and the copies (P, 3, H, W), not
    clipped to [0, 1]. The noise is drawn for each image by its id; its standard deviation is `spread`
    times the image's (max - min).
    """
    sources = [generator(task.seed, "smooth", i) for i in ids]
    sd = spread * (images.amax((1, 2, 3)) - images.amin((1, 2, 3)))[:, None, None, None]
    total = len(images) * samples
    starts = range(0, total, task.batch_size)
    for start in pieces(starts, len(starts)):
        numbers = np.arange(start, min(start + task.batch_size, total)) % len(images)
        # Colours last in memory, like images that are read: convolutions take them faster so.
        draws = np.empty((len(numbers), *images.shape[2:], images.shape[1]), np.float32)
        for place, n in enumerate(numbers):
            sources[n].standard_normal(out=draws[place], dtype=np.float32)
        rows = torch.from_numpy(numbers).to(images.device)
        noise = torch.from_numpy(draws).permute(0, 3, 1, 2).to(images)
        yield rows, noise.mul_(sd[rows]).add_(images[rows])


def _smooth(
    gradient: Callable[[Task, torch.Tensor, torch.Tensor], torch.Tensor],
    task: Task,
    images: torch.Tensor,
    targets: Bound,
    ids: list[str],
    samples: int,
    spread: float,
) -> torch.Tensor:
    """Mean of the signed `gradient` over noisy copies, (B, 3, H, W)."""
    total = torch.zeros_like(images)
    for rows, copies in noisy_copies(task, images, ids, samples, spread):
        total.index_add_(0, rows, gradient(task, copies, targets[rows]))
    return total / samples


@methods.register(
    "smooth_grad",
    label="SmoothGrad",
    family="Gradients",
    style=8,
    signed=False,
    needs="gradient",
    reduce="max_abs",
    paper="Smilkov et al. 2017, arXiv:1706.03825",
    measures="how fast the score changes with a pixel, on average over the image's neighbourhood",
    misleads="the network was not trained on such noise, whose strength sets how smooth the map is",
)
def smooth_grad(
    task: Task,
    images: torch.Tensor,
    targets: Bound,
    ids: list[str],
    samples: Samples = 25,
    spread: Spread = 0.15,
) -> torch.Tensor:
    """Mean of the signed gradients of noisy copies, (B, 3, H, W).

    samples: copies of each image; spread: standard deviation of the noise as a share of the image's
    (max - min).
    """
    return _smooth(pixel_gradient, task, images, targets, ids, samples, spread)


@methods.register(
    "smooth_guided_backprop",
    label="Smooth guided backprop",
    family="Altered backward passes",
    style=31,
    signed=False,
    needs="gradient",
    reduce="max_abs",
    paper="Smilkov et al. 2017, arXiv:1706.03825, section 3.3",
    measures="edges on the paths of positive evidence that outlast noise; needs a network of ReLUs",
    misleads="as guided backprop: nearly the same for every class",
)
def smooth_guided_backprop(
    task: Task,
    images: torch.Tensor,
    targets: Bound,
    ids: list[str],
    samples: Samples = 25,
    spread: Spread = 0.15,
) -> torch.Tensor:
    """Mean of the guided gradients of noisy copies, (B, 3, H, W); `samples` and `spread` as above."""
    return _smooth(guided_gradient, task, images, targets, ids, samples, spread)
