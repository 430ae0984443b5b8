"""The mode in which a network runs once forward, so that autograd carries relevance backward.

A TorchFunctionMode sees every operation on tensors that depend on the image, whether a module, a function
or an operator made it. So in-place, shared and functional modules need nothing special, no hook is
set, and the model is not touched. An operation without a rule is refused, never passed silently.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from typing import Any, NoReturn

import torch
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from signsight.attribution.lrp.rules import Rules
from signsight.attribution.lrp.step import CONVOLUTIONS, Step
from signsight.errors import UserError

LAYERS = {"linear", *CONVOLUTIONS}
ARGUMENTS = ("input", "weight", "bias", "stride", "padding", "dilation", "groups")
# f(0) = 0, one value from one value: R passes unchanged, so G is multiplied by f(x) / x. ReLU does so anyway.
ACTIVATIONS = {"silu", "hardswish", "gelu", "mish", "relu6", "hardtanh", "leaky_relu", "elu", "tanh", "prelu"}
# Their values are taken as fixed factors: in x * sigmoid(y) all relevance belongs to x.
GATES = {"sigmoid", "hardsigmoid"}
PRODUCTS = {"mul", "multiply", "__mul__", "__rmul__"}
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
    *("mean", "sum", "amax", "max", "interpolate", "upsample"),
}
# Autograd's own derivative is the rule: linear, or (ReLU, maximum) passing on the input itself.
ORDINARY = SHAPES | POOLINGS | SUMS | PRODUCTS | QUOTIENTS
ORDINARY |= {"relu", "dropout", "dropout2d", "feature_dropout", "grid_sample"}
ELEMENTWISE = SUMS | PRODUCTS | QUOTIENTS | ACTIVATIONS | {"relu", "batch_norm"}


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
        args, kwargs = _mapped(self._current, (args, kwargs or {}))
        name = getattr(func, "__name__", str(func))
        tensors = list(_tensors((args, kwargs)))
        depends = [t for t in tensors if t.requires_grad]
        gated = any(id(t) in self._gates for t in tensors)
        if not depends and not gated:
            return func(*args, **kwargs)
        func, name, args, kwargs, target = _out_of_place(func, name, args, kwargs)
        if not depends:
            out = self._of_gate(func, name, args, kwargs)
        elif gated and name not in PRODUCTS:
            _refuse("sigmoid other than as a factor")
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
                _refuse("sigmoid other than as a factor")
            self._gates[id(out)] = out
        return out

    def _in_double(
        self, func: Callable, name: str, args: tuple, kwargs: dict[str, Any], depends: list[torch.Tensor]
    ) -> Any:
        """In double precision weights follow the image, and nothing goes back."""
        if name in ("float", "to", "type"):
            return depends[0]
        args, kwargs = _mapped(_doubled, (args, kwargs))
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
        if name == "grid_sample":
            args, kwargs = _with_fixed_grid(args, kwargs)
            depends = [args[0]]
        _check(func, name, args, kwargs, depends)
        if any(id(t) in self._images for t in depends):
            return self._of_image(func, name, args, kwargs, depends)
        if name == "batch_norm":
            return self._batch_norm(args, kwargs)
        if name in ACTIVATIONS:
            return _passed(func, args, kwargs, depends[0])
        out = func(*args, **kwargs)
        if name not in ORDINARY and any(t.requires_grad for t in _tensors(out)):
            _refuse(name)
        return out

    def _layer(self, func: Callable, name: str, args: tuple, kwargs: dict[str, Any]) -> torch.Tensor:
        given = {**dict(zip(ARGUMENTS, args, strict=False)), **kwargs}
        inputs, weight = given["input"], given["weight"]
        if not inputs.requires_grad or weight.requires_grad:
            _refuse(f"{name} with weights that depend on the image")
        _, low, high = self._images.get(id(inputs), (None, None, None))
        step = Step(name, inputs.detach(), weight, given.get("bias"), **_geometry(name, given))
        if low is not None:
            step = replace(step, low=low[:1], high=high[:1])  # the same for every image
        with torch.no_grad():
            value = func(*args, **kwargs)
        out = self._ruled(inputs, step, value)
        if name in CONVOLUTIONS or out.ndim == 2:
            self._steps[id(out)] = (out, inputs, step)
        return out

    def _ruled(self, inputs: torch.Tensor, step: Step, value: torch.Tensor) -> torch.Tensor:
        rule = self.rules.dense if step.name == "linear" else self.rules.convolution
        if step.low is not None:
            rule = self.rules.first
        return Ruled.apply(inputs, value, lambda g: rule(step, value, g))

    def _batch_norm(self, args: tuple, kwargs: dict[str, Any]) -> torch.Tensor:
        """Merged into the layer that made its input; elsewhere LRP-0, whose G is the gradient."""
        given = _bound(F.batch_norm, args, kwargs)
        out, inputs, step = self._steps.get(id(given["input"]), (None,) * 3)
        if out is None:
            return F.batch_norm(**given)
        value = F.batch_norm(**{**given, "input": out.detach()})
        return self._ruled(inputs, step.merged(*_scale_and_shift(given)), value)

    def _of_image(
        self, func: Callable, name: str, args: tuple, kwargs: dict[str, Any], depends: list[torch.Tensor]
    ) -> Any:
        """Before the first layer: relevance itself goes back, so factors and offsets leave it as it is."""
        if any(id(t) not in self._images for t in depends):
            _refuse(f"{name} of image and features before the first layer")
        low, high = (
            func(*_mapped(bound, args), **_mapped(bound, kwargs))
            for bound in (self._bound(1), self._bound(2))
        )
        if name in ELEMENTWISE:
            value = func(*_mapped(torch.Tensor.detach, args), **_mapped(torch.Tensor.detach, kwargs))
            out = Ruled.apply(depends[0], value, lambda g: g)
            low, high = torch.minimum(low, high), torch.maximum(low, high)
        else:
            out = func(*args, **kwargs)
        if name == "grid_sample":
            out = _resampled(out, args, kwargs)
            low, high = _extremes(self._images[id(args[0])], out)
        for one, least, most in zip(_tensors(out), _tensors(low), _tensors(high), strict=True):
            self._images[id(one)] = (one, least, most)
        return out

    def _bound(self, which: int) -> Callable[[torch.Tensor], torch.Tensor]:
        return lambda tensor: self._images.get(id(tensor), (tensor,) * 3)[which]


def _check(
    func: Callable, name: str, args: tuple, kwargs: dict[str, Any], depends: list[torch.Tensor]
) -> None:
    """Refuse what has a rule only under conditions, where they do not hold."""
    if name in PRODUCTS and len(depends) > 1:
        _refuse("product of two activations")
    if name in QUOTIENTS and (len(depends) > 1 or depends[0] is not args[0]):
        _refuse("quotient of two activations")
    if name == "__setitem__" or "out" in kwargs:
        _refuse(f"{name} into a tensor that is there already")
    if name == "batch_norm" and (func is not F.batch_norm or _bound(func, args, kwargs)["training"]):
        _refuse("batch_norm with the statistics of the batch")


def _refuse(what: str) -> NoReturn:
    raise UserError(
        f"Layer-wise relevance propagation has no rule for an operation of this network ({what}); "
        "leave the lrp methods out of 'attribution.methods' and take another, such as integrated_gradients."
    )


def _mapped(change: Callable[[torch.Tensor], torch.Tensor], value: Any) -> Any:
    """`value` with `change` applied to the tensors in its tuples, lists and dictionaries."""
    if isinstance(value, torch.Tensor):
        return change(value)
    if type(value) in (tuple, list):
        return type(value)(_mapped(change, one) for one in value)
    return {key: _mapped(change, one) for key, one in value.items()} if type(value) is dict else value


def _tensors(value: Any) -> Iterator[torch.Tensor]:
    """The tensors in `value` and its tuples, lists and dictionaries."""
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, (tuple, list, dict)):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _tensors(one)


def _doubled(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.double() if tensor.is_floating_point() else tensor


@cache
def _signature(func: Callable) -> inspect.Signature:
    return inspect.signature(func)


def _bound(func: Callable, args: tuple, kwargs: dict[str, Any]) -> dict[str, Any]:
    """Arguments of a Python function by name, defaults included."""
    bound = _signature(func).bind(*args, **kwargs)
    bound.apply_defaults()
    return bound.arguments


def _out_of_place(
    func: Callable, name: str, args: tuple, kwargs: dict[str, Any]
) -> tuple[Callable, str, tuple, dict[str, Any], torch.Tensor | None]:
    """The same operation out of place, and the tensor that it would have changed.

    In place it would change values that the rules need later.
    """
    if inspect.isfunction(func) and "inplace" in _signature(func).parameters:
        given = _bound(func, args, kwargs)
        target = next(iter(given.values())) if given["inplace"] else None
        return func, name, (), {**given, "inplace": False}, target
    inplace = name.startswith("__i") or (name.endswith("_") and not name.endswith("__"))
    if not inplace:
        return func, name, args, kwargs, None
    plain = f"__{name[3:]}" if name.startswith("__i") else name[:-1]
    if not callable(func := getattr(torch.Tensor, plain, None)):
        _refuse(name)
    return func, plain, args, kwargs, args[0]


def _passed(func: Callable, args: tuple, kwargs: dict[str, Any], inputs: torch.Tensor) -> torch.Tensor:
    """An activation f that passes relevance unchanged: G times f(x) / x, 0 at x = 0."""
    value = func(*_mapped(torch.Tensor.detach, args), **_mapped(torch.Tensor.detach, kwargs))
    x = inputs.detach()
    return Ruled.apply(inputs, value, lambda g: torch.where(x == 0, torch.zeros_like(g), g * value / x))


def _scale_and_shift(given: dict[str, Any]) -> tuple[torch.Tensor, torch.Tensor]:
    """Batch normalisation in evaluation mode as y = scale x + shift, each (channels,)."""
    scale = (given["running_var"] + given["eps"]).rsqrt()
    if given["weight"] is not None:
        scale = scale * given["weight"]
    shift = -given["running_mean"] * scale
    return scale, shift if given["bias"] is None else shift + given["bias"]


def _geometry(name: str, given: dict[str, Any]) -> dict[str, Any]:
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
            _refuse(f"{name} with an even kernel and padding 'same'")
        sizes["padding"] = tuple(d * (side // 2) for d, side in zip(sizes["dilation"], sides, strict=True))
    return {"padding": (0,) * len(sides), **sizes, "groups": given.get("groups", 1)}


def _with_fixed_grid(args: tuple, kwargs: dict[str, Any]) -> tuple[tuple, dict[str, Any]]:
    """Arguments of grid_sample by position, the grid detached: where to look is held fixed."""
    given = _bound(F.grid_sample, args, kwargs)
    return (given.pop("input"), given.pop("grid").detach()), given


def _resampled(out: torch.Tensor, args: tuple, kwargs: dict[str, Any]) -> torch.Tensor:
    """`out` of grid_sample such that the relevance of each of its pixels is shared out whole."""
    image, grid = args
    weights = F.grid_sample(torch.ones_like(image[:, :1]).detach(), grid, **kwargs)
    return Ruled.apply(
        out, out.detach(), lambda g: torch.where(weights > 0, g / weights, torch.zeros_like(g))
    )


def _extremes(
    bounded: tuple[torch.Tensor, torch.Tensor, torch.Tensor], out: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Bounds of a resampled image: the widest of each colour, and 0 for what comes from outside."""
    _, low, high = bounded
    least = low.amin((2, 3), keepdim=True).clamp(max=0).expand_as(out)
    return least, high.amax((2, 3), keepdim=True).clamp(min=0).expand_as(out)
