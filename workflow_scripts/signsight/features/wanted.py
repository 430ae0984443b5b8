"""What pictures are to show, as a config lists it: classes by number or name, or any other target."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from signsight.attribution.run import frozen
from signsight.attribution.target import Bound, Classes, parse
from signsight.attribution.unit_target import Unit, UnitTarget
from signsight.core.errors import UserError
from signsight.core.words import nearest
from signsight.models.classifier import Classifier

Wish = int | str | Mapping[str, Any]


@dataclass(frozen=True)
class Wanted:
    """One thing that a picture shows.

    name: for files and random draws; label: for people; class_id, against: -1 where there is none; unit: of a
    layer, or None.
    """

    name: str
    label: str
    class_id: int = -1
    against: int = -1
    unit: UnitTarget | None = None

    @property
    def kind(self) -> tuple[Any, ...]:
        """Things of one kind can be made in one batch."""
        return ("unit", self.name) if self.unit else ("class", self.against >= 0)


def wanted(which: str | Sequence[Wish], classes: Sequence[str], key: str) -> list[Wanted]:
    """What a config lists under `key`: "all" classes, or a list of numbers, names and targets.

    UserError for a class that there is not, with the near ones, or one that is named twice.
    """
    if which == "all":
        return [_of_class(number, classes) for number in range(len(classes))]
    found = [_wanted(one, classes, key) for one in which]
    names = [one.name for one in found]
    for name in names:
        if names.count(name) > 1:
            raise UserError(f"Config key '{key}' names {name!r} twice; name it once.")
    return found


def _wanted(wish: Wish, classes: Sequence[str], key: str) -> Wanted:
    if not isinstance(wish, Mapping):
        return _of_class(_number(wish, classes, key), classes)
    if "layer" in wish:
        unit = parse(wish, "logit", key)
        weights = "" if unit.direction is None else f"-{hash_of(unit.direction)}"
        return Wanted(slug(str(unit)) + weights, str(unit), unit=unit)
    own, other = (_number(wish[part], classes, key) for part in ("class", "against"))
    if own == other:
        raise UserError(f"Config key '{key}' compares class {own} with itself; name two classes.")
    label = f"{classes[own]} against {classes[other]}"
    return Wanted(f"{own:03d}-against-{other:03d}", label, own, other)


def _of_class(number: int, classes: Sequence[str]) -> Wanted:
    return Wanted(f"{number:03d}", classes[number], number)


def _number(wish: int | str, classes: Sequence[str], key: str) -> int:
    if isinstance(wish, int):
        if not 0 <= wish < len(classes):
            raise UserError(
                f"Config key '{key}' names class {wish}, but the model has {len(classes)} classes, counted "
                "from 0; name one of them."
            )
        return wish
    if wish not in classes:
        raise UserError(f"Config key '{key}' names the class {wish!r}; {nearest(wish, classes)}")
    return list(classes).index(wish)


def slug(text: str) -> str:
    """Text as part of a file name."""
    return re.sub(r"[^A-Za-z0-9._]+", "-", text).strip("-")


def hash_of(direction: Sequence[float]) -> str:
    """Six hex digits that tell directions apart."""
    return hashlib.sha256(np.array(direction, float).tobytes()).hexdigest()[:6]


@torch.no_grad()
def refuse_missing_units(things: Sequence[Wanted], model: Classifier) -> None:
    """UserError, naming the config key, for a layer or unit that the network does not have."""
    black = torch.zeros(1, 3, model.size, model.size, device=model.mean.device, dtype=model.mean.dtype)
    with frozen(model):
        for one in things:
            if one.unit:
                one.unit.outputs(model, black)


def bound(things: Sequence[Wanted], score: str, device: torch.device) -> Bound:
    """What things of one kind are bound to, one row each."""
    if things[0].unit:
        return Unit(things[0].unit, len(things))
    own, other = (
        torch.tensor([getattr(one, part) for one in things], device=device)
        for part in ("class_id", "against")
    )
    return Classes(own, None if things[0].against < 0 else other, score)
