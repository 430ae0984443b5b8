"""Every attribution method on a batch of 128: its cost in forward passes of the same batch.

OMP_NUM_THREADS=1 PYTHONPATH=workflow_scripts:tests python tests/bench/bench_attribution.py
"""

from __future__ import annotations

import numpy as np
import torch
from bench_score import forwards, interleaved

from signsight.attribution.registry import methods
from signsight.attribution.run import Settings, explain_batch
from signsight.models.registry import build
from small_models import classifier, pictures

COUNT, SIZE = 128, 48
# Forward passes that a method is made of (the predicted class is one, a backward pass two), and a fifth more.
PASSES = {"random": 1, "saliency": 4, "grad_cam": 2, "grad_cam_pp": 2, "smooth_grad_cam_pp": 27}


def main() -> None:
    torch.manual_seed(0)
    model = classifier(build("compact", 43, SIZE), 43, SIZE)
    images, ids = pictures(COUNT, SIZE), [str(n) for n in range(COUNT)]
    for method in methods.names():
        settings = Settings(method, "predicted", "logit", None, COUNT, {}, 0)

        def explain(settings: Settings = settings) -> None:
            explain_batch(model, images, np.zeros(COUNT, int), ids, settings, torch.device("cpu"))

        cost, forward = interleaved(explain, forwards(model, COUNT), rounds=3)
        bound = f" (bound {1.2 * PASSES[method]:.1f})" if method in PASSES else ""
        print(f"{method}: {cost / forward:.2f} forward passes{bound}, {COUNT / cost:.0f} images/s")


if __name__ == "__main__":
    main()
