"""The mode in which a network runs once forward, so that autograd carries relevance backward.

A TorchFunctionMode sees every operation on tensors that depend on the image, whether a module, a function
or an operator made it. So in-place, shared and functional modules need nothing special, no hook is
set, and the model is not touched. An operation without a rule is refused, never passed silently.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from signsight.attribution.lrp.calls import bound, doubled, mapped, out_of_place, refuse, tensors_in
from signsight.attribution.lrp.operations import (
    Ruled,
    extremes,
    geometry,
    layer_norm,
    passed,
    resampled,
    scale_and_shift,
    self_attention,
    with_fixed_grid,
    with_fixed_scores,
)
from signsight.attribution.lrp.rules import Rules, by_rows
from signsight.attribution.lrp.step import CONVOLUTIONS, Step
from signsight.attribution.phases import ARGUMENTS

LAYERS = {"linear", *CONVOLUTIONS}
# f(0) = 0, one value from one value: R passes unchanged, so G is multiplied by f(x) / x. ReLU does so anyway.
ACTIVATIONS = {"silu", "hardswish", "gelu", "mish", "relu6", "hardtanh", "leaky_relu", "elu", "tanh", "prelu"}
# Their values are taken as fixed factors: in x * sigmoid(y) all relevance belongs to x, and in attention,
# softmax(y) @ x, too (Ali et al. 2022, arXiv:2202.07304).
GATES = {"sigmoid", "hardsigmoid", "softmax"}
PRODUCTS = {"mul", "multiply", "__mul__", "__rmul__"}
MATRIX_PRODUCTS = {"matmul", "__matmul__", "bmm", "einsum"}
QUOTIENTS = {"div", "divide", "true_divide", "__truediv__"}
SUMS = {"add", "sub", "subtract", "__add__", "__radd__", "__sub__", "__rsub__", "rsub"}
# fmt: off
SHAPES = {
    "view", "reshape", "flatten", "unflatten", "squeeze", "unsqueeze", "permute", "transpose", "t", "expand",
    "swapaxes", "swapdims", "movedim", "contiguous", "clone", "chunk", "split", "tensor_split", "unbind",
    "__getitem__", "narrow", "select", "cat", "concat", "concatenate", "stack", "pad", "roll", "flip",
    "view_as", "reshape_as", "expand_as", "channel_shuffle", "pixel_shuffle", "pixel_unshuffle", "__get__",
    "repeat", "float", "double",
}
# fmt: on
POOLINGS = {
    *(f"{how}{kind}_pool{n}d" for how in ("", "adaptive_") for kind in ("max", "avg") for n in (1, 2, 3)),
    *("mean", "sum", "amax", "max", "interpolate", "upsample", "roi_align"),
}
# Autograd's own derivative is the rule: linear, or (ReLU, maximum) passing on the input itself.
ORDINARY = SHAPES | POOLINGS | SUMS | PRODUCTS | QUOTIENTS
ORDINARY |= {"relu", "dropout", "dropout2d", "feature_dropout", "grid_sample"}
ELEMENTWISE = SUMS | PRODUCTS | QUOTIENTS | ACTIVATIONS | {"relu", "batch_norm"}


class Propagation(TorchFunctionMode):
    """Operations on what depends on `image` (B, 3, H, W) get a backward pass that carries relevance.

    With `rules.first`, relevance itself and not G reaches the image and all that is made of it before the
    first layer (`is_image`); low, high: the image's bounds, broadcast to it.
    """

    def __init__(self, rules: Rules, image: torch.Tensor, low: torch.Tensor, high: torch.Tensor) -> None:
        super().__init__()
        self.rules = rules
        # By id of a tensor, with the tensor itself, which keeps the id its own.
        self._images: dict[int, tuple[torch.Tensor, torch.Tensor, torch.Tensor]] = {}
        self._steps: dict[int, tuple[torch.Tensor, torch.Tensor, Step]] = {}
        self._gates: dict[int, torch.Tensor] = {}
        self._scores: dict[int, torch.Tensor] = {}  # that attention takes the softmax of
        self._renamed: dict[int, tuple[torch.Tensor, torch.Tensor]] = {}
        if rules.first is not None:
            self._images[id(image)] = (image, low.expand_as(image), high.expand_as(image))

    def is_image(self, tensor: torch.Tensor) -> bool:
        """Whether the gradient of `tensor` is its relevance, not the relevance over the tensor."""
        return id(tensor) in self._images

    def keep(self, tensor: torch.Tensor) -> None:
        """Relevance is to be read at `tensor`: a batch normalisation behind it is not merged into it."""
        self._steps.pop(id(tensor), None)

    def __torch_function__(
        self, func: Callable, types: Any, args: tuple = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Run `func`, by its rule where it depends on the image."""
        args, kwargs = mapped(self._current, (args, kwargs or {}))
        name = getattr(func, "__name__", str(func))
        tensors = list(tensors_in((args, kwargs)))
        depends = [t for t in tensors if t.requires_grad]
        gated = any(id(t) in self._gates for t in tensors)
        scored = any(id(t) in self._scores for t in tensors)
        if not depends and not gated and not scored:
            return func(*args, **kwargs)
        func, name, args, kwargs, target = out_of_place(func, name, args, kwargs)
        if scored:
            out = self._of_scores(func, name, args, kwargs, alone=not depends and not gated)
        elif not depends:
            out = self._of_gate(func, name, args, kwargs)
        elif gated and name not in PRODUCTS | MATRIX_PRODUCTS:
            refuse("sigmoid or softmax other than as a factor")
        elif depends[0].dtype == torch.float64:
            out = self._in_double(func, name, args, kwargs, depends)
        else:
            out = self._run(func, name, args, kwargs, depends)
        if target is not None and out is not target:  # dropout gives back what it got
            self._renamed[id(target)] = (target, out)
        return out

    def _current(self, tensor: torch.Tensor) -> torch.Tensor:
        """What in-place operations made of `tensor`, or itself."""
        while id(tensor) in self._renamed:
            tensor = self._renamed[id(tensor)][1]
        return tensor

    def _of_gate(self, func: Callable, name: str, args: tuple, kwargs: dict[str, Any]) -> Any:
        """A gate may be reshaped and changed by constants; what comes out is a gate."""
        out = func(*args, **kwargs)
        if isinstance(out, torch.Tensor) and out.is_floating_point():
            if name not in ORDINARY:
                refuse("sigmoid or softmax other than as a factor")
            self._gates[id(out)] = out
        return out

    def _of_scores(self, func: Callable, name: str, args: tuple, kwargs: dict[str, Any], alone: bool) -> Any:
        """Scores may be reshaped, multiplied and changed by constants; their softmax is a gate."""
        if not alone or name not in ORDINARY | MATRIX_PRODUCTS | {"softmax", "masked_fill"}:
            refuse("product of two activations")
        out = func(*args, **kwargs)
        (self._gates if name == "softmax" else self._scores)[id(out)] = out
        return out

    def _in_double(
        self, func: Callable, name: str, args: tuple, kwargs: dict[str, Any], depends: list[torch.Tensor]
    ) -> Any:
        """In double precision weights follow the image, and nothing goes back."""
        if name in ("float", "to", "type") and args[0] is depends[0]:
            return depends[0]
        args, kwargs = mapped(doubled, (args, kwargs))
        return self._run(func, name, args, kwargs, depends)

    def _run(
        self, func: Callable, name: str, args: tuple, kwargs: dict[str, Any], depends: list[torch.Tensor]
    ) -> Any:
        if name in LAYERS:
            return self._layer(func, name, args, kwargs)
        if name in GATES or name == "affine_grid":
            out = func(*args, **kwargs).detach()
            if name in GATES:
                self._gates[id(out)] = out
            return out
        if name == "normalize" or (name in MATRIX_PRODUCTS and len(depends) > 1):
            out = func(*args, **kwargs).detach()
            self._scores[id(out)] = out
            return out
        if name == "multi_head_attention_forward":
            out, factors = self_attention(bound(func, args, kwargs), self._linear)
            if factors is not None:
                self._gates[id(factors)] = factors
            return out, factors
        if name == "scaled_dot_product_attention":
            args, kwargs = with_fixed_scores(args, kwargs)
            return func(*args, **kwargs)
        if name == "grid_sample":
            args, kwargs = with_fixed_grid(args, kwargs)
            depends = [args[0]]
        _check(func, name, args, kwargs, depends)
        if any(id(t) in self._images for t in depends):
            return self._of_image(func, name, args, kwargs, depends)
        if name == "batch_norm":
            return self._batch_norm(args, kwargs)
        if name == "layer_norm":
            return layer_norm(bound(func, args, kwargs))
        if name in ACTIVATIONS:
            return passed(func, args, kwargs, depends[0])
        out = func(*args, **kwargs)
        attended = name in MATRIX_PRODUCTS and any(id(t) in self._gates for t in tensors_in((args, kwargs)))
        if name not in ORDINARY and not attended and any(t.requires_grad for t in tensors_in(out)):
            refuse(name)
        return out

    def _layer(self, func: Callable, name: str, args: tuple, kwargs: dict[str, Any]) -> torch.Tensor:
        given = {**dict(zip(ARGUMENTS, args, strict=False)), **kwargs}
        inputs, weight = given["input"], given["weight"]
        if not inputs.requires_grad or weight.requires_grad:
            refuse(f"{name} with weights that depend on the image")
        _, low, high = self._images.get(id(inputs), (None, None, None))
        step = Step(name, inputs.detach(), weight, given.get("bias"), **geometry(name, given))
        if low is not None:
            step = replace(step, low=low[:1], high=high[:1])  # the same for every image
        with torch.no_grad():
            value = func(*args, **kwargs)
        out = self._ruled(inputs, step, value)
        if name in CONVOLUTIONS or out.ndim == 2:
            self._steps[id(out)] = (out, inputs, step)
        return out

    def _linear(self, inputs: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
        return self._layer(F.linear, "linear", (inputs, weight, bias), {})

    def _ruled(self, inputs: torch.Tensor, step: Step, value: torch.Tensor) -> torch.Tensor:
        rule = self.rules.dense if step.name == "linear" else self.rules.convolution
        if step.low is not None:
            rule = self.rules.first
        return Ruled.apply(inputs, value, lambda g: by_rows(rule, step, value, g))

    def _batch_norm(self, args: tuple, kwargs: dict[str, Any]) -> torch.Tensor:
        """Merged into the layer that made its input; elsewhere LRP-0, whose G is the gradient."""
        given = bound(F.batch_norm, args, kwargs)
        out, inputs, step = self._steps.get(id(given["input"]), (None,) * 3)
        if out is None:
            return F.batch_norm(**given)
        value = F.batch_norm(**{**given, "input": out.detach()})
        return self._ruled(inputs, step.merged(*scale_and_shift(given)), value)

    def _of_image(
        self, func: Callable, name: str, args: tuple, kwargs: dict[str, Any], depends: list[torch.Tensor]
    ) -> Any:
        """Before the first layer: relevance itself goes back, so factors and offsets leave it as it is."""
        if any(id(t) not in self._images for t in depends):
            refuse(f"{name} of image and features before the first layer")
        if name not in ORDINARY | ELEMENTWISE:
            out = func(*args, **kwargs)
            if any(t.requires_grad for t in tensors_in(out)):
                refuse(f"{name} before the first layer")
            return out
        low, high = (
            func(*mapped(edge, args), **mapped(edge, kwargs)) for edge in (self._edge(1), self._edge(2))
        )
        if name in ELEMENTWISE:
            value = func(*mapped(torch.Tensor.detach, args), **mapped(torch.Tensor.detach, kwargs))
            out = Ruled.apply(depends[0], value, lambda g: g)
            low, high = torch.minimum(low, high), torch.maximum(low, high)
        else:
            out = func(*args, **kwargs)
        if name == "grid_sample":
            out = resampled(out, args, kwargs)
            low, high = extremes(self._images[id(args[0])], out)
        for one, least, most in zip(tensors_in(out), tensors_in(low), tensors_in(high), strict=True):
            self._images[id(one)] = (one, least, most)
        return out

    def _edge(self, which: int) -> Callable[[torch.Tensor], torch.Tensor]:
        return lambda tensor: self._images.get(id(tensor), (tensor,) * 3)[which]


def _check(
    func: Callable, name: str, args: tuple, kwargs: dict[str, Any], depends: list[torch.Tensor]
) -> None:
    """Refuse what has a rule only under conditions, where they do not hold."""
    if name in PRODUCTS and len(depends) > 1:
        refuse("product of two activations")
    if name in QUOTIENTS and (len(depends) > 1 or depends[0] is not args[0]):
        refuse("quotient of two activations")
    if name == "__setitem__" or "out" in kwargs:
        refuse(f"{name} into a tensor that is there already")
    if name == "layer_norm" and func is not F.layer_norm:
        refuse("layer_norm of an unknown kind")
    if name == "batch_norm" and (func is not F.batch_norm or bound(func, args, kwargs)["training"]):
        refuse("batch_norm with the statistics of the batch")
