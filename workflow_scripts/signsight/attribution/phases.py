"""The gradient of a strided convolution by its few input channels, as an unstrided convolution.

On a CPU the library's way back to the three colours of an image takes several times as long as the
forward convolution: a fifth of all that a gradient of AlexNet costs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

FEW = 4  # input channels up to which it is faster
ARGUMENTS = ("input", "weight", "bias", "stride", "padding", "dilation", "groups")  # of F.conv2d


def suits(weight: torch.Tensor, stride: Sequence[int], dilation: Sequence[int], groups: int) -> bool:
    """Whether `transposed_by_phases` takes such a convolution, and is faster."""
    return groups == 1 and set(dilation) == {1} and weight.shape[1] <= FEW and stride[0] == stride[1] > 1


def transposed_by_phases(
    values: torch.Tensor, weight: torch.Tensor, size: torch.Size, stride: int, padding: tuple[int, ...]
) -> torch.Tensor:
    """The transpose of a strided convolution as an unstrided one with stride^2 times the channels.

    values (B, O, h, w), weight (O, C, kh, kw), size that of the convolution's inputs (B, C, H, W).

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


class _Strided(torch.autograd.Function):
    """A convolution with fixed weights whose inputs' gradient goes by phases."""

    @staticmethod
    def forward(
        ctx: Any,
        inputs: torch.Tensor,
        weight: torch.Tensor,
        bias: torch.Tensor | None,
        stride: tuple[int, int],
        padding: tuple[int, int],
    ) -> torch.Tensor:
        ctx.weight, ctx.size, ctx.stride, ctx.padding = weight, inputs.shape, stride[0], padding
        return F.conv2d(inputs, weight, bias, stride, padding)

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, None, None, None, None]:
        found = transposed_by_phases(gradient, ctx.weight, ctx.size, ctx.stride, ctx.padding)
        return found, None, None, None, None


class FastFirstLayer(TorchFunctionMode):
    """Within it, on a CPU, strided convolutions of few channels with frozen weights are `_Strided`.

    What they compute is the same but for rounding.
    """

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Sequence[Any] = (), kwargs: Any = None
    ) -> Any:
        """Run `func`."""
        kwargs = kwargs or {}
        if getattr(func, "__name__", "") == "conv2d":
            given = {**dict(zip(ARGUMENTS, args, strict=False)), **kwargs}
            inputs, weight, bias = given["input"], given["weight"], given.get("bias")
            stride, padding, dilation = (
                (value, value) if isinstance(value, int) else value
                for value in (given.get("stride", 1), given.get("padding", 0), given.get("dilation", 1))
            )
            plain = inputs.ndim == 4 and inputs.device.type == "cpu" and not isinstance(padding, str)
            frozen = not weight.requires_grad and (bias is None or not bias.requires_grad)
            alone = inputs.requires_grad and frozen
            if plain and alone and suits(weight, stride, dilation, given.get("groups", 1)):
                return _Strided.apply(inputs, weight, bias, stride, padding)
        return func(*args, **kwargs)
