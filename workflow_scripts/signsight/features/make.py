"""Many pictures by one recipe, batch by batch, each kept as soon as it is finished."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from signsight.data.progress import progress
from signsight.features.made import Arrays, Store
from signsight.features.objectives import Diverse, Objective, OfTarget
from signsight.features.optimise import optimise
from signsight.features.recipe import Recipe
from signsight.features.wanted import Wanted, bound
from signsight.models.classifier import Classifier, to_pixels

log = logging.getLogger("signsight")

AT_ONCE = 16  # pictures of a batch: more are no faster on a CPU, and are lost together
SURE = 0.995  # probability at which the GTSRB study stopped


@dataclass(frozen=True)
class Making:
    """What the pictures of one job have in common.

    magnitude: of `features.spectrum`, for MACO; class_means: (C, H, W, 3) in [0, 1], for that penalty.
    """

    model: Classifier
    recipe: Recipe
    seed: int
    batch_size: int
    frames: int = 12
    magnitude: np.ndarray | None = None
    class_means: np.ndarray | None = None


def make(
    making: Making,
    keys: Sequence[str],
    objective: Callable[[Sequence[int]], Objective],
    store: Store,
    group: int = 1,
    class_ids: Sequence[int] | None = None,
) -> Iterator[Arrays]:
    """One picture for every key, in their order, as arrays: `picture` (H, W, 3) uint8, `score`, `frames`
    (F, H, W, 3) uint8 after so many `steps`, `curve` (steps,) float32, `active`.

    objective: of some of the keys, by their numbers; group: consecutive keys that must be made together;
    class_ids: of the keys, where the recipe needs the mean of a class. What is in `store` is not made again.
    """
    size = max(min(making.batch_size, AT_ONCE) // group, 1) * group
    there = sum(store.has(key) for key in keys)
    with progress("optimisation", len(keys), "pictures", done=there, step=size) as step:
        for start in range(0, len(keys), size):
            numbers = list(range(start, min(start + size, len(keys))))
            found = [store.get(keys[number]) for number in numbers]
            missing = [n for n, one in zip(numbers, found, strict=True) if one is None]
            if missing:
                missing = [n for n in numbers if n // group in {m // group for m in missing}]
                _make(making, [keys[n] for n in missing], objective(missing), store, _ids(class_ids, missing))
            for number in numbers:
                yield store.get(keys[number])
            step(sum(one is None for one in found))


def _ids(class_ids: Sequence[int] | None, numbers: Sequence[int]) -> list[int] | None:
    return None if class_ids is None else [class_ids[number] for number in numbers]


def _make(
    making: Making, keys: list[str], objective: Objective, store: Store, class_ids: list[int] | None
) -> None:
    """Make the pictures of one batch and put them into the store."""
    mean = None
    if making.class_means is not None and class_ids is not None:
        means = making.class_means[class_ids].transpose(0, 3, 1, 2)
        mean = torch.from_numpy(np.ascontiguousarray(means)).to(making.model.mean)

    made = optimise(
        making.model,
        objective,
        making.recipe,
        keys,
        making.seed,
        batch_size=making.batch_size,
        magnitude=making.magnitude,
        class_mean=mean,
        frames=making.frames,
    )
    for row, key in enumerate(keys):
        if not made.active[row]:
            log.info("%s was never activated: no gradient has reached its picture", key)
        arrays = {"picture": made.pictures[row], "score": made.scores[row], "frames": made.frames[row]}
        store.put(key, arrays | {"steps": made.steps, "curve": made.curve[row], "active": made.active[row]})


def make_targets(
    making: Making, things: Sequence[Wanted], restarts: int, store: Store, diversity: Mapping[str, Any]
) -> Iterator[tuple[Wanted, int, Arrays]]:
    """(thing, restart, arrays of `make`) of everything that is wanted, kind by kind.

    diversity: `weight` and, where it is above 0, `layer` and `key`: how unlike the restarts are to be.
    """
    model = making.model
    kinds = list(dict.fromkeys(one.kind for one in things))
    store.keep_only(key for one in things for key in _keys(one, restarts))
    for kind in kinds:
        rows = [(one, restart) for one in things if one.kind == kind for restart in range(restarts)]
        keys = [key for one in things if one.kind == kind for key in _keys(one, restarts)]
        weight = diversity["weight"] if restarts > 1 else 0

        def objective(
            numbers: Sequence[int], rows: Sequence[Any] = rows, weight: float = weight
        ) -> Objective:
            own = OfTarget(bound([rows[n][0] for n in numbers], making.recipe.score, model.mean.device))
            if not weight:
                return own
            return Diverse(own, diversity["layer"], diversity["key"], weight, group=restarts)

        ids = [one.class_id for one, _ in rows]
        made = make(making, keys, objective, store, restarts if weight else 1, ids)
        for (one, restart), arrays in zip(rows, made, strict=True):
            yield one, restart, arrays


def _keys(one: Wanted, restarts: int) -> list[str]:
    return [f"{one.name}/{restart}" for restart in range(restarts)]


@torch.no_grad()
def sure_after(model: Classifier, frames: np.ndarray, steps: np.ndarray, class_id: int) -> int | None:
    """The number of steps after which a frame (F, H, W, 3) had the class at SURE or more; None if never."""
    shares = model(to_pixels(frames, model.mean.device)).softmax(1)[:, class_id].cpu().numpy()
    sure = np.flatnonzero(shares >= SURE)
    return int(steps[sure[0]]) if len(sure) else None
