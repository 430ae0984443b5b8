"""The run over an image set: batches, classes explained, and a model left as it was."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from signsight.attribution.run import Settings, explain_batch, explain_set, frozen
from signsight.core.errors import UserError
from signsight.models.classifier import Classifier
from small_models import classifier, few, gap, image_set, linear, pictures

CPU = torch.device("cpu")
COUNT, SIZE = 11, 16
# One of a kind; the contract test has them all.
METHODS = ["random", "saliency", "smooth_grad", "integrated_gradients", "grad_cam", "smooth_grad_cam_pp"]


def settings(method: str = "saliency", **changes: Any) -> Settings:
    plain = Settings(method, "true", "logit", None, batch_size=4, parameters=few(method, SIZE), seed=5)
    return dataclasses.replace(plain, **changes)


def explained(folder: Path, model: Classifier, chosen: Settings, count: int = COUNT) -> np.ndarray:
    images = image_set(folder / "images", pictures(COUNT, SIZE)[:count], np.arange(count) % 5)
    explain_set(model, images, chosen, CPU, folder / "maps.npy")
    return np.load(folder / "maps.npy")


def test_the_time_is_that_of_the_method_after_the_first_batch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a clock that goes on by a second when it is read: twice for a batch, here of 4 and of 3 images."""
    monkeypatch.setattr("signsight.attribution.cost.time.process_time", iter(range(100)).__next__)
    images = image_set(tmp_path / "images", pictures(COUNT, SIZE), np.arange(COUNT) % 5)
    watch = explain_set(gap(), images, settings(batch_size=4), CPU, tmp_path / "maps.npy")
    assert (watch.images, watch.cpu) == (7, 2)
    assert watch.seconds.cpu == 2 / 7 and watch.seconds.gpu is None


