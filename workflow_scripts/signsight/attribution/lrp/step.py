"""One linear layer as it ran: what the rules need of it, with its own weights or with changed ones."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch.nn import functional as F
from torch.nn import grad as transposes

CONVOLUTIONS = {
    "conv1d": (F.conv1d, transposes.conv1d_input),
    "conv2d": (F.conv2d, transposes.conv2d_input),
    "conv3d": (F.conv3d, transposes.conv3d_input),
}
FEW = 4  # input channels up to which a strided convolution is transposed by way of phases


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
        if self.name == "conv2d" and self._by_phases():
            return _transposed_by_phases(values, weight, self.inputs.shape, self.stride[0], self.padding)
        function, size = CONVOLUTIONS[self.name][1], self.inputs.shape
        return function(size, weight, values, self.stride, self.padding, self.dilation, self.groups)

    def _by_phases(self) -> bool:
        plain = self.groups == 1 and set(self.dilation) == {1}
        return plain and self.weight.shape[1] <= FEW and self.stride[0] == self.stride[1] > 1

    def merged(self, scale: torch.Tensor, shift: torch.Tensor) -> Step:
        """The layer and, behind it, y = scale x + shift for each output channel; both (channels,)."""
        weight = self.weight * scale.reshape(-1, *[1] * (self.weight.ndim - 1))
        return replace(self, weight=weight, bias=shift if self.bias is None else shift + scale * self.bias)


def _transposed_by_phases(
    values: torch.Tensor, weight: torch.Tensor, size: torch.Size, stride: int, padding: tuple[int, ...]
) -> torch.Tensor:
    """The transpose of a strided convolution as an unstrided one with stride^2 times the channels.

    Each phase (position modulo the stride) of the inputs sees its own part of the kernel. For the three
    channels of an image this is three times as fast on a CPU as the library's transpose.
    """
    outputs, channels = weight.shape[:2]
    taps = [-(-side // stride) for side in weight.shape[2:]]
    whole = F.pad(
        weight,
        [n for side, t in zip(weight.shape[:1:-1], taps[::-1], strict=True) for n in (0, t * stride - side)],
    )
    parts = whole.view(outputs, channels, taps[0], stride, taps[1], stride).permute(1, 3, 5, 0, 2, 4)
    kernel = parts.reshape(-1, outputs, *taps).flip(2, 3)
    phases = F.conv2d(values, kernel, padding=[t - 1 for t in taps])
    found = F.pixel_shuffle(phases, stride)
    rest = [side + pad - have for side, pad, have in zip(size[2:], padding, found.shape[2:], strict=True)]
    return F.pad(found, (-padding[1], rest[1], -padding[0], rest[0]))
