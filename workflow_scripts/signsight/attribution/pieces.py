"""Scores of many inputs made of few images, in pieces that one pass through the network may hold."""

from __future__ import annotations

from collections.abc import Callable

import torch

from signsight.attribution.target import Bound
from signsight.attribution.task import Task
from signsight.data.progress import pieces


def scores_in_pieces(
    task: Task, targets: Bound, owner: torch.Tensor, make: Callable[[slice], torch.Tensor]
) -> torch.Tensor:
    """Scores (P,) of P inputs, of which at most `task.batch_size` exist at a time; no gradients.

    targets: what is explained in the B images. owner: (P,) int64 image that each input is
    made of. make: gives the inputs (p, 3, H, W) of a slice of the P.
    """
    scores = [torch.empty(0, device=owner.device)]
    with torch.no_grad():
        starts = range(0, len(owner), task.batch_size)
        for start in pieces(starts, len(starts)):
            rows = slice(start, start + task.batch_size)
            scores.append(task.scores(make(rows), targets[owner[rows]]))
    return torch.cat(scores)
