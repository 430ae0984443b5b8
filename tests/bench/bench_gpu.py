"""A training step on a GPU, kernel by kernel and replayed, and forward passes, of the project's own networks.

PYTHONPATH=workflow_scripts:tests python tests/bench/bench_gpu.py [--steps 200]

The bound is that share of a step which fills the GPU: what the kernels take when Python need not start them
one by one. Seconds are of the wall, after the GPU has ended.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from signsight.models.classifier import Classifier, new_classifier, to_pixels
from signsight.models.optimisation import make_optimizer
from signsight.models.replay import Forward, recorded

DEVICE = torch.device("cuda")
SGD = {"optimizer": "sgd", "learning_rate": 1e-3, "weight_decay": 0.0, "momentum": 0.9, "nesterov": True}
CASES = (("stn3", 32), ("stn3", 48), ("compact", 32))
MANY = 1024  # images that fill the GPU


def made(name: str, size: int) -> Classifier:
    """The network for 43 classes on the GPU, newly initialised."""
    torch.manual_seed(0)
    network = new_classifier(name, {}, [str(n) for n in range(43)], size, [0.3] * 3, [0.2] * 3)
    return network.to(DEVICE, memory_format=torch.channels_last)


def pictures(count: int, size: int) -> np.ndarray:
    """(count, size, size, 3) uint8 noise."""
    return np.random.default_rng(0).integers(0, 256, (count, size, size, 3), dtype=np.uint8)


def seconds(work: Callable[[], object], times: int) -> float:
    """Of one call, on average, after a few that do not count."""
    for _ in range(3):
        work()
    torch.cuda.synchronize()
    start = time.perf_counter()
    for _ in range(times):
        work()
    torch.cuda.synchronize()
    return (time.perf_counter() - start) / times


def step_seconds(
    model: Classifier, batch: int, times: int, settings: Mapping[str, Any], forward: Forward
) -> float:
    """Of a training step in bfloat16, from pictures in main memory to new weights."""
    model.train()
    optimizer, own = make_optimizer(model, settings), pictures(batch, model.size)
    target = torch.arange(batch, device=DEVICE) % 43

    def step() -> None:
        with torch.autocast("cuda", torch.bfloat16):
            logits = forward(to_pixels(own, DEVICE))
        loss = functional.cross_entropy(logits.float(), target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return seconds(step, times)


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=200)
    steps = parser.parse_args().steps
    print(torch.cuda.get_device_name())
    for name, size in CASES:
        for batch in (50, 256):
            model = made(name, size)
            plain = step_seconds(model, batch, steps, SGD, model)
            replayed = step_seconds(model, batch, steps, SGD, recorded(model, (batch,), True)[batch])
            bound = step_seconds(model, MANY, max(steps // 10, 3), SGD, model) * batch / MANY
            print(
                f"{name} at {size} px, steps of {batch}: {1e3 * plain:.2f} ms, replayed {1e3 * replayed:.2f} "
                f"ms; bound {1e3 * bound:.2f} ms"
            )
        model, own = made(name, size).eval(), to_pixels(pictures(MANY, size), DEVICE)
        for precision in (torch.float32, torch.bfloat16):
            with (
                torch.inference_mode(),
                torch.autocast("cuda", precision, enabled=precision != torch.float32),
            ):
                taken = seconds(lambda model=model, own=own: model(own), max(steps // 10, 3))
            print(f"{name} at {size} px, forward in {precision}: {MANY / taken:,.0f} images a second")


if __name__ == "__main__":
    main()
