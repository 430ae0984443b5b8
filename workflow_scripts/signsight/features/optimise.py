"""The optimiser: pictures that maximise an objective, by a recipe, many at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import numpy as np
import torch

from signsight.attribution.relu import ReluMode
from signsight.attribution.run import frozen
from signsight.core.errors import UserError
from signsight.core.registry import parametrisations, regularisers
from signsight.core.rng import generator
from signsight.data.progress import pieces
from signsight.features.objectives import Objective
from signsight.features.parametrisation import Parametrisation, Start
from signsight.features.recipe import Recipe
from signsight.features.transforms import Draws, Views
from signsight.models.classifier import Classifier, to_pixels

AWAKEN = 16  # first steps, or half of all, in which ReLUs may pass what never got through (as in Lucid)


class Ascent(Protocol):
    """Where the gradient comes from."""

    def __call__(
        self, pictures: torch.Tensor, rows: np.ndarray, step: int
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Pictures (n, 3, H, W), which are the batch's `rows` -> objective (n,), gradient (n, 3, H, W)."""


@dataclass
class Made:
    """B pictures as they came out.

    pictures: (B, H, W, 3) uint8, of each the best of the later half of the checkpoints by its objective;
    scores: (B,) float64, that objective, recomputed from those 8 bits; frames: (B, F, H, W, 3) uint8 at the
    checkpoints (`steps`: how many steps were done there); curve: (B, steps) float32, the objective of what
    was seen in each step; active: (B,) bool, False where no gradient has ever reached the picture.
    """

    pictures: np.ndarray
    scores: np.ndarray
    frames: np.ndarray
    steps: np.ndarray
    curve: np.ndarray
    active: np.ndarray


@contextmanager
def untouched(model: Classifier) -> Iterator[None]:
    """The model frozen, in eval mode; afterwards as it was, to the bit. UserError for one that changes."""
    kept = {name: value.clone() for name, value in model.named_buffers()}
    changed: list[str] = []
    with frozen(model):
        try:
            yield
        finally:
            changed += _put_back(model, kept)
    if changed:
        raise UserError(
            f"The network changes its own buffer {changed[0]!r} when it runs in evaluation mode, so that its "
            "answers depend on what it saw before; correct the network."
        )


@torch.no_grad()
def _put_back(model: Classifier, kept: Mapping[str, torch.Tensor]) -> list[str]:
    """Give changed buffers their values back, and return their names; new ones are tables, made once."""
    now = dict(model.named_buffers())
    changed = [name for name, value in kept.items() if not torch.equal(now[name], value)]
    for name in changed:
        now[name].copy_(kept[name])
    return changed


