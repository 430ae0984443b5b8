"""The pictures of a figure are those that region perturbation scores."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from signsight.evaluation.metrics.block import Block
from signsight.evaluation.metrics.region_perturbation import region_perturbation
from signsight.evaluation.perturbed_pictures import perturbed_pictures, shown_steps
from small_models import gap, pictures

SIZE, REGION, STEPS = 12, 3, 16
SETTINGS = {"region": REGION, "score": "softmax", "region_score": "sum", "border": "partial"}


@pytest.mark.parametrize("replacement", ["uniform", "gray"])
@pytest.mark.parametrize("batch_size", [3, 64])
def test_scores_and_pictures_are_those_of_the_metric(replacement: str, batch_size: int) -> None:
    maps = np.random.default_rng(0).standard_normal((4, SIZE, SIZE)).astype(np.float32)
    block = Block(
        model=gap(size=SIZE), images=pictures(4, SIZE), maps=maps, ids=list("abcd"), truth=np.arange(4),
        regions=None, target="predicted", seed=1, device=torch.device("cpu"), batch_size=batch_size,
    )  # fmt: skip
    shown = shown_steps(STEPS)
    images, scores = perturbed_pictures(block, shown, replacement=replacement, **SETTINGS)
    assert images.shape == (4, 4, SIZE, SIZE, 3) and images.dtype == np.uint8
    np.testing.assert_array_equal(images[:, 0], block.images)
    falls = region_perturbation(block, steps=STEPS, repetitions=1, replacement=replacement, **SETTINGS)
    np.testing.assert_allclose(scores[:, :1] - scores, falls.curves["morf"][:, shown], atol=1e-6)
    changed = (images != images[:, :1]).any(axis=-1)
    for place, k in enumerate(shown):
        cells = changed[:, place].reshape(4, 4, REGION, 4, REGION).any(axis=(2, 4))
        assert (cells.sum(axis=(1, 2)) == k).all()
        assert (changed[:, place] >= changed[:, max(place - 1, 0)]).all()


def test_steps_that_are_shown() -> None:
    assert shown_steps(100) == [0, 10, 50, 100]
    assert shown_steps(30) == [0, 3, 15, 30] and shown_steps(1) == [0, 1]
