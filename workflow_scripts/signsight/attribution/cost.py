"""What a method costs: CPU and GPU seconds around the method alone, and in forward passes of the network."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from signsight.models.classifier import Classifier, to_pixels

PASSES = 5  # forward passes that are timed, after one that is not
Clock = Callable[[], float]


@dataclass(frozen=True)
class Seconds:
    """Time for one image: CPU seconds of all threads, and with a GPU its seconds, from idle to idle.

    Other jobs on the machine do not count in CPU seconds.
    """

    cpu: float
    gpu: float | None


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
        """Of one image."""
        return Seconds(self.cpu / self.images, self.gpu / self.images if self._gpu else None)

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


def cost_row(
    own: Seconds, forward: Seconds, images: int, batch_size: int, device: torch.device
) -> dict[str, Any]:
    """The row of `time.csv`: seconds for the map of an image, for a forward pass, and their ratio.

    The ratio is that of the GPU where there is one. images: those that were timed.
    """
    passes = own.cpu / forward.cpu if own.gpu is None or forward.gpu is None else own.gpu / forward.gpu
    return {
        "device": device.type,
        "batch_size": batch_size,
        "images": images,
        "cpu_seconds": own.cpu,
        "gpu_seconds": own.gpu,
        "forward_cpu_seconds": forward.cpu,
        "forward_gpu_seconds": forward.gpu,
        "forward_passes": passes,
    }
