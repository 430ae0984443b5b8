"""What an attribution method is given besides the images."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import nn

from signsight.core.errors import UserError
from signsight.core.words import nearest
from signsight.models.classifier import Classifier


@dataclass(frozen=True)
class Task:
    """What is explained: the classifier in eval mode, the layer of CAM methods, the score and the seed.

    layer_name: as in `network.named_modules()`; None is the network's own choice. score: "logit" or
    "softmax" of the explained class. batch_size: the most images that one pass through the network
    may hold; methods that make many inputs of one image run them in such pieces.
    """

    model: Classifier
    layer_name: str | None
    score: str
    seed: int
    batch_size: int = 64

    @cached_property
    def layer(self) -> nn.Module:
        """The layer; looked up only when a method asks, since not every network has one.

        UserError for a name that the network does not have, with the nearest ones.
        """
        if self.layer_name is not None:
            return self.named_layer(self.layer_name, "attribution.layer")
        try:
            return self.model.get_submodule(self.model.target_layer())
        except ValueError as fault:
            raise UserError(
                "Config key 'attribution.layer' is null, but no layer of the network gives a map over the "
                "image, which the class activation methods need; take other methods."
            ) from fault

    def named_layer(self, name: str, key: str) -> nn.Module:
        """The layer `name`; UserError for an unknown one that names the config `key` it came from."""
        layers = dict(self.model.network.named_modules())
        if not name or name not in layers:
            raise UserError(
                f"Config key {key!r} is {name!r}, no layer of the network; "
                f"{nearest(name, filter(None, layers))}"
            )
        return layers[name]

    def scores(self, logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """(B, C) logits -> (B,) score of each image's explained class."""
        values = logits.softmax(1) if self.score == "softmax" else logits
        return values.gather(1, targets[:, None])[:, 0]
