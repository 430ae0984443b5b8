"""Pictures made by optimisation against the bare forward and backward passes that they need: ratios.

OMP_NUM_THREADS=1 PYTHONPATH=workflow_scripts:tests python tests/bench/bench_features.py [ratios|class|memory]

Three parts, all of them unless one is named: the ratio for each way of making pictures; processor seconds
of a picture of every class; and the peak memory for ten times as many classes, in batches.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np
import torch
from bench_score import interleaved

from signsight.attribution.run import frozen
from signsight.attribution.target import Classes
from signsight.core.job import keep_freed_memory
from signsight.core.registry import presets
from signsight.features.objectives import OfTarget
from signsight.features.optimise import optimise
from signsight.features.recipe import Recipe
from signsight.features.spectrum import natural_magnitude
from signsight.models.build import build
from signsight.models.classifier import Classifier
from small_models import classifier, pictures

SIZE, BATCH, CLASSES = 48, 16, 43
STEPS, FRAMES = 43, 2  # as many looks a step as 12 in 256; short, since the machine may be shared
BOUNDS = {"pixels": 1.05, "fourier_still": None, "fourier": 1.10, "maco": None}
SECONDS = 90.0
FEW = 4  # steps of the memory's run


def recipe_named(preset: str, steps: int) -> Recipe:
    """The recipe of a preset, with its number of steps changed."""
    about = presets.about(preset)
    fields = ("parametrisation", "rate", "optimiser", "views", "parameters", "transforms", "regularisers")
    return Recipe(steps=steps, **{key: about[key] for key in fields if key in about})


def compact(classes: int) -> Classifier:
    """The demo's network with running statistics, so that its units differ."""
    torch.manual_seed(0)
    network = build("compact", classes, SIZE).train()
    with torch.no_grad():
        network(torch.randn(64, 3, SIZE, SIZE))
    return classifier(network, classes, SIZE)


def made(model: Classifier, preset: str, steps: int, frames: int, wanted: np.ndarray) -> Callable[[], None]:
    """A job that makes a picture of each class `wanted`, in batches."""
    recipe, magnitude = recipe_named(preset, steps), natural_magnitude([pictures(64, SIZE)])

    def run() -> None:
        for start in range(0, len(wanted), BATCH):
            part = wanted[start : start + BATCH]
            target = OfTarget(Classes(torch.from_numpy(part)))
            keys = [f"class {one}" for one in part]
            optimise(model, target, recipe, keys, 0, batch_size=BATCH * 4, magnitude=magnitude, frames=frames)

    return run


def passes(model: Classifier, views: int, steps: int, count: int) -> Callable[[], None]:
    """A job of nothing but forward and backward passes, of ready batches of the same size."""
    seen = torch.rand(count * views, SIZE, SIZE, 3).permute(0, 3, 1, 2)  # channels last
    wanted = torch.arange(count).repeat_interleave(views)[:, None]

    def run() -> None:
        with frozen(model):
            for _ in range(steps):
                leaf = seen.detach().requires_grad_(True)
                torch.autograd.grad(model(leaf).gather(1, wanted).sum(), leaf)

    return run


def ratios(rounds: int = 9) -> None:
    """Each way of making pictures by the passes that it needs."""
    model = compact(CLASSES)
    for preset, bound in BOUNDS.items():
        views = recipe_named(preset, STEPS).views
        steps, frames = (STEPS, FRAMES) if views == 1 else (STEPS // 2, 1)
        job = made(model, preset, steps, frames, np.arange(BATCH))
        ours, bare = interleaved(job, passes(model, views, steps, BATCH), rounds=rounds)
        told = f"(bound {bound:.2f})" if bound else "(no bound)"
        each = bare / steps / BATCH / views
        print(f"{preset}: {ours / bare:.3f} x the passes of {1000 * each:.2f} ms a view {told}", flush=True)


def every_class() -> None:
    """Processor seconds of a picture of every class, as `fourier` makes them."""
    start = time.process_time()
    made(compact(CLASSES), "fourier", 256, 12, np.arange(CLASSES))()
    took = time.process_time() - start
    print(f"{CLASSES} classes x 256 steps: {took:.0f} processor seconds (bound {SECONDS:.0f})", flush=True)


def peak(classes: int) -> None:
    """Print the peak memory in MiB of this process, which makes a picture of every class."""
    made(compact(classes), "fourier", FEW, 1, np.arange(classes))()
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10)


def memory() -> None:
    """Peak memory for the classes, and for ten times as many."""
    found = [
        int(subprocess.check_output([sys.executable, __file__, "peak", str(count)], text=True))
        for count in (CLASSES, 10 * CLASSES)
    ]
    print(f"peak memory: {found[0]} MiB for {CLASSES} classes, {found[1]} MiB for {10 * CLASSES}", flush=True)


def main(part: str = "all", count: str = "0") -> None:
    keep_freed_memory()
    parts = {"ratios": ratios, "class": every_class, "memory": memory}
    if part == "peak":
        peak(int(count))
        return
    for job in parts.values() if part == "all" else [parts[part]]:
        job()


if __name__ == "__main__":
    main(*sys.argv[1:])
