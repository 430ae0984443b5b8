"""Maps, metrics and trainings on a GPU are those of the CPU, apart from rounding; skipped without a GPU."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from networks_of_every_kind import network
from signsight.attribution.run import Settings, explain_batch, explainer
from signsight.core.errors import UserError
from signsight.core.registry import methods
from signsight.models import checkpoint, training
from signsight.models.classifier import Classifier, to_pixels
from signsight.models.replay import recorded
from signsight.models.states import read_tensors
from small_models import few, pictures
from small_training import CLASSES, COMPACT, QUICK, make_examples, make_images
from test_metrics_contract import METRICS, block_for, measure, model_for

if not torch.cuda.is_available():
    pytest.skip("there is no GPU of CUDA here", allow_module_level=True)

CPU, GPU = torch.device("cpu"), torch.device("cuda")
METHODS = [name for name in methods.names() if methods.about(name).get("explains") != "boxes"]
NETWORKS = ("compact", "stn3", "resnet18", "squeezenet1_1", "vit")
IDS = [f"image {n}" for n in range(6)]
FAR = 0.01  # of a map's length: which of two nearly equal values is greater decides over some pixels


@pytest.fixture(autouse=True)
def float32() -> Iterator[None]:
    """No TensorFloat-32, whose products have ten bits."""
    before = torch.backends.cudnn.allow_tf32
    torch.backends.cudnn.allow_tf32 = False
    yield
    torch.backends.cudnn.allow_tf32 = before


def maps(model: Classifier, method: str, device: torch.device) -> np.ndarray:
    """(6, H, W) on a device."""
    settings = Settings(method, "predicted", "logit", None, 4, few(method, model.size), 0)
    there = copy.deepcopy(model).to(device)
    images = pictures(len(IDS), model.size)
    return explain_batch(there, images, np.zeros(len(IDS), int), IDS, settings, device)


@pytest.mark.parametrize("kind", NETWORKS)
@pytest.mark.parametrize("method", METHODS)
def test_maps_are_those_of_the_cpu(method: str, kind: str) -> None:
    model = network(kind)
    try:
        expected = maps(model, method, CPU)
    except UserError as refusal:
        with pytest.raises(UserError) as told:
            maps(model, method, GPU)
        assert str(told.value) == str(refusal)
        return
    found = maps(model, method, GPU)
    assert found.shape == expected.shape and found.dtype == expected.dtype
    apart, length = (np.linalg.norm(one, axis=(1, 2)) for one in (found - expected, expected))
    assert np.median(apart / np.maximum(length, 1e-12)) < FAR


@pytest.mark.parametrize("metric", METRICS)
def test_metrics_are_those_of_the_cpu(metric: str) -> None:
    here = measure(metric, block_for(metric))
    settings = Settings("saliency", "predicted", "logit", None, 16, {}, 0)
    truth = np.arange(16) % len(model_for(metric).classes)

    def explain(model: Classifier, images: np.ndarray, ids: list[str], seed: int) -> np.ndarray:
        return explain_batch(model, images, truth[: len(images)], ids, settings, GPU)

    def against(model: Classifier, images: np.ndarray, ids: list[str], seed: int) -> np.ndarray:
        found = explainer(model, images, truth[: len(images)], ids, settings, GPU, against=True)
        return found(model, images, ids, seed)

    model = copy.deepcopy(model_for(metric)).to(GPU)
    block = block_for(metric, model=model, device=GPU, explain=explain, explain_rival=against)
    there = measure(metric, block)
    for name, values in here.values.items():
        assert there.values[name] == pytest.approx(values, rel=5e-3, abs=5e-3, nan_ok=True), name
    for name, curve in here.curves.items():
        assert there.curves[name] == pytest.approx(curve, rel=5e-3, abs=5e-3, nan_ok=True), name


def test_bfloat16_is_near() -> None:
    name = "deletion"
    block = partial(block_for, name, model=copy.deepcopy(model_for(name)).to(GPU), device=GPU)
    exact, rough = (measure(name, block(precision=kind)) for kind in ("full", "bf16"))
    for quantity, values in exact.values.items():
        assert np.abs(rough.values[quantity] - values).mean() < 0.1


@pytest.mark.parametrize("kind", ["compact", "stn3"])
def test_replayed_passes_are_those_of_the_network(kind: str) -> None:
    model = copy.deepcopy(network(kind)).to(GPU, memory_format=torch.channels_last)
    for module in model.modules():
        if isinstance(module, nn.Dropout | nn.Dropout2d):
            module.p = 0.0  # what is dropped is drawn anew
    before = {name: value.clone() for name, value in model.state_dict().items()}
    passes = recorded(model, (7, 8), bfloat16=False)
    assert set(passes) == {7, 8}
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    with torch.no_grad():
        for weight in model.parameters():  # as a step of the optimiser does
            weight.mul_(1.1)
    plain = copy.deepcopy(model)
    for size in (8, 7, 8):
        pixels = to_pixels(pictures(size, model.size, seed=size), GPU)
        outputs = []
        for net, forward in ((model, passes[size]), (plain, plain)):
            net.zero_grad()
            outputs.append(forward(pixels))
            outputs[-1].square().mean().backward()
        # before the next pass, which writes over outputs and gradients
        assert torch.allclose(*outputs, rtol=1e-3, atol=1e-4)
        for one, other in zip(model.parameters(), plain.parameters(), strict=True):
            assert torch.allclose(one.grad, other.grad, rtol=1e-2, atol=1e-3 * other.grad.abs().max().item())
        for one, other in zip(model.buffers(), plain.buffers(), strict=True):
            assert torch.allclose(one.float(), other.float(), rtol=1e-3, atol=1e-4)


def test_replayed_passes_drop_anew_and_as_seeded() -> None:
    model = copy.deepcopy(network("stn3")).to(GPU, memory_format=torch.channels_last)
    forward = recorded(model, (8,), bfloat16=False)[8]
    pixels = to_pixels(pictures(8, model.size), GPU)

    def outputs(seed: int) -> list[torch.Tensor]:
        torch.manual_seed(seed)
        with torch.no_grad():  # running statistics do not count in training
            return [forward(pixels).clone() for _ in range(3)]

    first, second, third = outputs(0)
    spread = first.std()
    assert all((one - other).abs().max() > 0.01 * spread for one, other in ((first, second), (second, third)))
    for one, other in zip(outputs(0), (first, second, third), strict=True):
        assert torch.allclose(one, other, rtol=1e-4, atol=1e-5)
    assert (outputs(1)[0] - first).abs().max() > 0.01 * spread


@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
def test_a_training_learns_and_goes_on_where_it_was(tmp_path: Path, optimizer: str) -> None:
    images = make_images(tmp_path / "images")

    def trained(name: str, epochs: int) -> np.ndarray:
        folder = tmp_path / name
        history = training.train(
            images,
            make_examples(images),
            model=COMPACT,
            classes=CLASSES,
            settings={**QUICK, "optimizer": optimizer, "epochs": epochs, "learning_rate": 0.01},
            seed=1,
            device=GPU,
            folder=folder / "model",
            resume_folder=folder / "resume",
        )
        state = read_tensors(folder / "model" / checkpoint.WEIGHTS)
        assert all(torch.isfinite(value).all() for value in state.values())
        return history["train_loss"].to_numpy()

    losses = trained("one", 6)
    assert losses[-1] < losses[0] and np.isfinite(losses).all()
    assert trained("again", 6) == pytest.approx(losses, rel=0.02)
