"""Other backward rules for ReLUs: guided backpropagation and deconvolution.

A mode watches the calls to torch's functions and puts an autograd function of its own in the place
of every ReLU, so it does not matter whether a network has ReLUs as modules, shared modules, functions
or methods, in place or not; the network is not touched, and nothing has to be taken back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Literal

import torch
from torch.overrides import TorchFunctionMode

from signsight.core.errors import UserError

Rule = Literal["guided", "deconvolution", "plain", "open"]

# torch's function -> name for people; a gradient that is cut at ReLUs says nothing beside these
OTHER_ACTIVATIONS = {
    "celu": "CELU",
    "elu": "ELU",
    "gelu": "GELU",
    "hardswish": "Hardswish",
    "leaky_relu": "LeakyReLU",
    "mish": "Mish",
    "prelu": "PReLU",
    "rrelu": "RReLU",
    "selu": "SELU",
    "silu": "SiLU",
    "softplus": "Softplus",
}


class _Rectify(torch.autograd.Function):
    """clamp(x, 0, high) whose backward pass follows the rule that `mode` has by then.

    `inplace` overwrites x as torch's does.
    """

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, high: float | None, mode: ReluMode, inplace: bool) -> torch.Tensor:
        ctx.mode, ctx.high = mode, high
        if inplace:
            ctx.mark_dirty(x)
        if high is None:
            y = x.relu_() if inplace else x.relu()
        else:
            y = x.clamp_(0, high) if inplace else x.clamp(0, high)
        if mode.rule in ("guided", "plain"):
            ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> tuple[torch.Tensor, None, None, None]:
        if ctx.mode.rule == "deconvolution":
            return grad.clamp(min=0), None, None, None
        if ctx.mode.rule == "open":
            return grad, None, None, None
        (y,) = ctx.saved_tensors
        passed = torch.ops.aten.threshold_backward(grad, y, 0)  # 0 where y <= 0, in one go
        if ctx.high is not None:
            passed *= y < ctx.high
        return passed.clamp_(min=0) if ctx.mode.rule == "guided" else passed, None, None, None


class ReluMode(TorchFunctionMode):
    """Puts `_Rectify` in the place of every ReLU that is called, and counts them.

    `rule` may change between backward passes, from "guided" to "plain" and back. "open" passes every gradient
    as if the ReLUs were not there, and leaves other activations as they are. key: the config key that asks
    for it, for the message of a refusal.
    """

    def __init__(self, rule: Rule, key: str = "attribution.methods") -> None:
        super().__init__()
        self.rule, self.met, self.key = rule, 0, key

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Sequence[Any] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        name = getattr(func, "__name__", "")
        plain = name.removesuffix("_")
        if plain in OTHER_ACTIVATIONS and self.rule != "open":
            raise UserError(
                _refusal(f"{OTHER_ACTIVATIONS[plain]} activations, which are not ReLUs", self.key)
            )
        limit = _limit(plain, args, kwargs)
        if limit is None:
            return func(*args, **kwargs)
        self.met += 1
        inplace = name.endswith("_") or bool(_argument(INPLACE_AT.get(plain, 99), "inplace", args, kwargs))
        return _Rectify.apply(_argument(0, "input", args, kwargs), limit[0], self, inplace)


INPLACE_AT = {"relu": 1, "relu6": 1, "hardtanh": 3}  # where torch.nn.functional has the argument


def _argument(
    place: int, name: str, args: Sequence[Any], kwargs: Mapping[str, Any], default: object = None
) -> Any:
    return args[place] if place < len(args) else kwargs.get(name, default)


def _limit(name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[float | None] | None:
    """(upper limit or None,) if the call of `name` is a ReLU of some kind, otherwise None.

    `clamp` with the minimum 0 alone is a ReLU; with a maximum it keeps colours in their range.
    """
    if name == "relu":
        return (None,)
    if name == "relu6":
        return (6.0,)
    if name == "hardtanh" and _argument(1, "min_val", args, kwargs, -1.0) == 0:
        return (float(_argument(2, "max_val", args, kwargs, 1.0)),)
    if name in ("clamp", "clamp_min", "clip"):
        low, high = _argument(1, "min", args, kwargs), _argument(2, "max", args, kwargs)
        if isinstance(low, (int, float)) and low == 0 and high is None:
            return (None,)
    return None


def _refusal(why: str, key: str) -> str:
    return (
        "Guided backpropagation, deconvolution and what builds on them change the gradient at ReLUs, "
        f"but the network has {why}; leave them out of '{key}'."
    )


@contextmanager
def relu_rule(rule: Rule) -> Iterator[ReluMode]:
    """Within it, forward passes are as ever, but their ReLUs pass gradients by another rule.

    "guided" passes a gradient g where the activation is > 0 and g > 0 (Springenberg et al. 2014,
    arXiv:1412.6806, figure 1); "deconvolution" where g > 0, whatever the activation (Zeiler & Fergus
    2013, arXiv:1311.2901, section 2.1); "plain" is the gradient as it is. ReLU6 and hardtanh from 0 are
    ReLUs with an upper limit, at which "guided" and "plain" pass nothing. Backward passes may run inside
    or outside, and by another rule after `.rule` of the mode was set. UserError if no ReLU was met, or an
    activation of another kind (GELU, SiLU, ...); sigmoid and tanh, as gates have them, keep their own
    gradient.
    """
    mode = ReluMode(rule)
    with mode:
        yield mode
    if not mode.met:
        raise UserError(_refusal("no ReLU", mode.key))
