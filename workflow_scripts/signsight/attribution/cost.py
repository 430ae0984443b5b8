"""What a method costs: CPU and GPU seconds around the method alone, and those of a forward pass."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import torch

from signsight.attribution.cost_table import Seconds
from signsight.models.classifier import Classifier, to_pixels

PASSES = 5  # forward passes that are timed, after one that is not
Clock = Callable[[], float]


class Stopwatch:
    """Adds up what happens within `running()`, by the clocks of the process and, with a GPU, of the wall."""

    def __init__(self, device: torch.device, cpu: Clock | None = None, wall: Clock | None = None) -> None:
        self._device, self._gpu = device, device.type != "cpu"
        self._cpu, self._wall = cpu or time.process_time, wall or time.perf_counter
        self.cpu = self.gpu = 0.0
        self.images = 0

    @contextmanager
    def running(self, images: int) -> Iterator[None]:
        """Times the body, which deals with so many images; a GPU is idle before and after it."""
        self._wait()
        cpu, wall = self._cpu(), self._wall()
        yield
        self._wait()
        self.cpu, self.gpu = self.cpu + self._cpu() - cpu, self.gpu + self._wall() - wall
        self.images += images

    @property
    def seconds(self) -> Seconds:
        """Of one image; nothing where there was none."""
        images = max(self.images, 1)
        return Seconds(self.cpu / images, self.gpu / images if self._gpu else None)

    def _wait(self) -> None:
        if self._gpu and torch.accelerator.is_available():
            torch.accelerator.synchronize(self._device)


def forward_seconds(
    model: Classifier,
    batch: np.ndarray,
    device: torch.device,
    new: Callable[[torch.device], Stopwatch] = Stopwatch,
) -> Seconds:
    """Time of a forward pass for one image of a batch (B, H, W, 3) uint8: the median of some, warmed up."""
    training = model.training
    model.eval()
    try:
        pixels, found = to_pixels(batch, device), []
        with torch.inference_mode():
            model(pixels)
            for _ in range(PASSES):
                watch = new(device)
                with watch.running(len(batch)):
                    model(pixels)
                found.append(watch.seconds)
    finally:
        model.train(training)
    gpu = [one.gpu for one in found if one.gpu is not None]
    return Seconds(statistics.median(one.cpu for one in found), statistics.median(gpu) if gpu else None)
