"""What is maximised: one number for every picture that is seen.

An objective is called with the views of a batch and with the row of the batch that each of them shows. The
network runs only as far as the objective needs it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import torch
from torch import nn

from signsight.attribution.target import Bound
from signsight.attribution.unit_target import Unit
from signsight.core.errors import UserError
from signsight.core.words import nearest
from signsight.models.classifier import Classifier
from signsight.models.layers import as_map


class Objective(Protocol):
    """What is maximised in each picture of a batch; `group` consecutive pictures depend on each other."""

    group: int

    def __call__(self, model: Classifier, seen: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
        """Views (n, 3, H, W) in [0, 1] of the pictures `rows` (n,) int64 -> (n,)."""


class _Reached(Exception):
    """The layer is reached, with its output; what lies behind it need not run."""

    def __init__(self, output: object) -> None:
        super().__init__()
        self.output = output


def layer_named(model: Classifier, name: str, key: str) -> nn.Module:
    """The layer `name` of the network; UserError, naming the config key, with the nearest names."""
    layers = dict(model.network.named_modules())
    if not name or name not in layers:
        raise UserError(
            f"Config key '{key}' names the layer {name!r}, which the network does not have; "
            f"{nearest(name, filter(None, layers))}"
        )
    return layers[name]


def output_at(model: Classifier, layer: nn.Module, name: str, images: torch.Tensor) -> torch.Tensor:
    """The output of a layer for images (B, 3, H, W) in [0, 1]: (B, K), or a map (B, K, h, w).

    UserError for a layer that is not run, or has another output.
    """

    def stop(module: nn.Module, inputs: object, output: object) -> None:
        raise _Reached(output)

    handle = layer.register_forward_hook(stop)
    try:
        model(images)
    except _Reached as reached:
        flat = isinstance(reached.output, torch.Tensor) and reached.output.ndim == 2
        values = reached.output if flat else as_map(reached.output)
        if values is not None and len(values) == len(images):
            return values
    finally:
        handle.remove()
    raise UserError(
        f"The layer {name!r} has no output that is units, a map of (batch, channels, height, width) or "
        "tokens of each picture; name another layer."
    )


def output_named(model: Classifier, name: str, key: str, images: torch.Tensor) -> torch.Tensor:
    """`output_at` of the layer `name`, which the config key `key` names."""
    return output_at(model, layer_named(model, name, key), name, images)


@dataclass
class OfTarget:
    """The score of what a `Target` was bound to: a class, a channel, a neuron, a direction."""

    bound: Bound
    group: int = 1
    checked: bool = field(default=False, init=False)

    def __call__(self, model: Classifier, seen: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
        """See `Objective`."""
        bound = self.bound[rows]
        if isinstance(bound, Unit):
            if not self.checked:  # a whole pass refuses what is not there or runs twice
                bound.target.outputs(model, seen[:1])
                self.checked = True
            return bound.scores(output_named(model, bound.target.layer, bound.target.key, seen))
        return bound.scores(bound.outputs(model, seen))


@dataclass
class Channels:
    """The mean of one channel of a layer over its positions, another one for each picture.

    channels: (B,) int64, on the device of the model.
    """

    layer: str
    channels: torch.Tensor
    key: str
    group: int = 1

    def __call__(self, model: Classifier, seen: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
        """See `Objective`."""
        values = output_named(model, self.layer, self.key, seen)
        own = values[torch.arange(len(rows), device=rows.device), self.channels[rows]]
        return own if own.ndim == 1 else own.mean((1, 2))


@dataclass
class WholeLayer:
    """Half the mean square of all values of a layer: whatever it finds is strengthened (DeepDream)."""

    layer: str
    key: str
    group: int = 1

    def __call__(self, model: Classifier, seen: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
        """See `Objective`."""
        values = output_named(model, self.layer, self.key, seen)
        return values.square().flatten(1).mean(1) / 2


@dataclass
class LikeFeatures:
    """Minus the squared distance of a layer's output to that of reference pictures, relative to its square.

    Mahendran & Vedaldi 2015, arXiv:1412.0035, equation 2. reference: the output, (B, ...).
    """

    layer: str
    reference: torch.Tensor
    key: str
    group: int = 1

    def __call__(self, model: Classifier, seen: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
        """See `Objective`."""
        values = output_named(model, self.layer, self.key, seen)
        wanted = self.reference[rows]
        away = (values - wanted).square().flatten(1).sum(1)
        size = wanted.square().flatten(1).sum(1)
        return -away / torch.where(size > 0, size, 1)  # a layer that is off has no size to compare with


@dataclass
class Diverse:
    """`inner`, less `weight` times how alike the pictures of a group are in a layer.

    Alike: the mean cosine between the Gram matrix of a picture's channels and those of the others of its
    group (Olah et al. 2017, "Diversity").
    """

    inner: Objective
    layer: str
    key: str
    weight: float
    group: int = field(default=2)

    def __call__(self, model: Classifier, seen: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
        """See `Objective`; all pictures of a group are seen together."""
        scores = self.inner(model, seen, rows)
        values = output_named(model, self.layer, self.key, seen)
        flat = values[:, :, None] if values.ndim == 2 else values.flatten(2)
        gram = nn.functional.normalize((flat @ flat.mT).flatten(1), dim=1)
        own, places = rows.unique(return_inverse=True)
        means = gram.new_zeros(len(own), gram.shape[1]).index_add(0, places, gram)
        means = nn.functional.normalize(means, dim=1).unflatten(0, (-1, self.group))
        alike = means @ means.mT  # (groups, group, group)
        others = (alike.sum(2) - alike.diagonal(dim1=1, dim2=2)) / max(self.group - 1, 1)
        return scores - self.weight * others.flatten()[places]
