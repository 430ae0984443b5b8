"""Occlusion, Score-CAM and RISE against the pure forward passes that they need: ratios.

OMP_NUM_THREADS=1 PYTHONPATH=workflow_scripts:tests python tests/bench/bench_masked_forwards.py [network]
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import torch
from bench_score import interleaved

from signsight.attribution.run import frozen
from signsight.attribution.target import Classes
from signsight.attribution.task import Task
from signsight.core.registry import methods
from signsight.models.build import build
from signsight.models.classifier import Classifier
from small_models import classifier

BATCH, CLASSES, BOUND = 32, 10, 1.1
SIZES = {"compact": 48, "resnet18": 112, "alexnet": 224}
# Few images, as one already means many passes
RUNS: list[tuple[str, int, dict[str, Any]]] = [
    ("occlusion", 2, {}),
    ("score_cam", 2, {}),
    ("rise", 2, {"masks": 256}),
]


def forwards(model: Classifier, sizes: list[int]) -> Callable[[], None]:
    """Nothing but the network on ready batches of these sizes."""
    ready = torch.rand(max(sizes), model.size, model.size, 3).permute(0, 3, 1, 2)

    def run() -> None:
        with torch.no_grad():
            for size in sizes:
                model(ready[:size])

    return run


def main() -> None:
    name = sys.argv[1] if len(sys.argv) > 1 else "compact"
    torch.manual_seed(0)
    model = classifier(build(name, CLASSES, SIZES[name]), CLASSES, SIZES[name])
    task = Task(model, model.target_layer().removeprefix("network."), 0, BATCH)
    for method, count, parameters in RUNS:
        images = torch.rand(count, model.size, model.size, 3).permute(0, 3, 1, 2)
        targets, ids = Classes(torch.zeros(count, dtype=torch.int64)), [str(n) for n in range(count)]

        def explain(
            method: str = method,
            images: torch.Tensor = images,
            targets: Classes = targets,
            ids: list[str] = ids,
            parameters: dict[str, Any] = parameters,
        ) -> None:
            with frozen(model):
                methods.get(method)(task, images, targets, ids, **parameters)

        sizes: list[int] = []
        handle = model.register_forward_pre_hook(lambda module, args, sizes=sizes: sizes.append(len(args[0])))
        explain()
        handle.remove()
        whole, pure = interleaved(explain, forwards(model, sizes), rounds=3)
        passes = f"its {sum(sizes)} forward passes of {pure:.2f} s"
        print(f"{name}, {method}: {whole / pure:.3f} x {passes} (bound {BOUND})", flush=True)


if __name__ == "__main__":
    main()
