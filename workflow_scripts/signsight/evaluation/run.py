"""One metric over the maps of one method: streamed, in shards, with the shards put together again.

Importing it imports no torch, so that tables can be made from its files without.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from signsight.core.archives import join_archives
from signsight.core.errors import UserError
from signsight.core.files import ArrayFile, atomic
from signsight.core.registry import metrics
from signsight.core.rng import generator
from signsight.data.imageset import ImageSet, check_fits
from signsight.data.progress import progress
from signsight.evaluation.metrics.block import Block, Explain, Result
from signsight.evaluation.nulls import NULLS

if TYPE_CHECKING:
    import torch

    from signsight.attribution.target import Value
    from signsight.models.classifier import Classifier

BLOCK_BYTES = 64 << 20  # of a block's images as float32
BATCHES = 8  # a block has at most so many batches of images
SHARED = ("x", "labels")  # arrays of a result that are not one row an image


# The `explain` of a block, from the model, images (n, H, W, 3), truth (n,) and ids of the block; with
# `against=True`, its `explain_rival`
Explainer = Callable[..., Explain]


@dataclass(frozen=True)
class Settings:
    """What a job of one metric is told by the config; see `metrics.block.Block`."""

    metric: str
    parameters: dict[str, Any]
    target: Value
    seed: int
    batch_size: int
    precision: str = "full"


def sample_rows(count: int, images: int | None, seed: int) -> np.ndarray:
    """Sorted rows of a random sample of `images` of `count` (all when None or not fewer), int64.

    A smaller sample of the same seed is part of every larger one.
    """
    if images is None or images >= count:
        return np.arange(count)
    return np.sort(generator(seed, "evaluation sample").permutation(count)[:images])


def null_sample(rows: np.ndarray, images: int, seed: int) -> np.ndarray | None:
    """So many of the sample `rows` at most, on which null maps are measured; None for no images."""
    return rows[sample_rows(len(rows), images, seed)] if images else None


def evaluate_set(
    settings: Settings,
    model: Classifier | None,
    images: ImageSet,
    maps: ArrayFile,
    rows: np.ndarray,
    device: torch.device,
    out: Path | str,
    regions: ArrayFile | None = None,
    explainer: Explainer | None = None,
    null_rows: np.ndarray | None = None,
) -> None:
    """Write the metric's answers for the images `rows` to `out` (.npz), block by block.

    maps, regions: files of (N, H, W), in the order of `images`. The file has `rows` (n,), `ids` (n,),
    `value_<quantity>` (n,) float64, `curve_<name>` (n, K) float32, `more_<name>` (n, ...), `x` (K,) and
    `labels`; of no images only the first two. explainer: makes each block's `explain`, for a metric that
    needs the method, as `attribution.run.explainer` does. null_rows: rows on which null maps are measured,
    too; the file then has `null_<kind>_<quantity>` (n,) float64, NaN for other images. A block is bounded in
    size, so memory does not grow with n but for these numbers. UserError when the metric needs truth masks
    and there are none, or a file does not fit the images.
    """
    name = settings.metric
    about, metric = metrics.about(name), metrics.get(name)
    if about["needs"] == "regions" and regions is None:
        raise UserError(
            f"Metric {name!r} needs to know where the objects are, which this data set does not tell; take "
            "it out of config key 'evaluation.metrics'."
        )
    for file in (maps, regions):
        if file is not None:
            check_fits(file, images)
    size = block_size(images.size, settings.batch_size)
    ids, truth = images.index["image_id"], images.class_ids

    def streamed(some: np.ndarray, own: Callable[[np.ndarray], np.ndarray], what: str) -> Iterator[Result]:
        with progress(what, len(some), "images", step=size) as step:
            for start in range(0, len(some), size):
                part = some[start : start + size]
                whose = (images.take(part), truth[part], ids.iloc[part].tolist())
                block = Block(
                    model=model,
                    images=whose[0],
                    maps=own(part),
                    ids=whose[2],
                    truth=whose[1],
                    regions=None if regions is None else regions.take(part),
                    target=settings.target,
                    seed=settings.seed,
                    device=device,
                    batch_size=settings.batch_size,
                    explain=explainer(model, *whose) if about["needs"] == "method" else None,
                    explain_rival=explainer(model, *whose, against=True) if about.get("rival") else None,
                    precision=settings.precision,
                )
                yield metric(block, **settings.parameters)
                step(len(part))

    results = list(streamed(rows, maps.take, name))
    answers = joined(results) if results else {}
    if results and null_rows is not None:
        for kind, null in NULLS.items():
            known, own = null.make(maps, truth, settings.seed)
            places = np.flatnonzero(np.isin(rows, np.intersect1d(known, null_rows)))
            found = list(streamed(rows[places], own, f"{name}, {null.label}"))
            for quantity in filter(results[0].values.__contains__, judged(about)):
                values = answers[f"null_{kind}_{quantity}"] = np.full(len(rows), np.nan)
                values[places] = np.concatenate([np.empty(0), *(one.values[quantity] for one in found)])
    save(out, answers | {"rows": rows, "ids": ids.iloc[rows].to_numpy(np.str_)})


def judged(about: dict[str, Any]) -> list[str]:
    """The quantities of a metric that have a better direction, in the order of its declaration."""
    return [name for name, told in about["quantities"].items() if told.get("direction")]


def block_size(size: tuple[int, int], batch_size: int) -> int:
    """Images in a block: many full batches of their perturbed copies, in bounded memory."""
    return max(min(BATCHES * batch_size, BLOCK_BYTES // (12 * size[0] * size[1])), 1)


def joined(results: list[Result]) -> dict[str, np.ndarray]:
    """The arrays of consecutive blocks as they are stored."""
    first = results[0]
    values = {f"value_{q}": np.concatenate([r.values[q] for r in results]) for q in first.values}
    curves = {f"curve_{c}": np.concatenate([r.curves[c] for r in results]) for c in first.curves}
    more = {f"more_{name}": np.concatenate([r.more[name] for r in results]) for name in first.more}
    return values | curves | more | {"x": first.x, "labels": np.array(first.labels, np.str_)}


def save(path: Path | str, arrays: dict[str, np.ndarray]) -> None:
    """Write the arrays of a result as `.npz`, whole or not at all."""
    with atomic(path) as part, part.open("wb") as file:
        np.savez(file, **arrays)


def join_answers(files: Sequence[Path | str], out: Path | str) -> None:
    """Write the answers for all images to `out`, from those of shards in the order of their images.

    UserError when there is no image in them, or the shards are not of one evaluation.
    """
    join_archives(files, out, axis=0, shared=SHARED, counted="rows")
