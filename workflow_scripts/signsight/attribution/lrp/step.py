"""One linear layer as it ran: what the rules need of it, with its own weights or with changed ones."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch.nn import functional as F
from torch.nn import grad as transposes

from signsight.attribution.phases import suits, transposed_by_phases

CONVOLUTIONS = {
    "conv1d": (F.conv1d, transposes.conv1d_input),
    "conv2d": (F.conv2d, transposes.conv2d_input),
    "conv3d": (F.conv3d, transposes.conv3d_input),
}


@dataclass(frozen=True)
class Step:
    """A layer `name` ("linear" or "conv2d", ...) with its inputs, weights and bias (or None), detached.

    stride, padding, dilation, groups: of a convolution. low, high: bounds of the inputs, where they are
    the image or made of it; (1, ...) shaped as one of the inputs.
    """

    name: str
    inputs: torch.Tensor
    weight: torch.Tensor
    bias: torch.Tensor | None
    stride: tuple[int, ...] = ()
    padding: tuple[int, ...] = ()
    dilation: tuple[int, ...] = ()
    groups: int = 1
    low: torch.Tensor | None = None
    high: torch.Tensor | None = None

    def run(
        self, inputs: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None = None
    ) -> torch.Tensor:
        """The layer with these inputs, weights and bias."""
        if self.name == "linear":
            return F.linear(inputs, weight, bias)
        function = CONVOLUTIONS[self.name][0]
        return function(inputs, weight, bias, self.stride, self.padding, self.dilation, self.groups)

    def back(self, values: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        """The transpose of `run` by its inputs: (outputs) -> (inputs)."""
        if self.name == "linear":
            return values @ weight
        if self.name == "conv2d" and suits(weight, self.stride, self.dilation, self.groups):
            return transposed_by_phases(values, weight, self.inputs.shape, self.stride[0], self.padding)
        function, size = CONVOLUTIONS[self.name][1], self.inputs.shape
        return function(size, weight, values, self.stride, self.padding, self.dilation, self.groups)

    def outputs(self, start: int, stop: int) -> Step:
        """The layer with the outputs from `start` to before `stop` alone; it has no groups."""
        bias = None if self.bias is None else self.bias[start:stop]
        return replace(self, weight=self.weight[start:stop], bias=bias)

    def merged(self, scale: torch.Tensor, shift: torch.Tensor) -> Step:
        """The layer and, behind it, y = scale x + shift for each output channel; both (channels,)."""
        weight = self.weight * scale.reshape(-1, *[1] * (self.weight.ndim - 1))
        return replace(self, weight=weight, bias=shift if self.bias is None else shift + scale * self.bias)