@dataclass
class Seen:
    """The gradient of an objective through the views of whole pictures, at most `batch_size` at a time."""

    model: Classifier
    objective: Objective
    views: Views
    batch_size: int

    def __call__(
        self, pictures: torch.Tensor, rows: np.ndarray, step: int
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """See `Ascent`."""
        group = self.objective.group
        size = max(self.batch_size // (self.views.count * group), 1) * group
        if len(rows) <= size:
            return self._part(pictures, rows, step)
        parts = [
            self._part(pictures[start : start + size], rows[start : start + size], step)
            for start in range(0, len(rows), size)
        ]
        return torch.cat([one for one, _ in parts]), torch.cat([one for _, one in parts])

    def _part(self, pictures: torch.Tensor, rows: np.ndarray, step: int) -> tuple[torch.Tensor, torch.Tensor]:
        leaf = pictures.detach().requires_grad_(True)
        seen = self.views.of(leaf, rows, step)
        own = torch.from_numpy(rows).to(leaf.device)
        if self.views.count > 1:
            own = own.repeat_interleave(self.views.count)
        scores = self.objective(self.model, seen.contiguous(memory_format=torch.channels_last), own)
        scores = scores.unflatten(0, (len(rows), -1)).mean(1)
        return scores.detach(), torch.autograd.grad(scores.sum(), leaf)[0]


def optimise(
    model: Classifier,
    objective: Objective,
    recipe: Recipe,
    keys: Sequence[str],
    seed: int,
    *,
    batch_size: int = 64,
    sides: tuple[int, int] | None = None,
    start: torch.Tensor | None = None,
    magnitude: np.ndarray | None = None,
    class_mean: torch.Tensor | None = None,
    frames: int = 12,
    ascent: Ascent | None = None,
) -> Made:
    """Make one picture for every key, which names its random draws and nothing else.

    The objective's row i belongs to keys[i]. start: (B, 3, H, W) in [0, 1], for a parametrisation by pixels;
    magnitude: for MACO; class_mean: (B, 3, H, W), for that penalty; frames: number of checkpoints, the last
    of them after the last step; ascent: another source of the gradient. Pictures do not depend on each
    other, but for those of one `group` of the objective. UserError if the objective is not finite.
    """
    size = sides or (model.size, model.size)
    streams = [[generator(seed, "features", key, what) for key in keys] for what in ("start", "views")]
    draws = Draws(recipe.steps, recipe.views, size)
    with untouched(model), torch.inference_mode(False), torch.enable_grad():
        chosen = parametrisations.get(recipe.parametrisation)
        made = chosen(
            Start(streams[0], size, model.mean.device, model.mean.dtype, picture=start, magnitude=magnitude),
            **recipe.parameters,
        )
        source = ascent or Seen(model, objective, Views(recipe.transforms, draws, streams[1]), batch_size)
        run = _Run(model, objective, recipe, made, source, batch_size, class_mean)
        return run.all_steps(frames)


class _Run:
    """One batch of pictures on its way."""

    def __init__(
        self,
        model: Classifier,
        objective: Objective,
        recipe: Recipe,
        made: Parametrisation,
        source: Ascent,
        batch_size: int,
        class_mean: torch.Tensor | None,
    ) -> None:
        self.model, self.objective, self.recipe, self.made = model, objective, recipe, made
        self.source, self.batch_size = source, batch_size
        self.optimiser = _optimiser(recipe, made.variables)
        first = made.variables[0]
        self.active = torch.zeros(len(first), dtype=torch.bool, device=first.device)  # reached by a gradient
        self.parts: dict[str, list[partial[torch.Tensor]]] = {"penalty": [], "gradient": [], "picture": []}
        for name, parameters in recipe.regularisers.items():
            own: dict[str, Any] = dict(parameters)
            if regularisers.about(name).get("needs") == "class_mean":
                own["mean"] = class_mean
            self.parts[regularisers.about(name)["kind"]].append(partial(regularisers.get(name), **own))

    def all_steps(self, frames: int) -> Made:
        """Every step, with a look at the 8-bit pictures at the checkpoints."""
        stops = np.unique(np.linspace(0, self.recipe.steps, max(frames, 1) + 1).round().astype(int))[1:]
        kept, values, curve = [], [], []
        for step in pieces(range(self.recipe.steps), self.recipe.steps):
            curve.append(self._step(step))
            if step + 1 in stops:
                kept.append(to_bits(self.made.picture()))
                if len(kept) > len(stops) // 2:  # the best one is late; a look costs a pass
                    values.append(self.value(kept[-1]))
        shown, found = np.stack(kept, 1), np.stack(values, 1)
        best = found.argmax(1)
        rows, late = np.arange(len(shown)), len(stops) - found.shape[1]
        whole = torch.stack(curve, 1).float().cpu().numpy()
        active = self.active.cpu().numpy()
        return Made(shown[rows, late + best], found[rows, best], shown, stops, whole, active)

    def _step(self, step: int) -> torch.Tensor:
        """Objective (B,) of what was seen."""
        picture = self.made.picture()
        rows = np.arange(len(picture))
        scores, gradient = self.source(picture, rows, step)
        largest = torch.linalg.vector_norm(gradient.flatten(1), ord=torch.inf, dim=1)  # NaN if any is
        if not torch.isfinite(scores).all() or not torch.isfinite(largest).all():
            raise UserError(
                f"The objective or its gradient is not finite in step {step + 1}; is the model trained, and "
                "the rate of the recipe not too high?"
            )
        self.active |= largest > 0
        if step < max(AWAKEN, self.recipe.steps // 2) and not self.active.all():
            gradient = self._awakened(picture, gradient, ~self.active, step)
        gradient = -gradient
        for change in self.parts["gradient"]:
            gradient = change(gradient)
        self.optimiser.zero_grad(set_to_none=True)
        penalties = [one(picture).sum() for one in self.parts["penalty"]]
        torch.autograd.backward([picture, *penalties], [gradient, *([None] * len(penalties))])
        self.optimiser.step()
        self.made.settle()
        if self.parts["picture"]:
            with torch.no_grad():
                (values,) = self.made.variables
                for change in self.parts["picture"]:
                    values.copy_(change(values, step))
        return scores

    def _awakened(
        self, picture: torch.Tensor, gradient: torch.Tensor, dead: torch.Tensor, step: int
    ) -> torch.Tensor:
        """The gradient, with that of the rows `dead` passing ReLUs that are off."""
        size = self.objective.group
        rows = np.flatnonzero(dead.unflatten(0, (-1, size)).any(1).repeat_interleave(size).cpu().numpy())
        with ReluMode("open"):
            _, passed = self.source(picture[rows], rows, step)
        found = gradient.clone()
        place = torch.from_numpy(rows).to(dead.device)
        found[place] = torch.where(dead[place][:, None, None, None], passed, gradient[place])
        return torch.nan_to_num(found, nan=0, posinf=0, neginf=0)

    @torch.no_grad()
    def value(self, bits: np.ndarray) -> np.ndarray:
        """(B,) objective of 8-bit pictures (B, H, W, 3), seen as they are."""
        found = []
        size = max(self.batch_size // self.objective.group, 1) * self.objective.group
        for start in range(0, len(bits), size):
            seen = to_pixels(bits[start : start + size], self.model.mean.device).to(self.model.mean.dtype)
            rows = torch.arange(start, start + len(seen), device=seen.device)
            found.append(self.objective(self.model, seen, rows).double().cpu().numpy())
        return np.concatenate(found)


def _optimiser(recipe: Recipe, variables: list[torch.Tensor]) -> torch.optim.Optimizer:
    kinds: Mapping[str, Callable[..., torch.optim.Optimizer]] = {
        "adam": partial(torch.optim.Adam, fused=variables[0].device.type in ("cpu", "cuda")),
        "nadam": torch.optim.NAdam,
        "sgd": partial(torch.optim.SGD, momentum=recipe.momentum),
    }
    return kinds[recipe.optimiser](variables, lr=recipe.rate)


def to_bits(picture: torch.Tensor) -> np.ndarray:
    """(B, 3, H, W) in [0, 1] -> (B, H, W, 3) uint8."""
    return (picture.detach() * 255).round().to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy()
