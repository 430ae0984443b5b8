"""Every LRP method against one plain forward pass of the same batch: ratios.

OMP_NUM_THREADS=1 PYTHONPATH=workflow_scripts:tests python tests/bench/bench_lrp.py [size] [rounds]
"""

from __future__ import annotations

import sys
from functools import partial

import torch
from bench_score import interleaved

from signsight.attribution.run import frozen
from signsight.attribution.target import Classes
from signsight.attribution.task import Task
from signsight.core.registry import methods
from signsight.models.build import build
from small_models import classifier

BATCH = 32
BOUNDS = {"alexnet": 5.0, "resnet18": 6.5}
METHODS = ("lrp_epsilon", "lrp_alpha_beta", "lrp_gamma", "lrp_composite")


def main(size: int = 224, rounds: int = 3) -> None:
    images = torch.rand(BATCH, size, size, 3).permute(0, 3, 1, 2)  # channels last, as those of image sets
    targets, ids = Classes(torch.arange(BATCH)), [str(n) for n in range(BATCH)]
    for name, bound in BOUNDS.items():
        torch.manual_seed(0)
        model = classifier(build(name, 1000, size), 1000, size)
        task = Task(model, None, 0, BATCH)

        def forward(model: torch.nn.Module = model) -> None:
            with torch.inference_mode():
                model(images)

        jobs = [partial(methods.get(method), task, images, targets, ids) for method in METHODS]
        with frozen(model):
            *ours, bare = interleaved(*jobs, forward, rounds=rounds)
        for method, cost in zip(METHODS, ours, strict=True):
            print(f"{name} {method}: {cost / bare:.2f} x the forward pass of {bare:.2f} s (bound {bound})")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
