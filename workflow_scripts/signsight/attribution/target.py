"""What is explained: a class, one class against another, or a unit of a layer; one number an image.

A config value is one of
- "predicted", "true", or the number of a class;
- {class: one of these, against: a number or "runner_up"}: what the first class has more than the other;
- {layer: name, channel: number}: the mean of a channel of that layer over its positions;
- {layer: name, channel: number, at: [row, column]}: one neuron of it;
- {layer: name, direction: [numbers], at: ...}: a sum of its channels with these weights, likewise.

`parse` makes a `Target` of it. `Target.bind` makes a `Bound` for one batch of images: classes are chosen
on these and then held fixed, however the images or the network change.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Protocol

import numpy as np
import torch

from signsight.core.errors import UserError
from signsight.core.words import nearest
from signsight.models.classifier import Classifier
from signsight.models.layers import as_map
from signsight.models.logits import logits_of

Value = str | int | Mapping[str, Any]  # of a config
Rows = slice | np.ndarray | torch.Tensor  # positions, a range of them, or a mask


class Bound(Protocol):
    """What is explained in each of the B images of a batch.

    classes: (B,) int64, on the device of the images; None where a unit is explained. against: (B,) int64,
    the classes that they are compared with, or None.
    """

    classes: torch.Tensor | None
    against: torch.Tensor | None

    def __len__(self) -> int:
        """B."""

    def __getitem__(self, rows: Rows) -> Bound:
        """What is explained in some of the images."""

    def to(self, device: torch.device | str) -> Bound:
        """The same on another device."""

    def joined(self, parts: Sequence[Bound]) -> Bound:
        """Parts of this kind, of consecutive batches, as one."""

    def outputs(self, model: Classifier, images: torch.Tensor, normalised: bool = False) -> torch.Tensor:
        """What the scores are made of, from one pass of the images (B, 3, H, W), in [0, 1] or normalised.

        Logits (B, C); or the output of the layer, (B, K) or (B, K, h, w), as it is before anything works
        on it in place. UserError for a layer or unit that is not there.
        """

    def scores(self, outputs: torch.Tensor) -> torch.Tensor:
        """(B,) in the precision of `outputs`, which may be made of changed images."""

    def linear(self, outputs: torch.Tensor) -> torch.Tensor:
        """As `scores`, without a softmax: (B,), linear in `outputs`."""


class Target(Protocol):
    """What is explained, whatever the images."""

    def bind(
        self,
        model: Classifier,
        images: torch.Tensor,
        truth: np.ndarray,
        ids: Sequence[str],
        outputs: torch.Tensor | None = None,
    ) -> Bound:
        """What is explained in a batch of images (B, 3, H, W), true classes (B,), -1 where unknown.

        outputs: of the images, where they are there already; the network runs only if it has to.
        UserError, naming the config key, for a class that there is not.
        """

    def follow(
        self, model: Classifier, images: torch.Tensor, truth: np.ndarray, ids: Sequence[str]
    ) -> tuple[Bound, torch.Tensor]:
        """As `bind`, with the outputs of these images, by one pass."""

    def scored(self, score: str) -> Target:
        """The same with another score, where it has several."""

    def held(self, classes: np.ndarray, against: np.ndarray, device: torch.device | str) -> Bound:
        """The `Bound` with these classes, both (B,), as they were chosen before; a unit ignores them."""


def parse(value: Value | Target, score: str, key: str = "attribution.target") -> Target:
    """The target that a config has under `key`; score: "logit", "softmax" or "correct" of classes.

    A `Target` of another stage, as a detector's boxes, comes as it is, with the score.

    "correct" is 1 where the class is the predicted one, else 0; a unit is never predicted: UserError.
    """
    if isinstance(value, str | int):
        return ClassTarget(value, None, score, key)
    if not isinstance(value, Mapping):
        return value.scored(score)
    if "layer" in value:
        if score == "correct":
            raise UserError(
                f"A metric's score is 'correct', but config key '{key}' names a unit of a layer, which is "
                "not a prediction; set that score to 'logit' or 'softmax'."
            )
        at, direction = value.get("at"), value.get("direction")
        return UnitTarget(
            value["layer"],
            value.get("channel"),
            None if at is None else (at[0], at[1]),
            key,
            None if direction is None else tuple(map(float, direction)),
        )
    if value["class"] == value["against"]:
        raise UserError(f"Config key '{key}' compares class {value['class']} with itself; name two classes.")
    return ClassTarget(value["class"], value["against"], score, key)


def joined(parts: Sequence[Bound]) -> Bound:
    """What is explained in consecutive batches, of one target, as one batch."""
    return parts[0].joined(parts)


def _run(model: Classifier, images: torch.Tensor, normalised: bool) -> torch.Tensor:
    return logits_of(model.network(images)) if normalised else model(images)


@dataclass(frozen=True)
class ClassTarget:
    """A class, or what it has more than another.

    chosen: "predicted", "true" or a number; against: "runner_up", the highest other class, a number, or None.
    """

    chosen: str | int
    against: str | int | None
    score: str
    key: str

    def bind(
        self,
        model: Classifier,
        images: torch.Tensor,
        truth: np.ndarray,
        ids: Sequence[str],
        outputs: torch.Tensor | None = None,
    ) -> Classes:
        """See `Target`. An image whose two classes are the same has the score 0."""
        self._check(len(model.classes), truth, ids)
        if outputs is None and (self.chosen == "predicted" or self.against == "runner_up"):
            with torch.no_grad():
                outputs = model(images)
        if self.chosen == "predicted":
            classes = outputs.argmax(1)
        elif self.chosen == "true":
            classes = torch.tensor(truth, dtype=torch.int64, device=images.device)
        else:
            classes = torch.full((len(images),), self.chosen, device=images.device)
        if self.against is None:
            return Classes(classes, None, self.score)
        if self.against == "runner_up":
            return Classes(classes, outputs.scatter(1, classes[:, None], -torch.inf).argmax(1), self.score)
        return Classes(classes, torch.full_like(classes, self.against), self.score)

    def follow(
        self, model: Classifier, images: torch.Tensor, truth: np.ndarray, ids: Sequence[str]
    ) -> tuple[Classes, torch.Tensor]:
        """See `Target`."""
        outputs = _run(model, images, False).float()
        return self.bind(model, images, truth, ids, outputs), outputs

    def scored(self, score: str) -> ClassTarget:
        """See `Target`."""
        return replace(self, score=score)

    def _check(self, count: int, truth: np.ndarray, ids: Sequence[str]) -> None:
        for one in (self.chosen, self.against):
            if isinstance(one, int) and not 0 <= one < count:
                raise UserError(
                    f"Config key '{self.key}' names class {one}, but the model has {count} classes, counted "
                    "from 0; name one of them."
                )
        if self.against == "runner_up" and count < 2:
            raise UserError(f"Config key '{self.key}' needs a runner-up, but the model has one class.")
        unknown = np.flatnonzero((truth < 0) | (truth >= count)) if self.chosen == "true" else []
        if len(unknown):
            raise UserError(
                f"Image {ids[unknown[0]]} has the true class {truth[unknown[0]]}, which the network does not "
                f"know, but config key '{self.key}' asks for true classes; correct the image set's index or "
                "take 'predicted'."
            )

    def held(self, classes: np.ndarray, against: np.ndarray, device: torch.device | str) -> Classes:
        """See `Target`."""
        own, other = (torch.tensor(one, dtype=torch.int64, device=device) for one in (classes, against))
        return Classes(own, None if self.against is None else other, self.score)


@dataclass(frozen=True)
class Classes:
    """A `Bound` of classes."""

    classes: torch.Tensor
    against: torch.Tensor | None = None
    score: str = "logit"

    def __len__(self) -> int:
        return len(self.classes)

    def __getitem__(self, rows: Rows) -> Classes:
        against = None if self.against is None else self.against[rows]
        return replace(self, classes=self.classes[rows], against=against)

    def to(self, device: torch.device | str) -> Classes:
        """See `Bound`."""
        against = None if self.against is None else self.against.to(device)
        return replace(self, classes=self.classes.to(device), against=against)

    def joined(self, parts: Sequence[Classes]) -> Classes:
        """See `Bound`."""
        against = None if self.against is None else torch.cat([part.against for part in parts])
        return replace(self, classes=torch.cat([part.classes for part in parts]), against=against)

    def outputs(self, model: Classifier, images: torch.Tensor, normalised: bool = False) -> torch.Tensor:
        """See `Bound`."""
        return _run(model, images, normalised)

    def scores(self, outputs: torch.Tensor) -> torch.Tensor:
        """See `Bound`."""
        if self.score == "correct":
            return (outputs.argmax(1) == self.classes).to(outputs.dtype)
        if self.score == "log_softmax":
            return self.linear(outputs.log_softmax(1))
        return self.linear(outputs.softmax(1) if self.score == "softmax" else outputs)

    def linear(self, outputs: torch.Tensor) -> torch.Tensor:
        """See `Bound`."""
        own = outputs.gather(1, self.classes[:, None])[:, 0]
        return own if self.against is None else own - outputs.gather(1, self.against[:, None])[:, 0]


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
            _run(model, images, normalised)
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
