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
from typing import Any, Protocol

import numpy as np
import torch

from signsight.attribution.unit_target import UnitTarget
from signsight.core.errors import UserError
from signsight.models.classifier import Classifier

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

    "correct" is 1 where the class is the predicted one, else 0, and "prediction" the number of the predicted
    class; a unit is never predicted: UserError.
    """
    if isinstance(value, str | int):
        return ClassTarget(value, None, score, key)
    if not isinstance(value, Mapping):
        return value.scored(score)
    if "layer" in value:
        if score in ("correct", "prediction"):
            raise UserError(
                f"A metric's score is {score!r}, but config key '{key}' names a unit of a layer, which is "
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


def rival(
    target: Target, model: Classifier, images: torch.Tensor, truth: np.ndarray, ids: Sequence[str]
) -> Bound:
    """What stands against what `target` explains in a batch of images: the highest other class, as `bind`.

    Of one class against another it is the other way round. UserError for a unit of a layer, which has no
    rival, and for a network of one class.
    """
    if not isinstance(target, ClassTarget):
        raise UserError(
            "Config key 'attribution.target' names a unit of a layer, which no other class stands against; "
            "leave 'class_sensitivity' out of 'evaluation.metrics'."
        )
    pair = target if target.against is not None else replace(target, against="runner_up")
    bound = pair.bind(model, images, truth, ids)
    return Classes(bound.against, None if target.against is None else bound.classes, target.score)


def joined(parts: Sequence[Bound]) -> Bound:
    """What is explained in consecutive batches, of one target, as one batch."""
    return parts[0].joined(parts)


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
        outputs = model.logits(images).float()
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
        return model.logits(images, normalised)

    def scores(self, outputs: torch.Tensor) -> torch.Tensor:
        """See `Bound`."""
        if self.score == "correct":
            return (outputs.argmax(1) == self.classes).to(outputs.dtype)
        if self.score == "prediction":
            return outputs.argmax(1).to(outputs.dtype)
        if self.score == "log_softmax":
            return self.linear(outputs.log_softmax(1))
        return self.linear(outputs.softmax(1) if self.score == "softmax" else outputs)

    def linear(self, outputs: torch.Tensor) -> torch.Tensor:
        """See `Bound`."""
        own = outputs.gather(1, self.classes[:, None])[:, 0]
        return own if self.against is None else own - outputs.gather(1, self.against[:, None])[:, 0]
