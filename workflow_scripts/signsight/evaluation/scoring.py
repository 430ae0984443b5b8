"""Predictions of a classifier on image sets: many sets in one job, streamed in batches."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from signsight.core.files import atomic
from signsight.data.imageset import ImageSet, open_image_set
from signsight.data.progress import progress
from signsight.data.shards import ALL, Shard
from signsight.models.classifier import Classifier, forward_batches

log = logging.getLogger("signsight")

TOP = 5  # classes of each image that are kept, or all where there are fewer
READ_BYTES = 64 << 20  # of pictures that are not yet at the classifier's size


@dataclass(frozen=True)
class Predictions:
    """What a classifier said of several sets of the same images.

    sets: S names; predicted: (S, N) int16; probability: (S, N) float32 softmax of the true class;
    confidence: (S, N) float32 softmax of the predicted class. columns: (S, N, K) float32 softmax of the
    K classes `column_ids` (int64, ascending), those that the images have; None where they are not kept.
    top: (S, N, T) float32, the softmax of the T = 5 most probable classes `top_ids` (int16), descending.
    """

    sets: list[str]
    predicted: np.ndarray
    probability: np.ndarray
    confidence: np.ndarray
    columns: np.ndarray | None = None
    column_ids: np.ndarray | None = None
    top: np.ndarray | None = None
    top_ids: np.ndarray | None = None


def fitting_batches(images: ImageSet, size: int, batch_size: int) -> Iterator[np.ndarray]:
    """The set's images at the classifier's size, (n, size, size, 3) uint8, `batch_size` at a time.

    Pictures of another size are resampled (Lanczos), and read so few at a time that memory stays small.
    """
    height, width = images.size
    if (height, width) == (size, size):
        yield from images.batches(batch_size)
        return
    for batch in images.batches(max(min(batch_size, READ_BYTES // (height * width * 3)), 1)):
        yield np.stack(
            [np.asarray(Image.fromarray(i).resize((size, size), Image.Resampling.LANCZOS)) for i in batch]
        )


def score_set(
    model: Classifier,
    images: ImageSet,
    device: torch.device,
    batch_size: int,
    column_ids: Sequence[int] | np.ndarray = (),
) -> tuple[np.ndarray, ...]:
    """Predicted class (N,) int16, softmax of the true class and of the predicted one (N,) float32, of the K
    classes `column_ids` (N, K) float32, and of the TOP most probable (N, T) with their ids (N, T) int16."""
    truth, kept = torch.tensor(images.class_ids), torch.tensor(np.asarray(column_ids, np.int64))
    kinds = [(torch.int16, ()), *[(torch.float32, ())] * 2, (torch.float32, (len(kept),))]
    tops = (min(TOP, len(model.classes)),)
    kinds += [(torch.float32, tops), (torch.int16, tops)]
    found = [tuple(torch.empty((0, *shape), dtype=dtype) for dtype, shape in kinds)]  # there may be no images
    start = 0
    with progress("predictions", len(images), "images", step=batch_size) as step:
        for logits in forward_batches(model, fitting_batches(images, model.size, batch_size), device):
            shares = logits.softmax(1)
            confidence, predicted = shares.max(1)
            own = shares.gather(1, truth[start : start + len(logits), None])[:, 0]
            top, top_ids = shares.topk(min(TOP, shares.shape[1]))
            told = predicted.to(torch.int16), own, confidence, shares[:, kept], top, top_ids.to(torch.int16)
            found.append(told)
            start += len(logits)
            step(len(logits))
    return tuple(torch.cat(part).numpy() for part in zip(*found, strict=True))


def score_sets(
    model: Classifier,
    folders: dict[str, Path],
    device: torch.device,
    batch_size: int,
    *,
    columns: bool = False,
    shard: Shard = ALL,
) -> Predictions:
    """Score the image sets in `folders` (name -> folder), which all hold the same images, or a shard of them.

    columns: also keep the softmax of every class that the images have, as curves of a class need it, and
    that of the most probable classes.
    """
    rows, ids = [], np.empty(0, np.int64)
    with progress("predictions", len(folders), "image sets") as step:
        for name, folder in folders.items():
            whole = open_image_set(folder)
            ids = np.unique(whole.class_ids) if columns else ids
            images = whole.share(shard)
            rows.append(score_set(model, images, device, batch_size, ids))
            right = int((rows[-1][0] == images.class_ids).sum())
            log.info("%s: accuracy %.4f of %d", name, right / max(len(images), 1), len(images))
            step(1)
    *found, kept, top, top_ids = (np.stack(part) for part in zip(*rows, strict=True))
    return Predictions(list(folders), *found, *((kept, ids, top, top_ids) if columns else ()))


def save_predictions(path: Path | str, predictions: Predictions) -> None:
    """Write predictions as `.npz`."""
    arrays = {key: value for key, value in vars(predictions).items() if value is not None}
    with atomic(path) as part, part.open("wb") as file:
        np.savez(file, **arrays | {"sets": np.array(predictions.sets)})
