"""Parameter randomisation: which weights are drawn anew, what stays, and what the metric exposes."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from torch import nn

from signsight.attribution.randomise import Layer, cascade, draw_anew, one_by_one, weight_layers
from signsight.attribution.run import Settings, explain_batch, explainer
from signsight.core.registry import metrics
from signsight.evaluation.metrics.block import Block
from signsight.evaluation.metrics.randomisation import (
    cascade_maps,
    chosen_stages,
    randomisation,
    stages,
)
from signsight.evaluation.similarity import likeness, rank_correlation
from signsight.models.classifier import Classifier, new_classifier
from small_models import classifier, gap, linear, pictures

CPU = torch.device("cpu")
State = dict[str, torch.Tensor]


def compact(size: int = 16, classes: int = 6, seed: int = 0) -> Classifier:
    """Our small network with running statistics as after some training."""
    torch.manual_seed(seed)
    names = [str(c) for c in range(classes)]
    model = new_classifier("compact", {"width": 4}, names, size, [0.5] * 3, [0.25] * 3)
    for name, buffer in model.named_buffers():
        if name.endswith(("running_mean", "running_var")):
            buffer.add_(torch.rand_like(buffer))
    return model.eval()


def state(model: nn.Module) -> State:
    """A copy of all parameters and buffers."""
    return {name: value.clone() for name, value in model.state_dict().items()}


def changed(before: State, model: nn.Module) -> set[str]:
    """Modules of `model` with another parameter or buffer than `before`."""
    return {n.rpartition(".")[0] for n, value in model.state_dict().items() if not value.equal(before[n])}


def block_of(model: Classifier, method: str, count: int = 6, seed: int = 0, size: int = 16) -> Block:
    """A block of noise pictures with the maps of `method`."""
    images, truth = pictures(count, size, seed), np.zeros(count, int)
    ids = [str(n) for n in range(count)]
    settings = Settings(method, "predicted", "logit", None, 4, {}, 5)
    maps = explain_batch(model, images, truth, ids, settings, CPU)
    again = explainer(model, images, truth, ids, settings, CPU)
    return Block(model, images, maps, ids, truth, None, "predicted", 5, CPU, 4, again)


class Turned(nn.Module):
    """Registers its head first and calls it last; has a norm at the start, a token, and attention."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(8, 3)
        self.norm = nn.LayerNorm(8)
        self.body = nn.Module()
        self.body.attention = nn.MultiheadAttention(8, 2, batch_first=True)
        self.token = nn.Parameter(torch.randn(1, 1, 8) * 3 + 1)
        self.stem = nn.Conv2d(3, 8, 4, stride=4)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Logits (B, 3)."""
        tokens = self.stem(images).flatten(2).transpose(1, 2)
        tokens = torch.cat([self.token.expand(len(tokens), -1, -1), self.norm(tokens)], 1)
        return self.head(self.body.attention(tokens, tokens, tokens)[0][:, 0])


def turned() -> Classifier:
    """A seeded `Turned`."""
    torch.manual_seed(0)
    return classifier(Turned(), 3, 16)


def test_a_batch_normalisation_belongs_to_the_convolution_before_it() -> None:
    layers = weight_layers(compact())
    names = ["first.0", "second.0", "second.3", "third.0", "third.3", "last.0"]
    assert [layer.name for layer in layers] == [f"features.{name}" for name in names] + ["head"]
    assert layers[2].modules == ("features.second.3", "features.second.4")
    assert layers[-1].modules == ("head",)


def test_layers_are_in_the_order_of_the_image_and_hold_every_weight() -> None:
    model = turned()
    layers = weight_layers(model)
    assert layers == [
        Layer("network", ("",)),  # the token
        Layer("stem", ("stem", "norm")),
        Layer("body.attention", ("body.attention", "body.attention.out_proj")),
        Layer("head", ("head",)),
    ]
    before = dict(model.network.named_parameters())
    *_, last = cascade(model, layers, 0)
    after = dict(last.network.named_parameters())
    zero = {n for n in before if n.startswith("body.attention") and n.endswith("bias")}  # start at zero
    assert all(not after[n].equal(before[n]) for n in before.keys() - zero - {"norm.weight", "norm.bias"})


def test_weights_without_an_initialiser_keep_their_distribution() -> None:
    model = turned()
    model.network.token = nn.Parameter(torch.randn(1, 1, 4000) * 3 + 1)
    draw_anew(model, Layer("network", ("",)), 0)
    assert model.network.token.mean().item() == pytest.approx(1, abs=0.2)
    assert model.network.token.std().item() == pytest.approx(3, abs=0.15)


def test_drawing_a_layer_anew_changes_only_that_layer() -> None:
    model = compact()
    before = state(model)
    draw_anew(model, weight_layers(model)[-1], 0)
    assert changed(before, model) == {"network.head"}
    before = state(model)
    draw_anew(model, weight_layers(model)[1], 0)
    assert changed(before, model) == {"network.features.second.0", "network.features.second.1"}
    norm = model.network.features.second[1]
    assert (norm.running_mean == 0).all() and (norm.running_var == 1).all()


def test_cascade_and_one_by_one() -> None:
    model = compact()
    layers, before = weight_layers(model), state(model)
    convolutions = [f"network.{layer.name}" for layer in layers]
    drawn: dict[str, torch.Tensor] = {}
    for step, stage in enumerate(cascade(model, layers, 0), 1):
        assert changed(before, stage) & set(convolutions) == set(convolutions[-step:])
        drawn |= {name: stage.get_submodule(name).weight.clone() for name in convolutions[-step:]}
    for step, stage in enumerate(one_by_one(model, layers, 0), 1):
        here = convolutions[-step]
        assert changed(before, stage) & set(convolutions) == {here}
        assert stage.get_submodule(here).weight.equal(drawn[here])  # the same draw
    *_, other = cascade(model, layers, 1)
    assert not other.network.head.weight.equal(drawn["network.head"])


def test_nothing_is_left_behind() -> None:
    model = compact()
    model.requires_grad_(True).train()
    model.network.features.eval()
    before, modes = state(model), [module.training for module in model.modules()]
    torch.manual_seed(11)
    expected = torch.rand(3)
    torch.manual_seed(11)
    randomisation(block_of(model, "saliency"))
    assert torch.rand(3).equal(expected)  # the global generator
    assert changed(before, model) == set()
    assert [module.training for module in model.modules()] == modes
    assert all(p.requires_grad and p.grad is None for p in model.parameters())
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())


def test_it_works_within_inference_mode() -> None:
    block = block_of(gap(), "grad_cam")
    expected = randomisation(block)
    with torch.inference_mode():
        found = randomisation(block)
    np.testing.assert_array_equal(found.curves["cascading"], expected.curves["cascading"])


def test_a_method_that_does_not_see_the_model_is_exposed() -> None:
    result = randomisation(block_of(compact(), "random"))
    for name, curve in result.curves.items():
        np.testing.assert_allclose(curve, 1, atol=1e-6, err_msg=name)
    assert result.x.tolist() == [1, 2, 3, 4, 5, 6, 7]
    assert result.labels[0] == "head" and result.labels[-1] == "features.first.0"
    assert set(result.values) == set(metrics.about("randomisation")["quantities"])


def test_a_method_that_is_the_weights_falls_to_zero() -> None:
    # the gradient of a linear model is the class's weights, and new ones know nothing of the old
    likenesses = []
    for seed in range(12):
        model = linear(classes=8, seed=seed)
        result = randomisation(block_of(model, "saliency", count=24, seed=seed, size=12))
        likenesses.append(result.values["randomisation_rank"].mean())
    error = np.std(likenesses) / np.sqrt(len(likenesses))
    assert abs(np.mean(likenesses)) < 3 * error < 0.06


def test_the_class_that_the_trained_model_predicts_stays_the_explained_one() -> None:
    model = linear(classes=8)
    block = block_of(model, "saliency", size=12)
    stages, names = cascade_maps(block)
    assert names == ["trained", "1"] and stages.shape == (6, 2, 12, 12)
    np.testing.assert_array_equal(stages[:, 0], block.maps)
    other = copy.deepcopy(model)
    draw_anew(other, weight_layers(model)[0], block.seed)
    weights = other.network[1].weight.view(8, 3, 12, 12) / other.std[:, None, None]
    predicted = [int(model(torch.tensor(i).permute(2, 0, 1)[None] / 255).argmax()) for i in block.images]
    expected = weights[predicted].abs().amax(1).detach().numpy()
    np.testing.assert_allclose(stages[:, 1], expected, rtol=1e-5)


def test_rows_of_an_explainer_are_told_by_their_ids() -> None:
    block = block_of(compact(), "saliency")
    rows = [4, 1, 3]
    maps = block.explain(block.model, block.images[rows], [block.ids[row] for row in rows], block.seed)
    np.testing.assert_allclose(maps, block.maps[rows], rtol=1e-4, atol=1e-6)


def test_curves_are_the_likeness_of_the_maps_of_the_cascade() -> None:
    block = block_of(compact(), "saliency")
    result, (maps, names) = randomisation(block), cascade_maps(block)
    assert names[1:] == result.labels
    for step in range(7):
        expected = rank_correlation(block.maps, maps[:, step + 1])
        np.testing.assert_allclose(result.curves["cascading"][:, step], expected, atol=1e-6)
    np.testing.assert_allclose(
        result.values["randomisation_ssim"], likeness(block.maps, maps[:, -1], True)[1], atol=1e-6
    )


def test_draws_of_weights_are_averaged() -> None:
    """The curves are the mean of those of single draws, of which the first is that of one draw."""
    block = block_of(gap(), "saliency")
    found = weight_layers(block.model)
    every = np.arange(len(found))
    single = [
        np.stack([likeness(block.maps, maps, True)[0] for maps in walk], 1)
        for walk in (stages(block, "cascading", found, every, draw) for draw in range(3))
    ]
    assert not np.allclose(single[0], single[1]) and not np.allclose(single[1], single[2])
    for draws in (1, 3):
        curve = randomisation(block, draws=draws).curves["cascading"]
        np.testing.assert_allclose(curve, np.mean(single[:draws], axis=0), atol=1e-6)


def test_fewer_layers_are_points_of_the_same_curves() -> None:
    assert chosen_stages(7, None).tolist() == chosen_stages(7, 9).tolist() == list(range(7))
    assert chosen_stages(7, 3).tolist() == [0, 3, 6]
    assert chosen_stages(7, 1).tolist() == [6]
    block = block_of(compact(), "saliency")
    whole, part = randomisation(block), randomisation(block, layers=3)
    assert part.x.tolist() == [1, 4, 7] and part.labels == whole.labels[::3]
    for name, curve in part.curves.items():
        np.testing.assert_array_equal(curve, whole.curves[name][:, ::3])


def test_likeness_is_of_absolute_values_or_of_signed_ones_and_not_of_their_scale() -> None:
    maps = np.random.default_rng(0).normal(size=(3, 12, 12)).astype(np.float32)
    for number in likeness(maps, -50 * maps, absolute=True):
        np.testing.assert_allclose(number, 1, atol=1e-5)
    board = (-1.0) ** np.indices((12, 12)).sum(0)[None]  # mean zero, so that only the structure turns
    rank, alike = likeness(board, -50 * board, absolute=False)
    np.testing.assert_allclose([rank, alike], -1, atol=0.01)


def test_maps_without_an_order_are_left_out() -> None:
    maps = np.random.default_rng(0).normal(size=(4, 12, 12)).astype(np.float32)
    after = maps.copy()
    after[1], after[2], after[3, 0, 0] = 0, -3, np.nan
    for number in likeness(maps, after, absolute=True):
        assert np.isnan(number).tolist() == [False, True, True, True]


def test_a_block_without_images() -> None:
    block = block_of(compact(), "saliency")
    empty = randomisation(block.take(np.arange(0)))
    assert empty.curves["cascading"].shape == (0, 7) and len(empty.labels) == 7
