"""Class sensitivity: maps of two classes compared, whatever the method and the target."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from signsight.attribution.run import Settings, explain_batch, explainer
from signsight.core.errors import UserError
from signsight.core.files import ArrayFile
from signsight.evaluation import run
from signsight.evaluation.metrics.block import Block
from signsight.evaluation.metrics.class_sensitivity import class_sensitivity
from signsight.evaluation.similarity import rank_correlation
from small_models import gap, image_set, pictures

CPU = torch.device("cpu")
COUNT, SIZE = 6, 16
IDS, TRUTH = list("abcdef"), np.arange(COUNT) % 5


def measured(method: str, target: object = "predicted") -> tuple[np.ndarray, np.ndarray]:
    """The correlations, and the maps, of a method on a network of five classes."""
    model, images = gap(5, SIZE), pictures(COUNT, SIZE)
    settings = Settings(method, target, "logit", None, 4, {}, 0)
    maps = explain_batch(model, images, TRUTH, IDS, settings, CPU)
    other = explainer(model, images, TRUTH, IDS, settings, CPU, against=True)
    block = Block(model, images, maps, IDS, TRUTH, None, target, 0, CPU, 4, explain_rival=other)
    return class_sensitivity(block).values["class_correlation"], maps


@pytest.mark.parametrize("method", ["gradient", "grad_cam", "smooth_grad"])
def test_it_compares_with_the_class_that_comes_second(method: str) -> None:
    found, maps = measured(method)
    model, images = gap(5, SIZE), pictures(COUNT, SIZE)
    logits = model(torch.tensor(images.transpose(0, 3, 1, 2) / 255, dtype=torch.float32))
    second = logits.detach().numpy().argsort(1)[:, -2]
    for i in range(COUNT):
        settings = Settings(method, int(second[i]), "logit", None, 4, {}, 0)
        other = explain_batch(model, images[i : i + 1], TRUTH[i : i + 1], IDS[i : i + 1], settings, CPU)
        expected = rank_correlation(maps[i : i + 1], other)
        np.testing.assert_allclose(found[i : i + 1], expected, atol=1e-3)
        assert found[i] < 0.999


def test_what_looks_at_no_class_has_one() -> None:
    for control in ("random", "sobel"):
        np.testing.assert_allclose(measured(control)[0], 1, atol=1e-12)


def test_one_class_against_another_turns_round() -> None:
    """The gradient of a - b is that of b - a with the other sign."""
    found, _ = measured("gradient", {"class": "predicted", "against": "runner_up"})
    np.testing.assert_allclose(found, -1, atol=1e-6)


def test_a_unit_has_no_other_class() -> None:
    with pytest.raises(UserError, match="names a unit of a layer"):
        measured("gradient", {"layer": "features", "channel": 1})


def test_a_job_asks_the_method_for_the_other_class(tmp_path: Path) -> None:
    model, images = gap(5, SIZE), image_set(tmp_path / "in", pictures(COUNT, SIZE), TRUTH)
    found, maps = measured("gradient")
    np.save(tmp_path / "maps.npy", maps)
    again = Settings("gradient", "predicted", "logit", None, 4, {}, 0)
    run.evaluate_set(
        run.Settings("class_sensitivity", {}, "predicted", 0, 4), model, images,
        ArrayFile(tmp_path / "maps.npy"), np.arange(COUNT), CPU, tmp_path / "out.npz",
        explainer=partial(explainer, settings=again, device=CPU),
    )  # fmt: skip
    with np.load(tmp_path / "out.npz") as file:
        np.testing.assert_allclose(file["value_class_correlation"], found, atol=1e-5)
