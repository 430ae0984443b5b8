"""The gradient of strided convolutions by phases is that of the library."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch.nn import functional as F

from signsight.attribution.phases import FastFirstLayer, suits, transposed_by_phases

torch.set_num_threads(1)


SHAPES = [
    ((11, 11), 4, (2, 2), (31, 34)),
    ((7, 7), 2, (3, 3), (16, 17)),
    ((3, 3), 2, (1, 1), (23, 24)),
    ((2, 3), 3, (0, 1), (9, 11)),
    ((4, 4), 4, (0, 0), (24, 24)),
    ((1, 1), 2, (0, 0), (5, 6)),
]


@pytest.mark.parametrize(("kernel", "stride", "padding", "size"), SHAPES)
@pytest.mark.parametrize("channels", [1, 3])
def test_the_transpose_of_a_strided_convolution(
    channels: int, kernel: tuple[int, int], stride: int, padding: tuple[int, int], size: tuple[int, int]
) -> None:
    torch.manual_seed(0)
    inputs = torch.rand(2, channels, *size, dtype=torch.float64)
    weight = torch.randn(5, channels, *kernel, dtype=torch.float64)
    out = F.conv2d(inputs, weight, None, stride, padding)
    values = torch.randn_like(out)
    found = transposed_by_phases(values, weight, inputs.shape, stride, padding)
    expected = torch.nn.grad.conv2d_input(inputs.shape, weight, values, stride, padding)
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close((values * out).sum(), (found * inputs).sum())  # what a transpose is


WAYS: dict[str, dict[str, Any]] = {
    "numbers": {"stride": 2, "padding": 1},
    "pairs": {"stride": (2, 2), "padding": (1, 0)},
    "no padding": {"stride": 4},
    "two strides": {"stride": (2, 1)},
    "dilation": {"stride": 2, "dilation": 2},
    "groups": {"stride": 2, "groups": 3},
    "padding in words": {"padding": "same"},
}


@pytest.mark.parametrize("asked", ["images", "images, weight", "images, bias"])
@pytest.mark.parametrize("way", WAYS)
def test_gradients_are_the_same_within_it(way: str, asked: str) -> None:
    """Of the images, and of weights and bias where these ask for one."""
    torch.manual_seed(0)
    images = torch.rand(2, 3, 16, 16, dtype=torch.float64)
    weight = torch.randn(6, 3 // WAYS[way].get("groups", 1), 5, 5, dtype=torch.float64)
    bias = torch.randn(6, dtype=torch.float64)
    known = {"images": images, "weight": weight, "bias": bias}
    leaves = [known[name].requires_grad_() for name in asked.split(", ")]

    def gradients() -> tuple[torch.Tensor, ...]:
        out = F.conv2d(images, weight, bias, **WAYS[way])
        return out.detach(), *torch.autograd.grad(out.square().sum(), leaves)

    expected = gradients()
    with FastFirstLayer():
        found = gradients()
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other)


def test_what_it_suits() -> None:
    colours, many = torch.empty(8, 3, 7, 7), torch.empty(8, 64, 7, 7)
    assert suits(colours, (2, 2), (1, 1), 1)
    assert not suits(many, (2, 2), (1, 1), 1)
    assert not suits(colours, (1, 1), (1, 1), 1)
    assert not suits(colours, (2, 1), (1, 1), 1)
    assert not suits(colours, (2, 2), (2, 2), 1)
    assert not suits(colours, (2, 2), (1, 1), 3)
