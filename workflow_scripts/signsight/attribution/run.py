"""One attribution method over a whole image set, in batches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from signsight.attribution.cost import Stopwatch
from signsight.attribution.reduce import reduced
from signsight.attribution.target import Bound, Target, Value, joined, parse, rival
from signsight.attribution.task import Task
from signsight.core.errors import UserError
from signsight.core.files import ArrayWriter
from signsight.core.registry import methods
from signsight.data.imageset import ImageSet
from signsight.data.progress import pieces, progress
from signsight.models.classifier import Classifier, to_pixels


@dataclass(frozen=True)
class Settings:
    """Config group `attribution` for one method; target: see `attribution.target`.

    UserError for a layer that the method has no use for.
    """

    method: str
    target: Value
    score: str
    layer: str | None
    batch_size: int
    parameters: dict[str, Any]
    seed: int

    def __post_init__(self) -> None:
        if self.layer is not None and "layer" not in methods.about(self.method):
            raise UserError(
                f"The method {self.method} is given the layer {self.layer!r}, but looks at no layer; leave "
                "'layer' out of its settings."
            )

    @property
    def explained(self) -> Target:
        """What is explained."""
        return parse(self.target, self.score)


@contextmanager
def frozen(model: nn.Module) -> Iterator[None]:
    """The model in eval mode with no parameter asking for a gradient; as it was, afterwards."""
    modes = {module: module.training for module in model.modules()}
    asked = [p for p in model.parameters() if p.requires_grad]
    model.eval().requires_grad_(False)
    try:
        yield
    finally:
        for module, training in modes.items():
            module.training = training
        for parameter in asked:
            parameter.requires_grad_(True)


def explain_batch(
    model: Classifier,
    images: np.ndarray,
    truth: np.ndarray,
    ids: list[str],
    settings: Settings,
    device: torch.device,
    colours: bool = False,
) -> np.ndarray:
    """Maps of one batch: images (B, H, W, 3) uint8 -> (B, H, W) float32.

    truth: (B,) true classes, -1 where unknown. With `colours`, a method that has a value for each colour
    gives (B, 3, H, W).
    """
    targets = bind_batch(model, images, truth, ids, settings, device)
    return explain_bound(model, images, targets, ids, settings, device, colours)


def bind_batch(
    model: Classifier,
    images: np.ndarray,
    truth: np.ndarray,
    ids: list[str],
    settings: Settings,
    device: torch.device,
    against: bool = False,
) -> Bound:
    """What the settings explain in one batch of images (B, H, W, 3) uint8, or what stands against it."""
    with torch.inference_mode(False), frozen(model):
        pixels = to_pixels(images, device)
        if against:
            return rival(settings.explained, model, pixels, truth, ids)
        return settings.explained.bind(model, pixels, truth, ids)


@torch.inference_mode(False)  # a caller's inference mode would leave no gradient
def explain_bound(
    model: Classifier,
    images: np.ndarray,
    targets: Bound,
    ids: list[str],
    settings: Settings,
    device: torch.device,
    colours: bool = False,
    watch: Stopwatch | None = None,
) -> np.ndarray:
    """As `explain_batch`, of what was chosen before. watch: times the method alone."""
    task = Task(model, settings.layer, settings.seed, settings.batch_size)
    how = methods.about(settings.method).get("reduce")
    with frozen(model):
        pixels = to_pixels(images, device)
        with watch.running(len(images)) if watch else nullcontext():
            maps = methods.get(settings.method)(task, pixels, targets, ids, **settings.parameters)
            if how and maps.ndim == 4 and not colours:
                maps = reduced(maps, how)
    return maps.detach().float().cpu().numpy()


Explain = Callable[[Classifier, np.ndarray, list[str], int], np.ndarray]


def explainer(
    model: Classifier,
    images: np.ndarray,
    truth: np.ndarray,
    ids: list[str],
    settings: Settings,
    device: torch.device,
    against: bool = False,
) -> Explain:
    """`explain(model, images, ids, seed) -> maps`: the method again, what is explained held fixed.

    With `against`, what stands against that is explained, the highest other class (`target.rival`).

    images (n, H, W, 3) uint8, truth and ids are those of the maps to compare with. The classes are
    what `settings.target` means for `model` and these images; `explain` takes another model, changed
    images or another seed, and any rows in any order, told by their ids.
    """
    parts = []
    for start in range(0, len(ids), settings.batch_size):
        rows = slice(start, start + settings.batch_size)
        parts.append(bind_batch(model, images[rows], truth[rows], ids[rows], settings, device, against))
    chosen, places = joined(parts), {image: place for place, image in enumerate(ids)}

    @torch.inference_mode(False)
    def explain(model: Classifier, images: np.ndarray, ids: list[str], seed: int) -> np.ndarray:
        again = replace(settings, seed=seed)
        maps = np.empty(images.shape[:3], np.float32)
        starts = range(0, len(ids), settings.batch_size)
        for start in pieces(starts, len(starts)):
            part = slice(start, start + settings.batch_size)
            rows = torch.tensor([places[image] for image in ids[part]], device=device)
            maps[part] = explain_bound(model, images[part], chosen[rows], ids[part], again, device)
        return maps

    return explain


def explain_set(
    model: Classifier, images: ImageSet, settings: Settings, device: torch.device, out: Path
) -> Stopwatch:
    """Write the maps of all images, (N, H, W) float32, to `out` (.npy), batch by batch.

    Returns the time of the method in all batches but the first, which warms up; where there is but one, one
    of its images does. Raises UserError when a map is not finite.
    """
    done, watch = 0, Stopwatch(device)
    single = len(images) <= settings.batch_size
    if single and len(images):  # before the progress, which goes by the batches
        first = images.images.read(0, 1), images.class_ids[:1], images.index["image_id"].iloc[:1].tolist()
        explain_batch(model, *first, settings, device)
    with (
        ArrayWriter(out, (len(images), *images.size), np.float32) as writer,
        progress(settings.method, len(images), "images", step=settings.batch_size) as step,
    ):
        for batch in images.batches(settings.batch_size):
            rows = slice(done, done + len(batch))
            ids = images.index["image_id"].iloc[rows].tolist()
            targets = bind_batch(model, batch, images.class_ids[rows], ids, settings, device)
            timed = watch if done or single else None
            maps = explain_bound(model, batch, targets, ids, settings, device, watch=timed)
            if not np.isfinite(maps).all():
                bad = ids[int(np.flatnonzero(~np.isfinite(maps).all((1, 2)))[0])]
                raise UserError(
                    f"The {settings.method} map of image {bad} is not finite; is the model trained?"
                )
            writer.append(maps)
            done += len(batch)
            step(len(batch))
    return watch
