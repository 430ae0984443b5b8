"""What is explained: classes, one class against another, units of a layer; against closed forms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from signsight.attribution import precision
from signsight.attribution.lrp import propagate
from signsight.attribution.lrp.propagate import relevance
from signsight.attribution.lrp.rules import Epsilon, Flat, Rules, ZBox
from signsight.attribution.run import Settings, explain_batch, explainer, frozen
from signsight.attribution.target import Bound, Classes, Value, joined, parse
from signsight.attribution.task import Task
from signsight.attribution.unit_target import Unit
from signsight.core.errors import UserError
from signsight.core.registry import methods
from signsight.models.classifier import Classifier, to_pixels
from small_models import classifier, gap, linear, pictures, relu_net, transformer

CPU = torch.device("cpu")
LRP_0 = Rules(Epsilon(0), Epsilon(0))
IDS = ["a", "b", "c"]
TRUTH = np.array([2, 0, 3])
CHANNEL = {"layer": "features.0", "channel": 3}
NEURON = CHANNEL | {"at": [4, 7]}


def some(size: int = 16) -> torch.Tensor:
    return to_pixels(pictures(3, size)).double()


def bound(model: Classifier, value: Value, score: str = "logit") -> Bound:
    return parse(value, score).bind(model, some(model.size), TRUTH, IDS)


def run(
    method: str, model: Classifier, value: Value, score: str = "logit", **parameters: Any
) -> torch.Tensor:
    with frozen(model):
        chosen = bound(model, value, score)
        return methods.get(method)(Task(model, None, 0, 3), some(model.size), chosen, IDS, **parameters)


def score_of(model: Classifier, value: Value, score: str = "logit") -> torch.Tensor:
    targets = bound(model, value, score)
    return targets.scores(targets.outputs(model, some(model.size)))


def assert_close(found: torch.Tensor, expected: torch.Tensor) -> None:
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-12)


@torch.no_grad()
def test_scores_of_classes() -> None:
    model = gap().double()
    logits = model(some())
    ordered = logits.argsort(1, descending=True)
    rest = torch.where(ordered[:, 0] == torch.tensor(TRUTH), ordered[:, 1], ordered[:, 0])
    every: list[tuple[Value, torch.Tensor, torch.Tensor | None]] = [
        ("predicted", ordered[:, 0], None),
        ("true", torch.tensor(TRUTH), None),
        (4, torch.tensor([4] * 3), None),
        ({"class": "predicted", "against": "runner_up"}, ordered[:, 0], ordered[:, 1]),
        ({"class": "true", "against": "runner_up"}, torch.tensor(TRUTH), rest),
        ({"class": 1, "against": 4}, torch.tensor([1] * 3), torch.tensor([4] * 3)),
    ]
    for value, classes, against in every:
        for score, values in (("logit", logits), ("softmax", logits.softmax(1))):
            expected = values[range(3), classes]
            if against is not None:
                expected = expected - values[range(3), against]
            assert torch.equal(score_of(model, value, score), expected)
        chosen = bound(model, value)
        assert torch.equal(chosen.classes, classes)
        assert against is None or torch.equal(chosen.against, against)
        assert score_of(model, value, "correct").tolist() == (ordered[:, 0] == classes).tolist()
        assert score_of(model, value, "prediction").tolist() == ordered[:, 0].tolist()


@torch.no_grad()
def test_scores_of_units() -> None:
    model = gap().double()
    values = model.network.features[0](model.normalise(some()))
    assert torch.equal(score_of(model, CHANNEL), values[:, 3].mean((1, 2)))
    assert torch.equal(score_of(model, NEURON, "softmax"), values[:, 3, 4, 7])
    assert torch.equal(score_of(model, {"layer": "head", "channel": 2}), model(some())[:, 2])


@torch.no_grad()
def test_a_unit_is_read_before_anything_works_on_it_in_place() -> None:
    inplace, plain = (gap(inplace=one).double() for one in (True, False))
    for channel in range(6):
        value = {"layer": "features", "channel": channel, "at": [2, 3]}
        assert torch.equal(score_of(inplace, value), score_of(plain, value))
    assert min(score_of(plain, value | {"channel": one}).min() for one in range(6)) < 0
    targets = bound(inplace, value)
    logits: list[torch.Tensor] = []
    handle = inplace.network.head.register_forward_hook(lambda module, args, output: logits.append(output))
    targets.outputs(inplace, some())
    handle.remove()
    assert torch.equal(logits[0], plain(some()))


@torch.no_grad()
def test_units_of_tokens_and_of_channels_that_come_last() -> None:
    vit, swin = transformer("vit").double(), transformer("swin").double()
    x = some(32)
    tokens: list[torch.Tensor] = []
    for model, name in ((vit, "encoder.layers.encoder_layer_0"), (swin, "features.3")):
        layer = model.network.get_submodule(name)
        handle = layer.register_forward_hook(lambda module, args, output: tokens.append(output))
        model(x)
        handle.remove()
    value = {"layer": "encoder.layers.encoder_layer_0", "channel": 5, "at": [1, 2]}
    assert torch.equal(score_of(vit, value), tokens[0][:, 1 + 4 + 2, 5])
    value = {"layer": "features.3", "channel": 5, "at": [1, 2]}
    assert torch.equal(score_of(swin, value), tokens[1][:, 1, 2, 5])


def weights(model: Classifier) -> torch.Tensor:
    return model.network[1].weight.detach().view(4, 3, 12, 12) / model.std[:, None, None]


def test_a_linear_network_gives_the_difference_of_two_rows_of_weights() -> None:
    model = linear(4, 12).double()
    found = run("gradient", model, {"class": 2, "against": 0})
    assert_close(found, (weights(model)[2] - weights(model)[0]).expand(3, -1, -1, -1))
    shares = model(some(12)).softmax(1).detach()
    mean = torch.einsum("bc,cxyz->bxyz", shares, weights(model))
    own, other = (shares[:, c, None, None, None] * (weights(model)[c] - mean) for c in (2, 0))
    assert_close(run("gradient", model, {"class": 2, "against": 0}, "softmax"), own - other)


@pytest.mark.parametrize("method", ["gradient", "smooth_grad", "integrated_gradients", "occlusion", "cam"])
def test_what_is_linear_in_the_score_explains_a_difference_by_the_difference(method: str) -> None:
    model = gap().double()
    few = {"smooth_grad": {"samples": 2}, "integrated_gradients": {"steps": 3}}.get(method, {})
    one, other, both = (run(method, model, value, **few) for value in (1, 4, {"class": 1, "against": 4}))
    torch.testing.assert_close(both, one - other, rtol=1e-6, atol=1e-9)


def test_the_gradient_of_a_channel_times_the_input_sums_to_its_mean_without_a_bias() -> None:
    model = gap().double()
    model.network.features[0].bias.data.zero_()
    found = run("gradient_x_input", model, CHANNEL)
    assert_close(found.sum((1, 2, 3)), score_of(model, CHANNEL).detach())


def test_the_gradient_of_a_neuron_is_its_kernel() -> None:
    model = gap().double()
    kernel = model.network.features[0].weight.detach()[3] / model.std[:, None, None]
    found = run("gradient", model, NEURON)
    assert_close(found[:, :, 3:6, 6:9], kernel.expand(3, -1, -1, -1))
    found[:, :, 3:6, 6:9] = 0
    assert not found.any()


UNITS: list[Value] = [
    {"layer": "last", "channel": 2},
    {"layer": "last", "channel": 2, "at": [3, 5]},
    {"layer": "side", "channel": 1},
    {"layer": "relu3", "channel": 4},
    {"layer": "hidden", "channel": 7},
]


@pytest.mark.parametrize("value", UNITS)
@pytest.mark.parametrize("first", [None, ZBox(), Flat()])
def test_lrp_of_a_unit_conserves_its_value_without_biases(value: Value, first: Any) -> None:
    model = relu_net(bias=False).double()
    rules = Rules(Epsilon(0), Epsilon(0), first)
    with frozen(model):
        found = relevance(model, some(), bound(model, value), rules)
        torch.testing.assert_close(found.sum((1, 2, 3)), score_of(model, value), rtol=1e-6, atol=1e-9)


def test_lrp_of_a_unit_is_read_out_at_a_layer_below_it_and_refused_above() -> None:
    model = relu_net(bias=False).double()
    layers, value = dict(model.network.named_modules()), {"layer": "last", "channel": 2}
    with frozen(model):
        targets = bound(model, value)
        below = relevance(model, some(), targets, LRP_0, layers["first"])
        torch.testing.assert_close(below.sum((1, 2, 3)), score_of(model, value), rtol=1e-6, atol=1e-9)
        own = relevance(model, some(), targets, LRP_0, layers["last"])
        assert_close(own.sum((2, 3))[:, 2], score_of(model, value))
        own[:, 2] = 0
        assert not own.any()
        with pytest.raises(UserError, match="not run just once"):
            relevance(model, some(), targets, LRP_0, layers["head"])


def test_lrp_0_of_a_difference_is_the_difference() -> None:
    model = relu_net().double()
    with frozen(model):
        one, other, both = (
            relevance(model, some(), bound(model, value), LRP_0)
            for value in (1, 4, {"class": 1, "against": 4})
        )
    torch.testing.assert_close(both, one - other, rtol=1e-8, atol=1e-10)


class Stretched(nn.Module):
    """A unit in front of the first layer: the image, twice as bright."""

    def __init__(self) -> None:
        super().__init__()
        self.bright = Bright()
        self.head = nn.Linear(3 * 64, 4)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.head(self.bright(images).flatten(1))


class Bright(nn.Module):
    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return 2 * images


@pytest.mark.parametrize("first", [None, ZBox()])
def test_lrp_of_a_unit_in_front_of_the_first_layer(first: Any) -> None:
    model = classifier(Stretched(), 4, 8).double()
    value = {"layer": "bright", "channel": 1, "at": [2, 3]}
    with frozen(model):
        found = relevance(model, some(8), bound(model, value), Rules(Epsilon(0), Epsilon(0), first))
        assert_close(found.sum((1, 2, 3)), score_of(model, value))
        assert_close(found[:, 1, 2, 3], score_of(model, value))


FORMS: list[Value] = [
    "predicted",
    "true",
    1,
    {"class": "predicted", "against": "runner_up"},
    {"class": "true", "against": 1},
    CHANNEL,
    NEURON,
    {"layer": "features.0", "direction": [1, -1, 0.5, 0, 0, 0, 2, 0]},
]


@pytest.mark.parametrize("value", FORMS)
@pytest.mark.parametrize("method", ["gradient", "smooth_grad", "grad_cam", "rise", "lrp_epsilon"])
def test_maps_do_not_depend_on_the_batch_or_its_order(method: str, value: Value) -> None:
    model = gap()
    few = {"smooth_grad": {"samples": 2}, "rise": {"masks": 5}}.get(method, {})
    # Grad-CAM of a unit looks at a layer below it
    layer = "features.0" if method == "grad_cam" else None
    settings = Settings(method, value, "logit", layer, 3, few, 0)
    images = pictures(3, 16)

    def maps(rows: list[int]) -> np.ndarray:
        ids = [IDS[row] for row in rows]
        return explain_batch(model, images[rows], TRUTH[rows], ids, settings, CPU)

    whole = maps([0, 1, 2])
    found = np.concatenate([maps([2, 0]), maps([1])])[[1, 2, 0]]
    np.testing.assert_allclose(found, whole, rtol=1e-3, atol=1e-5 * np.abs(whole).max())


@pytest.mark.parametrize("value", FORMS)
def test_what_is_explained_is_held_fixed(value: Value) -> None:
    """For another model, changed images and any rows in any order, in small batches."""
    model, other, images = gap(), gap(seed=7), pictures(3, 16)
    settings = Settings("gradient_x_input", value, "logit", None, 2, {}, 0)
    explain = explainer(model, images, TRUTH, IDS, settings, CPU)
    turned, ids = images[::-1, ::-1].copy(), ["c", "b", "a"]
    with torch.no_grad():
        targets = parse(value, "logit").bind(model, to_pixels(images), TRUTH, IDS)[torch.tensor([2, 1, 0])]
    with frozen(other):
        expected = methods.get("gradient_x_input")(Task(other, None, 0), to_pixels(turned), targets, ids)
    np.testing.assert_allclose(explain(other, turned, ids, 0), expected.sum(1), rtol=1e-4, atol=1e-6)


def test_classes_that_were_chosen_are_taken_again() -> None:
    chosen, against = np.array([3, 1, 2]), np.array([0, 2, 1])
    pair = parse({"class": "predicted", "against": "runner_up"}, "softmax").held(chosen, against, CPU)
    assert pair.classes.tolist() == [3, 1, 2] and pair.against.tolist() == [0, 2, 1] and len(pair) == 3
    alone = parse("predicted", "logit").held(chosen, np.full(3, -1), CPU)
    assert alone.classes.tolist() == [3, 1, 2] and alone.against is None
    assert len(parse(CHANNEL, "logit").held(np.full(3, -1), np.full(3, -1), CPU)) == 3


ROWS: list[Any] = [
    slice(1, 3),
    torch.tensor([2, 2, 0, 1]),
    torch.tensor([True, False, True]),
    np.array([2, 0]),
    slice(None, None, 2),
]


@pytest.mark.parametrize("rows", ROWS)
def test_rows_and_parts(rows: Any) -> None:
    target = parse(CHANNEL, "logit")
    pair = Classes(torch.tensor([1, 2, 3]), torch.tensor([0, 3, 1]), "softmax")
    for whole in (pair, Unit(target, 3)):
        part = whole[rows]
        assert len(part) == len(torch.arange(3)[rows])
        assert len(joined([part, whole])) == len(part) + 3
    assert torch.equal(pair[rows].against, pair.against[rows])
    assert torch.equal(joined([pair[rows], pair]).classes, torch.cat([pair.classes[rows], pair.classes]))


def twice() -> Classifier:
    convolution = nn.Conv2d(3, 3, 3, padding=1)
    return classifier(nn.Sequential(convolution, convolution, nn.Flatten(), nn.Linear(3 * 64, 5)), 5, 8)


@pytest.mark.parametrize(
    ("make", "value", "message"),
    [
        (gap, 5, "names class 5, but the model has 5 classes"),
        (gap, {"class": 1, "against": 9}, "names class 9"),
        (gap, {"class": 2, "against": 2}, "with itself"),
        (lambda: gap(1), {"class": 0, "against": "runner_up"}, "the model has one class"),
        (
            gap,
            {"layer": "feature.0", "channel": 1},
            "feature.0', which the network does not.*features.0",
        ),
        (gap, {"layer": "", "channel": 1}, "does not have"),
        (twice, {"layer": "0", "channel": 1}, "not run just once"),
        (gap, {"layer": "features.0", "channel": 8}, "has 8 channels, counted from 0"),
        (gap, {"layer": "features.0", "direction": [1, 2]}, "has 2 numbers and that layer 8 channels"),
        (gap, {"layer": "head", "channel": 1, "at": [0, 0]}, "has no positions; leave out 'at'"),
        (gap, {"layer": "features", "channel": 1, "at": [0, 8]}, "8 rows and 8 columns"),
        (gap, {"layer": "features", "channel": 1, "at": [-1, 0]}, "row -1, column 0, but"),
    ],
)
def test_what_there_is_not_is_refused(make: Callable[[], Classifier], value: Value, message: str) -> None:
    model = make()
    images = to_pixels(pictures(3, model.size))
    for key in ("attribution.target", "evaluation.target"):
        with pytest.raises(UserError, match=f"(?s)Config key '{key}'.*{message}") as fault:
            parse(value, "logit", key).bind(model, images, TRUTH, IDS).outputs(model, images)
        assert ". " not in str(fault.value) and str(fault.value).endswith(".")
    assert not any(module._forward_hooks for module in model.modules())


def test_a_unit_without_a_path_to_the_image_is_refused() -> None:
    """In a vision transformer LRP holds the weights of attention fixed, but not a layer's tokens."""

    class Gate(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.gate, self.body = nn.Sequential(nn.Linear(192, 4), nn.Sigmoid()), nn.Linear(192, 4)

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return self.body(images.flatten(1)) * self.gate(images.flatten(1))

    model = classifier(Gate(), 4, 8)
    with frozen(model), pytest.raises(UserError, match="no gradient passes from there to the image"):
        relevance(model, some(8).float(), bound(model.double(), {"layer": "gate", "channel": 1}), LRP_0)


def test_a_layer_is_refused_where_it_is_of_no_use() -> None:
    for method in methods.names():
        useful = methods.about(method).get("layer")
        assert useful in (None, "target", "readout")
        assert (useful == "target") == (method.endswith(("cam", "cam_pp", "cam_stretched", "odam")))
        assert (useful == "readout") == method.startswith("lrp")
        if useful:
            Settings(method, 0, "logit", "features", 3, {}, 0)
        else:
            with pytest.raises(UserError, match=f"{method} is given the layer 'features', but looks at no"):
                Settings(method, 0, "logit", "features", 3, {}, 0)


def test_devices_without_double_precision_compute_it_on_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    assert precision.has_double(CPU) and not precision.has_double(torch.device("mps"))
    moved = []
    monkeypatch.setattr(precision, "has_double", lambda device: bool(moved.append(device)))
    x = torch.rand(3)
    assert torch.equal(precision.in_double(x), x.double()) and moved == [CPU]
    assert propagate.in_double is precision.in_double
