"""One attribution method over all chosen boxes of a scene set, picture by picture."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from signsight.attribution.reduce import reduced
from signsight.attribution.run import frozen
from signsight.attribution.task import Task
from signsight.core.errors import UserError
from signsight.core.registry import methods
from signsight.data.progress import pieces, progress
from signsight.detection.detector import Detector
from signsight.detection.map_file import maps_writer
from signsight.detection.scene_set import SceneSet
from signsight.detection.target import BoxTarget
from signsight.models.classifier import to_pixels

log = logging.getLogger("signsight")


@dataclass(frozen=True)
class Settings:
    """What a job of one method is told; batch_size: the maximum number of pictures in one pass."""

    method: str
    parameters: dict[str, Any]
    layer: str | None
    batch_size: int
    seed: int


@torch.inference_mode(False)  # a caller's inference mode would leave no gradient
def explain_boxes(
    detector: Detector, picture: np.ndarray, target: BoxTarget, settings: Settings, device: torch.device
) -> np.ndarray:
    """Maps of the K boxes of a picture: (H, W, 3) uint8 -> (K, H, W) float32, signed and unnormalised.

    A method that declares `shares` gets the picture once, with all boxes; any other gets it box by box.
    """
    about, method = methods.about(settings.method), methods.get(settings.method)
    task = Task(detector, settings.layer, settings.seed, settings.batch_size)
    images, ids = to_pixels(picture[None], device), list(target.ids)
    bound = target.bind(detector, images, np.empty(0), ids)
    parts = [slice(0, len(ids))] if about.get("shares") else [slice(k, k + 1) for k in range(len(ids))]
    found = []
    with frozen(detector):
        for part in pieces(parts, len(parts)):
            maps = method(task, images, bound[part], ids[part], **settings.parameters)
            found.append(reduced(maps, about["reduce"]) if maps.ndim == 4 else maps)
    return torch.cat(found).detach().float().cpu().numpy()


def explain_scenes(
    detector: Detector,
    scenes: SceneSet,
    targets: Mapping[str, BoxTarget],
    settings: Settings,
    device: torch.device,
    out: Path | str,
) -> float:
    """Write the maps of all boxes to `out`, in the order of the targets; returns the seconds that they took.

    CPU seconds of all threads on the CPU, else seconds of the clock. UserError for a map that is not finite.
    """
    clock = time.process_time if device.type == "cpu" else time.perf_counter
    took = 0.0
    with maps_writer(out) as writer, progress(settings.method, len(targets), "pictures") as step:
        for picture, target in targets.items():
            pixels = scenes.picture(picture)
            start = clock()
            maps = explain_boxes(detector, pixels, target, settings, device)
            took += clock() - start
            for box, one in zip(target.ids, maps, strict=True):
                if not np.isfinite(one).all():
                    raise UserError(
                        f"The {settings.method} map of box {box} is not finite; is the detector trained?"
                    )
                writer.add(one)
            step(1)
    return took
