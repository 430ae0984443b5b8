"""Occlusion: how far the score falls when a window of the image is hidden."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import torch

from signsight.attribution.pieces import scores_in_pieces
from signsight.attribution.target import Bound
from signsight.attribution.task import Task
from signsight.core.errors import UserError
from signsight.core.parameters import Limits
from signsight.core.registry import methods

KEY = "attribution.parameters.occlusion"


@methods.register(
    "occlusion",
    at_most={"window": "size", "stride": "size"},
    label="Occlusion",
    family="Perturbation",
    style=11,
    signed=True,
    needs="forward",
    paper="Zeiler & Fergus 2014, arXiv:1311.2901",
    measures="how far the score falls when a window about the pixel is hidden",
    misleads="the window's size sets what is found; its colour is itself something to see",
)
def occlusion(
    task: Task,
    images: torch.Tensor,
    targets: Bound,
    ids: list[str],
    window: Annotated[
        int | None,
        Limits(1, 4096),
        "Side in pixels of the window that is hidden; null takes a seventh of the image's side (32 of 224).",
    ] = None,
    stride: Annotated[
        int | None,
        Limits(1, 4096),
        "Pixels between windows; null takes a sixteenth of the image's side (14 of 224).",
    ] = None,
    fill: Annotated[
        Sequence[float] | None,
        Limits(0, 1, length=3),
        "Colour of the window, RGB in [0, 1]; null takes the mean colour of the model's normalisation.",
    ] = None,
) -> torch.Tensor:
    """Mean of score(image) - score(image with the window hidden) over the windows that hold a pixel.

    window, stride: in pixels; None takes a seventh and a sixteenth of the image's shorter side. The
    windows start every `stride` pixels from the top left until the far border is reached; the last
    of a row or column is cut off there, so each pixel lies in at least one. fill: RGB in [0, 1];
    None takes the mean of the model's normalisation. UserError for a window larger than the image,
    or a stride larger than the window.
    """
    height, width = images.shape[2:]
    window = window or max(1, round(min(height, width) / 7))
    stride = stride or max(1, round(min(height, width) / 16))
    _check(window, stride, min(height, width))
    down, across = (_hidden(side, window, stride, images.device) for side in (height, width))
    colour = task.model.mean if fill is None else torch.tensor(fill, device=images.device)
    colour, count = colour.to(images)[:, None, None], len(down) * len(across)
    owner = torch.arange(len(images), device=images.device).repeat_interleave(1 + count)
    # Number -1 of each image is the image itself.
    number = torch.arange(-1, count, device=images.device).repeat(len(images))

    def covered(rows: slice) -> torch.Tensor:
        row, column = number[rows] // len(across), number[rows] % len(across)
        hidden = down[row, :, None] & across[column, None, :] & (number[rows] >= 0)[:, None, None]
        return torch.where(hidden[:, None], colour, images[owner[rows]])

    scores = scores_in_pieces(task, targets, owner, covered).view(len(images), 1 + count)
    falls = (scores[:, :1] - scores[:, 1:]).view(len(images), len(down), len(across))
    # A pixel's windows are all pairs of a row of windows and a column of windows that hold it.
    down, across = (share / share.sum(0) for share in (down.to(falls), across.to(falls)))
    return torch.einsum("brc,rh,cw->bhw", falls, down, across)


def _check(window: int, stride: int, side: int) -> None:
    if window > side:
        raise UserError(
            f"Config key '{KEY}.window' is {window}, more than the {side} pixels of the images; "
            "take a smaller window."
        )
    if stride > window:
        raise UserError(
            f"Config key '{KEY}.stride' comes to {stride}, more than the window of {window} pixels, "
            "which would leave out pixels; take a smaller stride or a larger window."
        )


def _hidden(side: int, window: int, stride: int, device: torch.device) -> torch.Tensor:
    """(windows, side) bool: which of `side` pixels each window covers along one axis."""
    start = torch.arange(0, side - window + stride, stride, device=device)[:, None]
    place = torch.arange(side, device=device)
    return (place >= start) & (place < start + window)
