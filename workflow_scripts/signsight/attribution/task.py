"""What an attribution method is given besides the images."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import nn

from signsight.attribution.enlarge import Placement
from signsight.attribution.target import Bound
from signsight.core.errors import UserError
from signsight.core.words import nearest
from signsight.models.classifier import Classifier
from signsight.models.spatial import matrices_before, transformers


@dataclass(frozen=True)
class Task:
    """The classifier in eval mode, the layer that a method looks at or is read out at, and the seed.

    layer_name: as in `network.named_modules()`; None is the network's own choice, or the pixels.
    batch_size: the maximum number of images that one pass through the network may hold; methods that
    make many inputs of one image run them in such pieces.
    """

    model: Classifier
    layer_name: str | None
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
                "Config key 'attribution.layer' is null, but no layer of the network yields a map of the "
                "image, which the class activation methods need; take other methods."
            ) from fault

    def named_layer(self, name: str, key: str) -> nn.Module:
        """The layer `name`; UserError for an unknown one that names the config `key` it came from."""
        layers = dict(self.model.network.named_modules())
        if not name or name not in layers:
            raise UserError(
                f"Config key {key!r} is {name!r}, which is not a layer of the network; "
                f"{nearest(name, filter(None, layers))}"
            )
        return layers[name]

    def placement(self, images: torch.Tensor, layer: nn.Module | None = None) -> Placement:
        """Where the map of a layer, the task's unless another is named, lies in the images.

        The padding that the model adds is left out, and what spatial transformers before the layer do to
        places is undone (Jaderberg et al. 2015, arXiv:1506.02025, equation 1); they cost one more pass.
        """
        size = images.shape[2:]
        resampled = transformers(self.model)
        matrices = matrices_before(self.model, layer or self.layer, images) if resampled else []
        return Placement(size, self.model.filled(size), matrices)

    def enlarged(
        self, coarse: torch.Tensor, images: torch.Tensor, layer: nn.Module | None = None
    ) -> torch.Tensor:
        """Maps (B, h, w) of a layer, the task's unless another is named, as (B, H, W) over the images."""
        return self.placement(images, layer).enlarged(coarse)

    def scores(self, images: torch.Tensor, targets: Bound) -> torch.Tensor:
        """Images (B, 3, H, W) -> (B,) score of what is explained in each, by one pass of the network."""
        return targets.scores(targets.outputs(self.model, images))
