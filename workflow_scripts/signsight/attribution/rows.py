"""Gradients of several scores, each by its own row of a batch, or all by one image that they share."""

from __future__ import annotations

from collections.abc import Sequence

import torch


def row_gradients(
    scores: torch.Tensor, inputs: Sequence[torch.Tensor], retain_graph: bool = False
) -> list[torch.Tensor | None]:
    """Gradient of each score (K,) by its row of every input (K, ...), or by the one row of all.

    Inputs have K rows, of which score k depends on row k alone, or one row, whose gradient is taken K
    times, by one forward pass. -> (K, ...) for every input, None for one that has no influence on any.
    """
    if len(inputs[0]) == len(scores):
        return list(torch.autograd.grad(scores.sum(), inputs, allow_unused=True, retain_graph=retain_graph))
    found: list[list[torch.Tensor | None]] = []
    for number, score in enumerate(scores):
        last = number == len(scores) - 1 and not retain_graph
        found.append(list(torch.autograd.grad(score, inputs, allow_unused=True, retain_graph=not last)))
    return [_stacked(parts, one) for parts, one in zip(zip(*found, strict=True), inputs, strict=True)]


def _stacked(parts: Sequence[torch.Tensor | None], like: torch.Tensor) -> torch.Tensor | None:
    if all(part is None for part in parts):
        return None
    return torch.cat([torch.zeros_like(like) if part is None else part for part in parts])
