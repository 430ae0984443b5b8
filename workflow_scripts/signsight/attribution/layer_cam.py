"""LayerCAM: activations weighed by their own positive gradients, at one layer or several."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import torch
from torch import nn
from torch.nn import functional as F

from signsight.attribution.cam import activations_and_gradients
from signsight.attribution.target import Bound
from signsight.attribution.task import Task
from signsight.core.parameters import Limits
from signsight.core.registry import methods

KEY = "attribution.parameters.layer_cam.layers"


@methods.register(
    "layer_cam",
    label="LayerCAM",
    family="Class activation",
    style=10,
    signed=False,
    needs="gradient",
    shares=True,
    layer="target",
    paper="Jiang et al. 2021, doi:10.1109/TIP.2021.3089943",
    measures="where active units would raise the score, at the resolution of the layer",
    misleads="shallow layers mark edges of any object; fused maps keep no scale of the score",
)
def layer_cam(
    task: Task,
    images: torch.Tensor,
    targets: Bound,
    ids: list[str],
    layers: Annotated[
        Sequence[str] | None,
        Limits(unique=True),
        "Layers by their names in the network, fused by the maximum of their maps, each scaled to"
        " [0, 1]; null takes `attribution.layer`, unscaled.",
    ] = None,
) -> torch.Tensor:
    """ReLU(sum over channels of ReLU(g) * A) of the task's layer, enlarged; or of several, fused.

    layers: names of layers; the map of each is enlarged, divided by its maximum (a map of zeros
    stays so), and of all these the largest value at a pixel is kept, in [0, 1]. The paper takes the
    same maximum, but sends the scaled maps of the shallow stages through tanh(2 M) first, which is
    left out here. One forward and one backward pass, whatever the number of layers. UserError for a
    layer that the network does not have, or that is not run just once with a map as its output.
    """
    if layers is None:
        found = activations_and_gradients(task, [task.layer], images, targets)
        return _map(task, *found[0], images, task.layer)
    modules = [task.named_layer(name, KEY) for name in layers]
    pairs = activations_and_gradients(task, modules, images, targets, KEY)
    maps = torch.stack([_map(task, *pair, images, of) for pair, of in zip(pairs, modules, strict=True)])
    highest = maps.amax((2, 3), keepdim=True)
    return torch.where(highest > 0, maps / highest, 0).amax(0)


def _map(
    task: Task, activation: torch.Tensor, gradient: torch.Tensor, images: torch.Tensor, layer: nn.Module
) -> torch.Tensor:
    return task.enlarged(F.relu((F.relu(gradient) * activation).sum(1)), images, layer)
