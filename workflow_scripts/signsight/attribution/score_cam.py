"""Score-CAM: channels weighed by the score of the image seen through each of them."""

from __future__ import annotations

import torch

from signsight.attribution.cam import layers_and_outputs, weighed_map
from signsight.attribution.enlarge import Placement
from signsight.attribution.pieces import scores_in_pieces
from signsight.attribution.target import Bound
from signsight.attribution.task import Task
from signsight.core.registry import methods
from signsight.models.layers import as_map


@methods.register(
    "score_cam",
    label="Score-CAM",
    family="Class activation",
    style=9,
    signed=False,
    needs="forward",
    layer="target",
    paper="Wang et al. 2020, arXiv:1910.01279",
    measures="where channels are active that alone keep the score up when they mask the image",
    misleads="coarse; channels that cover much of the image win; one forward pass for each channel",
)
def score_cam(task: Task, images: torch.Tensor, targets: Bound, ids: list[str]) -> torch.Tensor:
    """ReLU(sum over k of w_k A_k), enlarged, with w the softmax over channels of the masked scores.

    The mask of a channel is its activation, enlarged to the image (bilinear) and scaled to [0, 1] by
    its minimum and maximum; it multiplies the pixels in [0, 1], so what it hides turns black. A
    channel that is constant over the image has no such mask: it is left out of the softmax, with
    the weight 0. The score of the black baseline image, which the paper takes off every masked
    score, is one number for an image; it cancels in the softmax and is not computed.
    """
    with torch.no_grad():
        (activation,), _ = layers_and_outputs(task, [task.layer], images, targets)
    activation = as_map(activation.detach())
    placement = task.placement(images)
    owner, channel = torch.nonzero(activation.amax((2, 3)) > activation.amin((2, 3)), as_tuple=True)

    def masked(rows: slice) -> torch.Tensor:
        of = owner[rows]
        return images[of] * _masks(placement[of], activation[of, channel[rows]])[:, None]

    scores = activation.new_full(activation.shape[:2], -torch.inf)
    scores[owner, channel] = scores_in_pieces(task, targets, owner, masked)
    # An image whose channels are all constant has only weights of -inf / -inf.
    return weighed_map(task, scores.softmax(1).nan_to_num(0), activation, images)


def _masks(placement: Placement, channels: torch.Tensor) -> torch.Tensor:
    """Channels (P, h, w), enlarged and scaled to [0, 1] each, (P, H, W)."""
    large = placement.enlarged(channels)
    low, high = large.amin((1, 2), keepdim=True), large.amax((1, 2), keepdim=True)
    return (large - low) / (high - low).clamp(min=torch.finfo(large.dtype).tiny)
