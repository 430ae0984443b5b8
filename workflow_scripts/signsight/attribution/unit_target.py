"""A unit of a layer as what is explained: the mean of a channel, one neuron, or a direction of channels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import torch

from signsight.core.errors import UserError
from signsight.core.words import nearest
from signsight.models.classifier import Classifier
from signsight.models.layers import as_map

if TYPE_CHECKING:
    from signsight.attribution.target import Rows


@dataclass(frozen=True)
class UnitTarget:
    """The mean of a channel of a layer over its positions, or its value `at` (row, column).

    layer: its name in the network. Where the layer gives (B, K), the channel is a unit. direction: weights of
    all K channels, whose sum takes the place of the one channel.
    """

    layer: str
    channel: int | None
    at: tuple[int, int] | None
    key: str
    direction: tuple[float, ...] | None = None

    def __str__(self) -> str:
        """'channel 3 of features.8, row 2, column 5'."""
        where = "" if self.at is None else f", row {self.at[0]}, column {self.at[1]}"
        what = "a direction" if self.channel is None else f"channel {self.channel}"
        return f"{what} of {self.layer}{where}"

    def bind(
        self,
        model: Classifier,
        images: torch.Tensor,
        truth: np.ndarray,
        ids: Sequence[str],
        outputs: torch.Tensor | None = None,
    ) -> Unit:
        """See `Target`; nothing is chosen."""
        return Unit(self, len(images))

    def follow(
        self, model: Classifier, images: torch.Tensor, truth: np.ndarray, ids: Sequence[str]
    ) -> tuple[Unit, torch.Tensor]:
        """See `Target`."""
        return Unit(self, len(images)), self.outputs(model, images).float()

    def scored(self, score: str) -> UnitTarget:
        """The same: a unit is its own score."""
        return self

    def held(self, classes: np.ndarray, against: np.ndarray, device: torch.device | str) -> Unit:
        """See `Target`."""
        return Unit(self, len(classes))

    def outputs(self, model: Classifier, images: torch.Tensor, normalised: bool = False) -> torch.Tensor:
        """See `Bound`."""
        found: list[torch.Tensor] = []

        def keep(module: torch.nn.Module, args: object, output: object) -> torch.Tensor:
            flat = isinstance(output, torch.Tensor) and output.ndim == 2
            values = output if flat else as_map(output)
            if found or values is None or len(values) != len(images):
                raise self._unfit()
            found.append(values)
            return output.clone()  # for what works in place behind the layer

        handle = self._module(model).register_forward_hook(keep)
        try:
            model.logits(images, normalised)
        finally:
            handle.remove()
        if not found:
            raise self._unfit()
        self._check(found[0], images)
        return found[0]

    def value(self, outputs: torch.Tensor) -> torch.Tensor:
        """(B, K) or (B, K, h, w) -> (B,)."""
        if self.direction is None:
            values = outputs[:, self.channel]
        else:
            values = torch.einsum("bk...,k->b...", outputs, outputs.new_tensor(self.direction))
        if self.at is not None:
            return values[:, self.at[0], self.at[1]]
        return values if values.ndim == 1 else values.mean((1, 2))

    def _module(self, model: Classifier) -> torch.nn.Module:
        layers = dict(model.network.named_modules())
        if not self.layer or self.layer not in layers:
            raise UserError(
                f"Config key '{self.key}' names the layer {self.layer!r}, which the network does not have; "
                f"{nearest(self.layer, filter(None, layers))}"
            )
        return layers[self.layer]

    def _unfit(self) -> UserError:
        return UserError(
            f"Config key '{self.key}' names the layer {self.layer!r}, which is not run just once with units, "
            "a map of (batch, channels, height, width) or tokens as its output; name another layer."
        )

    def _check(self, values: torch.Tensor, images: torch.Tensor) -> None:
        """UserError for a unit that the layer's output does not have, or that the image does not reach."""
        channels, sides = values.shape[1], tuple(values.shape[2:])
        here = f"Config key '{self.key}' names {self}, but"
        if self.direction is not None and len(self.direction) != channels:
            raise UserError(
                f"{here} the direction has {len(self.direction)} numbers and that layer {channels} "
                "channels; give a number for each."
            )
        if self.channel is not None and not 0 <= self.channel < channels:
            raise UserError(f"{here} that layer has {channels} channels, counted from 0; name one of them.")
        if self.at is not None and not sides:
            raise UserError(f"{here} that layer has no positions; leave out 'at'.")
        if self.at is not None and not all(
            0 <= place < side for place, side in zip(self.at, sides, strict=True)
        ):
            raise UserError(
                f"{here} the layer's map has {sides[0]} rows and {sides[1]} columns, counted from 0; name "
                "one of its positions."
            )
        if images.requires_grad and not values.requires_grad:
            raise UserError(f"{here} no gradient passes from there to the image; name another layer.")


@dataclass(frozen=True)
class Unit:
    """A `Bound` of one unit, the same for `count` images."""

    target: UnitTarget
    count: int
    classes: ClassVar[None] = None
    against: ClassVar[None] = None

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, rows: Rows) -> Unit:
        if isinstance(rows, slice):
            return replace(self, count=len(range(self.count)[rows]))
        return replace(self, count=int(rows.sum()) if rows.dtype in (bool, torch.bool) else len(rows))

    def to(self, device: torch.device | str) -> Unit:
        """See `Bound`."""
        return self

    def joined(self, parts: Sequence[Unit]) -> Unit:
        """See `Bound`."""
        return replace(self, count=sum(map(len, parts)))

    def outputs(self, model: Classifier, images: torch.Tensor, normalised: bool = False) -> torch.Tensor:
        """See `Bound`."""
        return self.target.outputs(model, images, normalised)

    def scores(self, outputs: torch.Tensor) -> torch.Tensor:
        """See `Bound`."""
        return self.target.value(outputs)

    def linear(self, outputs: torch.Tensor) -> torch.Tensor:
        """See `Bound`."""
        return self.target.value(outputs)
