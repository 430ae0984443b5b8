"""Class activation maps: CAM, Grad-CAM, Grad-CAM++, Smooth Grad-CAM++.

All take activations A (B, K, h, w) of one layer, weigh the channels, and enlarge
ReLU(sum over k of w_k A_k), CAM without the ReLU, to the picture (bilinear, align_corners False), at the
places that the layer saw where spatial transformers before it pass on a part.
Those but CAM need the gradient g of the score by A. The layer's output becomes a leaf of the graph,
so the backward pass costs only the layers above it, frozen weights do no harm, and an in-place ReLU
behind the layer works on a copy.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated

import torch
from torch import nn
from torch.nn import functional as F

from signsight.attribution.enlarge import Placement
from signsight.attribution.precision import in_double
from signsight.attribution.rows import row_gradients
from signsight.attribution.smooth import Samples, Spread, noisy_copies
from signsight.attribution.target import Bound
from signsight.attribution.task import Task
from signsight.core.errors import UserError
from signsight.core.registry import methods
from signsight.models.layers import as_map

LAYER = "attribution.layer"
Stretched = Annotated[
    bool,
    "Stretch the map over the whole image, as published, where spatial transformers pass on a part of it or"
    " padding is added.",
]
UNFIT = (
    "Config key '{}' stands for a layer that is not run just once on the way to the "
    "score with a map of (batch, channels, height, width) or tokens as its output; name a convolutional one."
)
NO_POOLED_HEAD = (
    "CAM needs a network that averages the map of 'attribution.layer' over its positions and puts the "
    "averages through one linear layer, which this one does not; take grad_cam in 'attribution.methods'."
)
NO_CLASS = (
    "CAM has weights for classes alone, but config key 'attribution.target' names a unit of a layer; name a "
    "class, or take grad_cam in 'attribution.methods'."
)


def layers_and_outputs(
    task: Task, layers: Sequence[nn.Module], images: torch.Tensor, targets: Bound, key: str = LAYER
) -> tuple[list[torch.Tensor], torch.Tensor]:
    """The layers' outputs, for `as_map`, and what the scores are made of (`Bound.outputs`), of one pass.

    The outputs stay as they are, whatever works in place behind them. They ask for a gradient; where
    nothing before them does, they are leaves, and no graph is kept below. UserError, naming the
    config `key`, for a layer that is not run just once or whose output has another shape.
    """
    kept: dict[int, torch.Tensor] = {}

    def keeper(place: int) -> Callable[[nn.Module, object, object], torch.Tensor]:
        def hook(module: nn.Module, args: object, output: object) -> torch.Tensor:
            if place in kept or as_map(output) is None or len(output) != len(images):
                raise UserError(UNFIT.format(key))
            kept[place] = output if output.requires_grad else output.detach().requires_grad_()
            return kept[place].clone()

        return hook

    handles = [layer.register_forward_hook(keeper(place)) for place, layer in enumerate(layers)]
    try:
        outputs = targets.outputs(task.model, images)
    finally:
        for handle in handles:
            handle.remove()
    if len(kept) < len(layers):
        raise UserError(UNFIT.format(key))
    return [kept[place] for place in range(len(layers))], outputs


def gradients_of(
    scores: torch.Tensor, outputs: Sequence[torch.Tensor], key: str = LAYER, retain_graph: bool = False
) -> list[torch.Tensor]:
    """d score / d output of each layer, as `row_gradients`; UserError, naming the config `key`, for a
    layer without influence."""
    if scores.requires_grad:
        found = row_gradients(scores, outputs, retain_graph)
        if all(gradient is not None for gradient in found):
            return found
    raise UserError(UNFIT.format(key))


def activations_and_gradients(
    task: Task, layers: Sequence[nn.Module], images: torch.Tensor, targets: Bound, key: str = LAYER
) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """A and d score / dA of each layer, both (B, K, h, w), by one forward and one backward pass.

    Where one image stands for all targets, it goes forward once, and there is a backward pass for each.
    """
    with torch.enable_grad():
        kept, outputs = layers_and_outputs(task, layers, images, targets, key)
        gradients = gradients_of(targets.scores(outputs), kept, key)
    maps = [(as_map(one.detach()), as_map(gradient)) for one, gradient in zip(kept, gradients, strict=True)]
    return [(activation.expand_as(gradient), gradient) for activation, gradient in maps]


def activation_and_gradient(
    task: Task, images: torch.Tensor, targets: Bound
) -> tuple[torch.Tensor, torch.Tensor]:
    """A and d score / dA of the task's layer, each (B, K, h, w)."""
    return activations_and_gradients(task, [task.layer], images, targets)[0]


