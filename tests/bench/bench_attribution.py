"""Every attribution method on a batch of 32: its cost in forward passes of the same batch.

OMP_NUM_THREADS=1 PYTHONPATH=workflow_scripts:tests python tests/bench/bench_attribution.py \
    [--size 64] [--networks alexnet,resnet18] [--methods saliency,rise] [--rounds 2] [--table docs/costs.csv]

The explained class is given, since finding it is a pass of its own. Methods that make many inputs of
an image run with few of them, and the cost is also stated for one. With --table the costs are also
written to the table that docs/methods.md shows (then run `make docs`).
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from bench_score import interleaved

from signsight.attribution.run import Settings, explain_batch
from signsight.core.errors import UserError
from signsight.core.job import keep_freed_memory
from signsight.core.registry import methods
from signsight.models.build import build
from signsight.models.classifier import Classifier, to_pixels
from small_models import classifier, pictures

BATCH = 32
GRADIENT, CAM = 2.5, 1.4
LRP = {"alexnet": 5.0, "resnet18": 6.5}
FIRST = {"alexnet": "features.0", "resnet18": "conv1"}
SAMPLED = {  # method -> parameters, the bound of one sample, and its name
    "smooth_grad": ({"samples": 4}, GRADIENT, "samples"),
    "smooth_guided_backprop": ({"samples": 4}, GRADIENT, "samples"),
    "integrated_gradients": ({"steps": 4}, GRADIENT, "steps"),
    "smooth_grad_cam_pp": ({"samples": 4}, CAM, "samples"),
    "rise": ({"masks": 8}, 1.1, "masks"),
    "occlusion": ({}, 1.1, "windows"),
    "score_cam": ({}, 1.1, "channels"),
}


def bound(method: str, network: str) -> float | None:
    """Forward passes that a method, or one sample of it, may cost."""
    if method.startswith("lrp"):
        return LRP[network]
    if method in SAMPLED:
        return SAMPLED[method][1]
    if method == "guided_grad_cam":
        return 3.8
    needs = methods.about(method)["needs"]
    return {"nothing": None, "forward": 1.1}.get(needs, CAM if "cam" in method else GRADIENT)


def measure(model: Classifier, network: str, method: str, rounds: int) -> tuple[str, str]:
    """One line on a method, and its cost in a few letters."""
    images, ids = pictures(BATCH, model.size), [str(n) for n in range(BATCH)]
    # Score-CAM at a late layer takes hundreds of passes; the first convolution has 64 channels.
    layer = FIRST[network] if method == "score_cam" else None
    settings = Settings(method, 1, "logit", layer, BATCH, SAMPLED.get(method, ({},))[0], 0)
    pixels = to_pixels(images)

    def explain() -> None:
        explain_batch(model, images, np.zeros(BATCH, int), ids, settings, torch.device("cpu"))

    def forward() -> None:
        with torch.inference_mode():
            model(pixels)

    seen: list[int] = []
    handle = model.network.register_forward_pre_hook(lambda module, args: seen.append(len(args[0])))
    explain()
    handle.remove()
    passes = sum(seen) / BATCH
    cost, plain = interleaved(explain, forward, rounds=rounds)
    per = passes if method in SAMPLED else 1
    allowed = bound(method, network)
    missed = ", MISSED" if allowed is not None and cost / plain / per > allowed else ""
    against = "" if allowed is None else f" (bound {allowed}{missed})"
    each = f", {per:.0f} passes of {cost / plain / per:.2f}" if per > 1 else ""
    line = f"{network} {method}: {cost / plain:.2f} forward passes{each}{against}"
    return line, f"{cost / plain / per:.1f}" + (f" × {SAMPLED[method][2]}" if method in SAMPLED else "")


def write_costs(path: Path, costs: dict[tuple[str, str], str]) -> None:
    """Put costs, (method, network) -> text, into the table at `path`; others stay."""
    table = pd.read_csv(path, index_col="method", dtype=str, keep_default_na=False)
    table = table.reindex(methods.names(), fill_value="")
    for (method, network), text in costs.items():
        table.loc[method, network] = text
    table.to_csv(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--networks", default="alexnet,resnet18")
    parser.add_argument("--methods", default=",".join(methods.names()))
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--table", type=Path)
    wanted = parser.parse_args()
    costs: dict[tuple[str, str], str] = {}
    keep_freed_memory()  # as every job does
    for network in wanted.networks.split(","):
        torch.manual_seed(0)
        model = classifier(build(network, 43, wanted.size), 43, wanted.size)
        model = model.to(memory_format=torch.channels_last)  # as a loaded checkpoint
        for method in wanted.methods.split(","):
            try:
                line, costs[method, network] = measure(model, network, method, wanted.rounds)
                print(line, flush=True)
            except UserError as refusal:
                print(f"{network} {method}: refused, {refusal}", flush=True)
                costs[method, network] = "refused"
    if wanted.table:
        write_costs(wanted.table, costs)


if __name__ == "__main__":
    main()