def test_a_single_batch_is_timed_whole_after_a_first_image(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    model = gap()
    model.network.register_forward_pre_hook(lambda module, inputs: seen.append(len(inputs[0])))
    images = image_set(tmp_path / "images", pictures(COUNT, SIZE), np.arange(COUNT) % 5)
    watch = explain_set(model, images, settings(batch_size=100), CPU, tmp_path / "maps.npy")
    assert seen == [1, COUNT] and watch.images == COUNT


def state(model: Classifier) -> list[Any]:
    return [
        [module.training for module in model.modules()],
        [p.requires_grad for p in model.parameters()],
        [p.grad for p in model.parameters()],
        [len(m._forward_hooks) + len(m._forward_pre_hooks) + len(m._backward_hooks) for m in model.modules()],
        [value.clone() for value in model.state_dict().values()],
    ]


def assert_same_state(before: list[Any], model: Classifier) -> None:
    after = state(model)
    assert before[:4] == after[:4]
    assert all(torch.equal(a, b) for a, b in zip(before[4], after[4], strict=True))


@pytest.mark.parametrize("method", METHODS)
def test_a_map_is_the_same_alone_and_in_any_batch(tmp_path: Path, method: str) -> None:
    found = [explained(tmp_path / str(b), gap(), settings(method, batch_size=b)) for b in (1, 4, 100)]
    assert found[0].shape == (COUNT, SIZE, SIZE) and found[0].dtype == np.float32
    for other in found[1:]:
        np.testing.assert_allclose(other, found[0], rtol=1e-4, atol=1e-6 * np.abs(found[0]).max())
    fewer = explained(tmp_path / "fewer", gap(), settings(method), count=3)
    np.testing.assert_allclose(fewer, found[0][:3], rtol=1e-4, atol=1e-6 * np.abs(found[0]).max())


def test_random_maps_depend_on_the_image_and_the_seed_alone(tmp_path: Path) -> None:
    first = explained(tmp_path / "a", gap(), settings("random"))
    other_model = explained(tmp_path / "b", gap(seed=9), settings("random", batch_size=3))
    np.testing.assert_array_equal(first, other_model)
    assert len({row.tobytes() for row in first}) == COUNT
    assert not np.array_equal(first, explained(tmp_path / "c", gap(), settings("random", seed=6)))
    assert 0 <= first.min() < 0.01 and 0.99 < first.max() < 1
    assert abs(first.mean() - 0.5) < 0.02


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("caller", [torch.no_grad, torch.inference_mode, torch.enable_grad])
def test_the_mode_of_the_caller_and_of_the_model_does_not_matter(
    tmp_path: Path, method: str, caller: type
) -> None:
    expected = explained(tmp_path / "a", gap(), settings(method))
    model = gap().train().requires_grad_(False)
    model.network.head.eval().requires_grad_(True)
    before = state(model)
    with caller():
        found = explained(tmp_path / "b", model, settings(method))
    np.testing.assert_array_equal(found, expected)
    assert_same_state(before, model)


@pytest.mark.parametrize("target", ["predicted", 1])
@pytest.mark.parametrize("method", METHODS[1:])
def test_a_fault_leaves_the_model_as_it_was_and_no_file(
    tmp_path: Path, method: str, target: str | int
) -> None:
    """Where the class is given, the fault is in the method's own pass."""
    model = gap().train()
    before = state(model)
    broken = model.network.head.forward

    def fail(features: torch.Tensor) -> torch.Tensor:
        raise RuntimeError("broken")

    model.network.head.forward = fail
    with pytest.raises(RuntimeError, match="broken"):
        explained(tmp_path, model, settings(method, target=target))
    model.network.head.forward = broken
    assert_same_state(before, model)
    assert not list(tmp_path.glob("*maps*"))


def test_a_fault_in_the_body_leaves_the_model_as_it_was() -> None:
    model = gap()
    model.network.dropout.train()
    before = state(model)
    with pytest.raises(KeyError), frozen(model):
        assert not any(module.training for module in model.modules())
        assert not any(p.requires_grad for p in model.parameters())
        raise KeyError
    assert_same_state(before, model)


def test_the_class_that_is_explained(tmp_path: Path) -> None:
    """Of a linear model the saliency shows which class's weights were taken."""
    model = linear(5, SIZE)
    images = pictures(COUNT, SIZE)
    truth = np.arange(COUNT) % 5

    def chosen(target: str | int) -> list[int]:
        found = explain_batch(
            model, images, truth, [str(n) for n in range(COUNT)], settings(target=target), CPU
        )
        weights = model.network[1].weight.detach().view(5, 3, SIZE, SIZE) / model.std[:, None, None]
        kinds = weights.abs().amax(1).numpy()
        return [int(np.abs(kinds - one).sum((1, 2)).argmin()) for one in found]

    pixels = torch.from_numpy(images).permute(0, 3, 1, 2) / 255
    assert chosen("true") == truth.tolist()
    assert chosen("predicted") == model(pixels).argmax(1).tolist()
    assert chosen(3) == [3] * COUNT
    with pytest.raises(UserError, match=r"'attribution\.target' names class 5, but the model has 5 classes"):
        chosen(5)


class Contrast(nn.Module):
    """One logit: how much the first colour varies."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        pixels = images[:, 0].flatten(1)
        return (pixels - pixels[:, :1]).square().sum(1, keepdim=True).sqrt()


def test_a_map_that_is_not_finite_is_refused_by_its_image(tmp_path: Path) -> None:
    """The derivative of a root has no value at zero, where nothing varies."""
    content = pictures(5, SIZE)
    content[2] = 7
    images = image_set(tmp_path / "images", content, [0] * 5)
    with pytest.raises(UserError, match=r"saliency map of image test/00002\.ppm is not finite"):
        explain_set(classifier(Contrast(), 1, SIZE), images, settings(), CPU, tmp_path / "maps.npy")
    assert not (tmp_path / "maps.npy").exists()


def test_parameters_reach_the_method(tmp_path: Path) -> None:
    few = explained(
        tmp_path / "a", gap(), settings("smooth_grad_cam_pp", parameters={"samples": 2, "spread": 1.0})
    )
    many = explained(
        tmp_path / "b", gap(), settings("smooth_grad_cam_pp", parameters={"samples": 5, "spread": 1.0})
    )
    assert not np.allclose(few, many)