def weighed_map(
    task: Task,
    weights: torch.Tensor,
    activation: torch.Tensor,
    images: torch.Tensor,
    stretched: bool = False,
) -> torch.Tensor:
    """ReLU(sum of weights (B, K) x activation (B, K, h, w)), enlarged to (B, H, W)."""
    placement = Placement(images.shape[2:]) if stretched else task.placement(images)
    return placement.enlarged(F.relu(torch.einsum("bk,bkhw->bhw", weights, activation)))


@methods.register(
    "cam",
    label="CAM",
    family="Class activation",
    style=32,
    signed=True,
    needs="forward",
    explains="classes",
    layer="target",
    paper="Zhou et al. 2016, arXiv:1512.04150",
    measures="what each place of the last map adds to the logit",
    misleads="coarse; only for networks that average their last map before one linear layer",
)
def cam(task: Task, images: torch.Tensor, targets: Bound, ids: list[str]) -> torch.Tensor:
    """Activations weighed by the class's weights in the linear layer; the logit, whatever the score.

    Its mean over the positions of the layer and the class's bias make up the logit; of a class against
    another the difference of their weights is taken. Where a ReLU stands between the layer and the
    average, the activations are those behind it. UserError for a network with another head, which is
    found out by comparing what it computes, and for a unit of a layer, which is no class.
    """
    if targets.classes is None:
        raise UserError(NO_CLASS)
    activation, head = _pooled_head(task, images, targets)
    weights = head.weight[targets.classes]
    if targets.against is not None:
        weights = weights - head.weight[targets.against]
    return task.enlarged(torch.einsum("bk,bkhw->bhw", weights, activation), images)


@torch.no_grad()
def _pooled_head(task: Task, images: torch.Tensor, targets: Bound) -> tuple[torch.Tensor, nn.Linear]:
    """The map whose averages enter the linear layer that makes the logits, and that layer."""
    heads: list[tuple[nn.Linear, torch.Tensor, torch.Tensor]] = []

    def note(module: nn.Linear, args: tuple[torch.Tensor], output: torch.Tensor) -> None:
        heads.append((module, args[0].clone(), output))

    linear = [module for module in task.model.modules() if isinstance(module, nn.Linear)]
    handles = [module.register_forward_hook(note) for module in linear]
    try:
        (activation,), logits = layers_and_outputs(task, [task.layer], images, targets)
    finally:
        for handle in handles:
            handle.remove()
    if heads and heads[-1][2].shape == logits.shape and torch.equal(heads[-1][2], logits):
        head, entering, _ = heads[-1]
        found = as_map(activation.detach())
        for candidate in (found, F.relu(found)):
            pooled = candidate.mean((2, 3))
            near = 1e-4 * candidate.abs().mean().item()
            if pooled.shape == entering.shape and torch.allclose(pooled, entering, rtol=1e-4, atol=near):
                return candidate, head
    raise UserError(NO_POOLED_HEAD)


