"""Region perturbation and the area over the perturbation curve, AOPC (Samek et al. 2017).

Most relevant first (MoRF): non-overlapping square regions in the order of the sum of the map in
them (ties by position) are replaced one after the other, L of them; f is the explained class's
score. AOPC(L) = 1/(L+1) * mean over images of sum over k = 0..L of f(x0) - f(x_k). Higher is more
faithful; the order of a random map is the chance level.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from signsight.attribution.run import frozen
from signsight.data.imageset import ImageSet
from signsight.files import ArrayFile, ArrayWriter
from signsight.models.classifier import Classifier, to_pixels
from signsight.perturbation.grid import cell_sums
from signsight.perturbation.replacements import replacements
from signsight.rng import generator

FULL_BATCHES = 8  # batches a block of images fills at least, so that few are cut short


@dataclass(frozen=True)
class Protocol:
    """Settings of a region perturbation: config group `aopc`."""

    region: int
    steps: int
    repetitions: int
    replacement: str
    score: str
    target: str
    seed: int


def sample_rows(count: int, images: int | None, seed: int) -> np.ndarray:
    """Sorted rows of a random sample of `images` of `count` (all when None or not fewer)."""
    if images is None or images >= count:
        return np.arange(count)
    return np.sort(generator(seed, "aopc sample").choice(count, images, replace=False))


def region_ranks(maps: np.ndarray, region: int) -> np.ndarray:
    """Step (0 = first) at which each region is replaced: (n, H, W) -> (n, R) int64, row-major."""
    sums = cell_sums(maps, maps.shape[1] // region)
    return np.argsort(np.argsort(-sums, axis=1, kind="stable"), axis=1, kind="stable")


def curves(
    model: Classifier,
    images: ImageSet,
    maps: ArrayFile,
    rows: np.ndarray,
    protocol: Protocol,
    device: torch.device,
    batch_size: int,
    out: Path,
) -> None:
    """Write f(x0) - f(x_k), mean over the repetitions, as (len(rows), L + 1) float32 to `out` (.npy).

    Images stream in blocks, and their perturbed copies are made on the device, `batch_size` at a
    time; nothing of size images x steps x pixels is ever held.
    """
    block = -(-FULL_BATCHES * batch_size // (protocol.steps * protocol.repetitions))
    with frozen(model), ArrayWriter(out, (len(rows), protocol.steps + 1), np.float32) as writer:
        for start in range(0, len(rows), block):
            part = rows[start : start + block]
            chosen = maps.take(part)
            ids = images.index["image_id"].iloc[part].tolist()
            truth = images.class_ids[part]
            ranks = region_ranks(chosen, protocol.region)
            writer.append(_drops(model, images.take(part), ranks, ids, truth, protocol, device, batch_size))


@torch.inference_mode()
def _drops(
    model: Classifier,
    images: np.ndarray,
    ranks: np.ndarray,
    ids: list[str],
    truth: np.ndarray,
    protocol: Protocol,
    device: torch.device,
    batch_size: int,
) -> np.ndarray:
    clean = to_pixels(images, device)
    first = model(clean)
    target = first.argmax(1) if protocol.target == "predicted" else torch.tensor(truth, device=device)
    start = _score(first, target, protocol.score)
    step_of = _pixel_ranks(ranks, protocol.region, images.shape[1:3], device)
    noise = _noise(images, ids, protocol, device)
    steps, repetitions = protocol.steps, protocol.repetitions
    drops = torch.zeros(len(images), steps + 1, dtype=torch.float64, device=device)
    jobs = torch.cartesian_prod(*(torch.arange(n, device=device) for n in (len(images), repetitions, steps)))
    for i, r, k in (piece.unbind(1) for piece in jobs.view(-1, 3).split(batch_size)):
        replaced = (step_of[i] <= k[:, None, None])[:, None]
        perturbed = torch.where(replaced, noise[i, r], clean[i])
        fall = start[i] - _score(model(perturbed), target[i], protocol.score)
        drops.index_put_((i, k + 1), fall.double() / repetitions, accumulate=True)
    return drops.cpu().numpy().astype(np.float32)


def _score(logits: torch.Tensor, target: torch.Tensor, kind: str) -> torch.Tensor:
    scores = logits.float().softmax(1) if kind == "softmax" else logits.float()
    return scores.gather(1, target[:, None])[:, 0]


def _pixel_ranks(ranks: np.ndarray, region: int, size: tuple[int, int], device: torch.device) -> torch.Tensor:
    """(n, R) -> (n, H, W): the step at which each pixel is replaced."""
    grid = torch.as_tensor(ranks, device=device).view(len(ranks), size[0] // region, size[1] // region)
    return grid.repeat_interleave(region, 1).repeat_interleave(region, 2)


def _noise(images: np.ndarray, ids: list[str], protocol: Protocol, device: torch.device) -> torch.Tensor:
    """Replacement pictures, (n, repetitions, 3, H, W) float32 in [0, 1]; each from its own generator."""
    replace = replacements.get(protocol.replacement)
    fresh = [
        replace(image / np.float32(255), generator(protocol.seed, "aopc", image_id, repetition))
        for image, image_id in zip(images, ids, strict=True)
        for repetition in range(protocol.repetitions)
    ]
    stack = torch.as_tensor(np.stack(fresh), device=device).permute(0, 3, 1, 2)
    return stack.reshape(len(images), protocol.repetitions, *stack.shape[1:])
