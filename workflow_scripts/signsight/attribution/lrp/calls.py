"""Calls of torch's functions as a mode sees them: their tensors, arguments by name, refusals."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, NoReturn

import torch

from signsight.core.errors import UserError


def refuse(what: str) -> NoReturn:
    """Raise the UserError of an operation without a rule; `what` names it for people."""
    raise UserError(
        f"Layer-wise relevance propagation has no rule for an operation of this network ({what}); "
        "leave the lrp methods out of 'attribution.methods' and take another, such as integrated_gradients."
    )


def mapped(change: Callable[[torch.Tensor], torch.Tensor], value: Any) -> Any:
    """`value` with `change` applied to the tensors in its tuples, lists and dictionaries."""
    if isinstance(value, torch.Tensor):
        return change(value)
    if type(value) in (tuple, list):
        return type(value)(mapped(change, one) for one in value)
    return {key: mapped(change, one) for key, one in value.items()} if type(value) is dict else value


def tensors_in(value: Any) -> Iterator[torch.Tensor]:
    """The tensors in `value` and its tuples, lists and dictionaries."""
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, (tuple, list, dict)):
        for one in value.values() if isinstance(value, dict) else value:
            yield from tensors_in(one)


def doubled(tensor: torch.Tensor) -> torch.Tensor:
    """Floats in double precision, any other tensor as it is."""
    return tensor.double() if tensor.is_floating_point() else tensor


@cache
def _signature(func: Callable) -> inspect.Signature:
    return inspect.signature(func)


def bound(func: Callable, args: tuple, kwargs: dict[str, Any]) -> dict[str, Any]:
    """Arguments of a Python function by name, defaults included."""
    given = _signature(func).bind(*args, **kwargs)
    given.apply_defaults()
    return given.arguments


def out_of_place(
    func: Callable, name: str, args: tuple, kwargs: dict[str, Any]
) -> tuple[Callable, str, tuple, dict[str, Any], torch.Tensor | None]:
    """The same operation out of place, and the tensor that it would have changed.

    In place it would change values that the rules need later.
    """
    if inspect.isfunction(func) and "inplace" in _signature(func).parameters:
        given = bound(func, args, kwargs)
        target = next(iter(given.values())) if given["inplace"] else None
        return func, name, (), {**given, "inplace": False}, target
    inplace = name.startswith("__i") or (name.endswith("_") and not name.endswith("__"))
    if not inplace:
        return func, name, args, kwargs, None
    plain = f"__{name[3:]}" if name.startswith("__i") else name[:-1]
    if not callable(func := getattr(torch.Tensor, plain, None)):
        refuse(name)
    return func, plain, args, kwargs, args[0]
