"""The evaluation engine against the pure forward passes of the same batches, and its peak memory.

OMP_NUM_THREADS=1 PYTHONPATH=workflow_scripts:tests python tests/bench/bench_engine.py [images [device]]

Ratio: region perturbation (100 steps, MoRF) and deletion of AlexNet at 224 px, the forward passes of
each metric's own batches taken in turns with it. On a GPU both are in bfloat16, and images/s are of
the wall clock. Memory: a small network on 100 and on 2,000 images, each in a process of its own.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import torch
from bench_score import interleaved

from signsight.core.files import ArrayFile
from signsight.evaluation.run import Settings, evaluate_set
from signsight.models.build import build
from signsight.models.classifier import Classifier
from small_models import classifier, image_set, linear, pictures

IMAGES, STEPS, BOUNDS = 8, 100, {"cpu": 1.05, "cuda": 1.10}
METRICS = {
    "region_perturbation": {"region": 9, "steps": STEPS, "repetitions": 1, "orders": "morf"},
    "deletion": {"steps": STEPS},
}


def forwards(model: Classifier, size: int, count: int, batch_size: int, device: torch.device) -> None:
    """Nothing but the network on ready batches that make up `count` images."""
    batch = torch.rand(batch_size, size, size, 3, device=device).permute(0, 3, 1, 2)
    cast = torch.autocast("cuda", torch.bfloat16, enabled=device.type == "cuda")
    with torch.inference_mode(), cast:
        for start in range(0, count, batch_size):
            model(batch[: min(batch_size, count - start)])


def evaluation(
    folder: Path, model: Classifier, size: int, count: int, settings: Settings, device: torch.device
) -> Callable[[], None]:
    """The metric on `count` images of noise with maps of noise."""
    images = image_set(folder / "in", pictures(count, size), np.zeros(count, int))
    np.save(folder / "maps.npy", np.random.default_rng(0).random((count, size, size), dtype=np.float32))
    maps, rows = ArrayFile(folder / "maps.npy"), np.arange(count)
    return lambda: evaluate_set(settings, model, images, maps, rows, device, folder / "out.npz")


def seconds(device: torch.device, *jobs: Callable[[], None]) -> list[float]:
    """Least time of each job: of the processor, or of the wall clock where a GPU does the work."""
    if device.type == "cpu":
        return interleaved(*jobs, rounds=3)
    times: list[list[float]] = [[] for _ in jobs]
    for _ in range(4):
        for job, taken in zip(jobs, times, strict=True):
            torch.cuda.synchronize()
            start = time.perf_counter()
            job()
            torch.cuda.synchronize()
            taken.append(time.perf_counter() - start)
    return [min(taken) for taken in times]


def ratios(count: int, device: torch.device) -> None:
    torch.manual_seed(0)
    model = classifier(build("alexnet", 1000, 224), 1000, 224).to(device)
    batch_size, bound = (1024 if device.type == "cuda" else 64), BOUNDS[device.type]

    for metric, parameters in METRICS.items():
        settings = Settings(metric, parameters, "predicted", 0, batch_size, "bf16")
        passes = count * (STEPS + 1)
        with tempfile.TemporaryDirectory() as name:
            whole = evaluation(Path(name), model, 224, count, settings, device)
            pure = partial(forwards, model, 224, passes, batch_size, device)
            ours, bare = seconds(device, whole, pure)
        print(
            f"{metric}: {ours / bare:.3f} x the forward passes of {bare:.2f} s (bound {bound}), "
            f"{passes / ours:.0f} perturbed images/s"
        )


def memory(count: int) -> None:
    """Print the peak memory in MB of this process after `count` small images."""
    with tempfile.TemporaryDirectory() as name:
        settings = Settings("deletion", {"steps": 5}, "predicted", 0, 32)
        evaluation(Path(name), linear(4, 48), 48, count, settings, torch.device("cpu"))()
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)


def main() -> None:
    if sys.argv[1:2] == ["memory"]:
        memory(int(sys.argv[2]))
        return
    count = int(sys.argv[1]) if len(sys.argv) > 1 else IMAGES
    # First, since a process starts with the peak of the one that started it.
    few, many = (
        int(subprocess.run([sys.executable, __file__, "memory", n], capture_output=True, check=True).stdout)
        for n in ("100", "2000")
    )
    print(f"peak memory: {few} MB for 100 images, {many} MB for 2,000")
    ratios(count, torch.device(sys.argv[2] if len(sys.argv) > 2 else "cpu"))


if __name__ == "__main__":
    main()
