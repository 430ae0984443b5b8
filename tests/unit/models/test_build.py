"""Networks of users: builders of every signature, outputs of every form, faults in one sentence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

from signsight.core.errors import UserError
from signsight.models.build import build
from signsight.models.classifier import new_classifier

Registered = Callable[..., None]


class Net(nn.Module):
    """A linear network, and what is done with its logits."""

    def __init__(self, classes: int = 3, size: int = 4, channels: int = 3, scale: float = 1.0) -> None:
        super().__init__()
        self.head = nn.Linear(channels * size * size, classes)
        self.scale = scale

    def forward(self, images: torch.Tensor) -> Any:
        return self.scale * self.head(images.flatten(1))


@pytest.mark.parametrize(
    "builder",
    [
        Net,
        lambda classes: Net(classes),
        lambda classes, size, channels: Net(classes, size, channels),
        lambda channels, classes, **rest: Net(classes, channels=channels, **rest),
        lambda: Net(),
    ],
)
def test_a_builder_gets_what_its_signature_has(registered: Registered, builder: Callable[..., Any]) -> None:
    registered("own", builder)
    network = build("own", 3, 4)
    assert network(torch.zeros(2, 3, 4, 4)).shape == (2, 3) and network.training


def test_parameters_reach_the_builder(registered: Registered) -> None:
    registered("own", Net)
    registered("open", lambda classes, **rest: Net(classes, **rest))
    assert build("own", 3, 4, {"scale": 2.0}).scale == build("open", 3, 4, {"scale": 2.0}).scale == 2.0
    registered("closed", lambda classes: Net(classes))
    registered("needy", lambda classes, depth: Net(classes))
    for name, parameters, words in (
        ("own", {"scael": 2.0}, "no parameter 'scael'; did you mean 'scale'"),
        ("own", {"classes": 4}, "no parameter 'classes'"),
        ("closed", {"scale": 2.0}, "no parameter 'scale'; it has none"),
        ("needy", {}, r"needs the parameter 'depth'; give it in 'model\.parameters'"),
        ("open", {"deep": 1}, "cannot be built with these parameters .TypeError: "),
    ):
        with pytest.raises(UserError, match=words) as caught:
            build(name, 3, 4, parameters)
        assert "\n" not in str(caught.value)


class Faulty(Net):
    def forward(self, images: torch.Tensor) -> Any:
        raise KeyError("position\nencoding")


class Single(Net):
    def forward(self, images: torch.Tensor) -> Any:
        return super().forward(images)[:, :1]


@pytest.mark.parametrize(
    ("builder", "words"),
    [
        (lambda: Net(5), "has 5 outputs and there are 3 classes"),
        (lambda: Net(size=5), r"4 x 4 px and 3 channels \(RuntimeError: .*choose another size"),
        (lambda: Net(channels=1), "cannot take images"),
        (Faulty, "cannot take images of 4 x 4 px and 3 channels .KeyError: "),
        (Single, "has a single output, which is not supported; give it two, one for each class"),
        (lambda: nn.Conv2d(3, 3, 1), r"a tensor of shape \(1, 3, 4, 4\)"),
        (lambda: "net", "returns a str; let it return a torch"),
        (lambda: 1 / 0, "ZeroDivisionError: division by zero"),
    ],
)
def test_faults_of_a_network_are_one_sentence(
    registered: Registered, builder: Callable[..., Any], words: str
) -> None:
    registered("own", builder)
    with pytest.raises(UserError, match=words) as caught:
        build("own", 3, 4)
    assert "\n" not in str(caught.value)


class InPlace(nn.Module):
    """Whether it uses the result of its ReLU, or what the ReLU leaves in its input."""

    def __init__(self, result: bool) -> None:
        super().__init__()
        self.relu, self.head, self.result = nn.ReLU(inplace=True), nn.Linear(48, 3), result

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        flat = images.flatten(1) + 0
        rectified = self.relu(flat)
        return self.head(rectified if self.result else flat)


def test_no_module_works_in_place(registered: Registered) -> None:
    registered("good", lambda: InPlace(True))
    registered("bad", lambda: InPlace(False))
    assert not build("good", 3, 4).relu.inplace
    with pytest.raises(UserError, match=r"inplace=True.*write x = self\.relu\(x\)"):
        build("bad", 3, 4)


class Outputs(Net):
    def forward(self, images: torch.Tensor) -> Any:
        return {"loss": None, "logits": super().forward(images)}


def test_logits_of_a_dict_are_the_classifiers(registered: Registered) -> None:
    registered("own", Outputs)
    model = new_classifier("own", {}, ["a", "b", "c"], 4, [0.5] * 3, [0.5] * 3)
    pixels = torch.rand(2, 3, 4, 4)
    assert torch.equal(model(pixels), model.network(model.normalise(pixels))["logits"])


def test_a_grey_network_sees_luma_and_colours_get_gradients(registered: Registered) -> None:
    registered("own", Net)
    model = new_classifier("own", {}, ["a", "b"], 4, [0.25], [0.5], channels=1)
    pixels = torch.rand(2, 3, 4, 4, requires_grad=True)
    luma = torch.tensor([0.299, 0.587, 0.114])
    grey = torch.einsum("bchw,c->bhw", pixels, luma)[:, None]
    torch.testing.assert_close(model.normalise(pixels), (grey - 0.25) / 0.5)
    model(pixels)[:, 1].sum().backward()
    weight = model.network.head.weight[1].view(4, 4)
    expected = luma[:, None, None] * weight / 0.5
    torch.testing.assert_close(pixels.grad, expected.expand(2, 3, 4, 4).detach())


@pytest.mark.parametrize(
    ("channels", "mean", "words"),
    [
        (4, [0.5] * 4, "1 .grey. or 3"),
        (1, [0.5] * 3, "give a list of 1"),
        (3, [0.5], "give a list of 3"),
    ],
)
def test_channels_that_do_not_fit(
    registered: Registered, channels: int, mean: list[float], words: str
) -> None:
    registered("own", Net)
    with pytest.raises(UserError, match=words):
        new_classifier("own", {}, ["a", "b"], 4, mean, mean, channels=channels)
