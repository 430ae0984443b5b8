"""Single operations and their rules: activations, layer normalisation, attention, resampling."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch.nn import functional as F

from signsight.attribution.lrp.calls import bound, mapped, refuse

# (inputs, weight, bias or None) -> outputs
Linear = Callable[[torch.Tensor, torch.Tensor, torch.Tensor | None], torch.Tensor]


class Ruled(torch.autograd.Function):
    """A value that was computed elsewhere, with a rule in place of its derivative by `inputs`."""

    @staticmethod
    def forward(
        ctx: Any,
        inputs: torch.Tensor,
        value: torch.Tensor,
        rule: Callable[[torch.Tensor], torch.Tensor],
    ) -> torch.Tensor:
        """`value`."""
        ctx.rule = rule
        return value.view_as(value)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor, None, None]:
        """What the rule makes of the output's gradient."""
        return ctx.rule(gradients[0]), None, None


def passed(func: Callable, args: tuple, kwargs: dict[str, Any], inputs: torch.Tensor) -> torch.Tensor:
    """An activation f that passes relevance unchanged: G times f(x) / x, 0 at x = 0."""
    value = func(*mapped(torch.Tensor.detach, args), **mapped(torch.Tensor.detach, kwargs))
    x = inputs.detach()
    return Ruled.apply(inputs, value, lambda g: torch.where(x == 0, torch.zeros_like(g), g * value / x))


def layer_norm(given: dict[str, Any]) -> torch.Tensor:
    """Layer normalisation with its divisor held fixed, and so linear, by LRP-0 (Ali et al. 2022)."""
    x, weight = given["input"].detach(), given["weight"]
    places = tuple(range(-len(given["normalized_shape"]), 0))
    scale = (x.var(places, correction=0, keepdim=True) + given["eps"]).rsqrt()
    scale = scale if weight is None else scale * weight

    def rule(g: torch.Tensor) -> torch.Tensor:
        scaled = g * scale
        return scaled - scaled.mean(places, keepdim=True)

    return Ruled.apply(given["input"], F.layer_norm(**{**given, "input": x}), rule)


def scale_and_shift(given: dict[str, Any]) -> tuple[torch.Tensor, torch.Tensor]:
    """Batch normalisation in evaluation mode as y = scale x + shift, each (channels,)."""
    scale = (given["running_var"] + given["eps"]).rsqrt()
    if given["weight"] is not None:
        scale = scale * given["weight"]
    shift = -given["running_mean"] * scale
    return scale, shift if given["bias"] is None else shift + given["bias"]


def geometry(name: str, given: dict[str, Any]) -> dict[str, Any]:
    """Stride, padding, dilation and groups of a convolution, a number for each dimension."""
    if name == "linear":
        return {}
    sides = given["weight"].shape[2:]
    found = {key: given.get(key, usual) for key, usual in (("stride", 1), ("padding", 0), ("dilation", 1))}
    sizes = {
        key: (value,) * len(sides) if isinstance(value, int) else tuple(value) * (len(sides) // len(value))
        for key, value in found.items()
        if not isinstance(value, str)
    }
    if found["padding"] == "same":
        if any(side % 2 == 0 for side in sides):
            refuse(f"{name} with an even kernel and padding 'same'")
        sizes["padding"] = tuple(d * (side // 2) for d, side in zip(sizes["dilation"], sides, strict=True))
    return {"padding": (0,) * len(sides), **sizes, "groups": given.get("groups", 1)}


def with_fixed_grid(args: tuple, kwargs: dict[str, Any]) -> tuple[tuple, dict[str, Any]]:
    """Arguments of grid_sample by position, the grid detached: where to look is held fixed."""
    given = bound(F.grid_sample, args, kwargs)
    return (given.pop("input"), given.pop("grid").detach()), given


def resampled(out: torch.Tensor, args: tuple, kwargs: dict[str, Any]) -> torch.Tensor:
    """`out` of grid_sample such that the relevance of each of its pixels is shared out whole."""
    image, grid = args
    weights = F.grid_sample(torch.ones_like(image[:, :1]).detach(), grid, **kwargs)
    return Ruled.apply(
        out, out.detach(), lambda g: torch.where(weights > 0, g / weights, torch.zeros_like(g))
    )


def extremes(
    bounded: tuple[torch.Tensor, torch.Tensor, torch.Tensor], out: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Bounds of a resampled image: the widest of each colour, and 0 for what comes from outside."""
    _, low, high = bounded
    least = low.amin((2, 3), keepdim=True).clamp(max=0).expand_as(out)
    return least, high.amax((2, 3), keepdim=True).clamp(min=0).expand_as(out)


def with_fixed_scores(args: tuple, kwargs: dict[str, Any]) -> tuple[tuple, dict[str, Any]]:
    """Arguments of scaled_dot_product_attention, queries and keys detached: who looks where is held fixed."""
    given = {**dict(zip(("query", "key", "value"), args, strict=False)), **kwargs}
    queries, keys, values = (given.pop(name) for name in ("query", "key", "value"))
    return (queries.detach(), keys.detach(), values, *args[3:]), given


def self_attention(given: dict[str, Any], linear: Linear) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Multi-head attention of tokens (T, B, E) to each other, as `F.multi_head_attention_forward` has it.

    given: its arguments by name; linear: runs a linear layer by its rule. The weights of the attention are
    fixed factors, so all relevance belongs to the values. They are returned where they are asked for.
    """
    tokens = given["query"]
    others = ("bias_k", "static_k", "static_v", "add_zero_attn", "key_padding_mask", "attn_mask")
    same = given["key"] is tokens and given["value"] is tokens and not given["use_separate_proj_weight"]
    if not same or tokens.ndim != 3 or any(given[name] not in (None, False) for name in others):
        refuse("attention with a mask or to other tokens")
    heads, (length, batch, width) = given["num_heads"], tokens.shape
    weight, bias = given["in_proj_weight"], given["in_proj_bias"]
    of_queries, of_values = (
        (weight[part], None if bias is None else bias[part])
        for part in (slice(2 * width), slice(2 * width, None))
    )

    def by_head(values: torch.Tensor) -> torch.Tensor:
        return values.reshape(length, batch, heads, -1).permute(1, 2, 0, 3)

    queries, keys = map(by_head, F.linear(tokens.detach(), *of_queries).chunk(2, -1))
    factors = F.softmax(queries @ keys.mT / math.sqrt(width / heads), -1)
    seen = factors @ by_head(linear(tokens, *of_values))
    seen = seen.permute(2, 0, 1, 3).reshape(length, batch, width)
    out = linear(seen, given["out_proj_weight"], given["out_proj_bias"])
    if not given["need_weights"]:
        return out, None
    return out, factors.mean(1) if given["average_attn_weights"] else factors