@methods.register(
    "grad_cam",
    label="Grad-CAM",
    family="Class activation",
    style=1,
    signed=False,
    needs="gradient",
    shares=True,
    layer="target",
    paper="Selvaraju et al. 2017, arXiv:1610.02391",
    measures="where the channels are active that raise the score on average",
    misleads="coarse; marks one part of several; the mean gradient says little in shallow layers",
)
def grad_cam(
    task: Task, images: torch.Tensor, targets: Bound, ids: list[str], stretched: Stretched = False
) -> torch.Tensor:
    """Channels weighed by the mean of their gradient."""
    activation, gradient = activation_and_gradient(task, images, targets)
    return weighed_map(task, gradient.mean((2, 3)), activation, images, stretched)


def _plus_plus_weights(
    activation: torch.Tensor, first: torch.Tensor, second: torch.Tensor, third: torch.Tensor
) -> torch.Tensor:
    """Channel weights (B, K): sum over positions of alpha * ReLU(g), with the means of g, g^2, g^3.

    alpha = g^2 / (2 g^2 + sum(A) g^3), the closed form for the score exp(logit); 0 where g is 0.
    """
    bottom = 2 * second + activation.sum((2, 3), keepdim=True) * third
    alpha = torch.where((second > 0) & (bottom != 0), second / bottom, torch.zeros_like(second))
    return (alpha * F.relu(first)).sum((2, 3))


@methods.register(
    "grad_cam_pp",
    label="Grad-CAM++",
    family="Class activation",
    style=2,
    signed=False,
    needs="gradient",
    shares=True,
    layer="target",
    paper="Chattopadhay et al. 2018, arXiv:1710.11063",
    measures="where the channels are active that raise the score anywhere; also several objects",
    misleads="coarse; leaves out all evidence against the class, so it tells classes apart poorly",
)
def grad_cam_pp(
    task: Task, images: torch.Tensor, targets: Bound, ids: list[str], stretched: Stretched = False
) -> torch.Tensor:
    """Channels weighed by their positive gradients, each position by its alpha."""
    activation, g = activation_and_gradient(task, images, targets)
    # g^2 / (2 g^2 + sum(A) g^3) with g^2 cancelled: small gradients would leave float32
    weights = _plus_plus_weights(activation, g, torch.ones_like(g), g)
    return weighed_map(task, weights, activation, images, stretched)


@methods.register(
    "smooth_grad_cam_pp",
    label="Smooth Grad-CAM++",
    family="Class activation",
    style=3,
    signed=False,
    needs="gradient",
    layer="target",
    paper="Omeiza et al. 2019, arXiv:1908.01224",
    measures="Grad-CAM++ with gradients averaged over noisy copies of the image",
    misleads="as Grad-CAM++; equals it where an average and a linear layer follow; untrained for such noise",
)
def smooth_grad_cam_pp(
    task: Task,
    images: torch.Tensor,
    targets: Bound,
    ids: list[str],
    samples: Samples = 25,
    spread: Spread = 0.15,
) -> torch.Tensor:
    """Grad-CAM++ with g, g^2 and g^3 averaged over noisy copies of the image.

    samples: noisy copies; spread: standard deviation of the noise as a share of the image's
    (max - min). The activations that are weighed are those of the image itself. Where only an
    average and one linear layer follow the target layer, the gradient is the same on every copy,
    and the map equals that of Grad-CAM++.
    """
    activation, _ = activation_and_gradient(task, images, targets)
    sums = [in_double(torch.zeros_like(activation)) for _ in range(3)]  # g^3 leaves float32
    for rows, copies in noisy_copies(task, images, ids, samples, spread):
        _, gradient = activation_and_gradient(task, copies, targets[rows])
        gradient = in_double(gradient)
        for power, total in enumerate(sums, 1):
            total.index_add_(0, rows.to(total.device), gradient**power / samples)
    weights = _plus_plus_weights(activation.to(sums[0].device), *sums).to(activation.dtype)
    return weighed_map(task, weights.to(activation.device), activation, images)
