"""Logits in what a network returns: a tensor, a tuple, a dict or an object that holds them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import torch

from signsight.core.errors import UserError


def logits_of(output: object) -> torch.Tensor:
    """Logits (B, C) of a network's `output`.

    They are a tensor (B, C) or (B, C, 1, 1); of a dict or an object its entry `logits`, else `out`,
    else the first such tensor in the dict, tuple or list. UserError, which says what came out, for
    anything else.
    """
    logits = _table(output) if isinstance(output, torch.Tensor) else _inside(output)
    if logits is None:
        raise UserError(
            f"The network returns {_described(output)} instead of logits (images, classes); return one "
            "tensor with a row for each image and a column for each class."
        )
    return logits


def _table(value: object) -> torch.Tensor | None:
    if not isinstance(value, torch.Tensor):
        return None
    if value.ndim == 4 and value.shape[2:] == (1, 1):
        value = value.flatten(1)
    return value if value.ndim == 2 else None


def _inside(output: object) -> torch.Tensor | None:
    """The logits in a dict, tuple, list or object, or None."""
    for key in ("logits", "out"):
        named = output.get(key) if isinstance(output, Mapping) else getattr(output, key, None)
        if named is not None:
            return _table(named)
    if isinstance(output, Mapping):
        output = output.values()
    elif not isinstance(output, (tuple, list)):
        return None
    return next((table for value in output if (table := _table(value)) is not None), None)


def _described(output: object) -> str:
    if isinstance(output, torch.Tensor):
        return f"a tensor of shape {tuple(output.shape)}"
    if isinstance(output, Mapping):
        return f"a {type(output).__name__} of {_listed(f'{key!r}' for key in output)}"
    if isinstance(output, (tuple, list)):
        return f"a {type(output).__name__} of {_listed(map(_described, output))}"
    return f"an object of type {type(output).__name__}"


def _listed(words: Iterable[str]) -> str:
    """At most three words and how many more there are."""
    told = list(words)
    return (", ".join(told[:3]) or "nothing") + (f" and {len(told) - 3} more" if len(told) > 3 else "")
