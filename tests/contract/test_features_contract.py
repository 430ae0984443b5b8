"""Promises of every part of pictures made by optimisation: what it says, sizes, gradients, independence."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch

from signsight.attribution.target import Classes
from signsight.config.recipes import recipe_choice
from signsight.core.errors import UserError
from signsight.core.registry import Registry, parametrisations, presets, regularisers, transforms
from signsight.core.rng import generator
from signsight.features.objectives import OfTarget
from signsight.features.optimise import optimise
from signsight.features.parametrisation import Parametrisation, Start
from signsight.features.recipe import Recipe, recipe_of
from signsight.features.spectrum import natural_magnitude
from signsight.features.transforms import Draws, Views
from signsight.models.classifier import to_pixels
from small_models import gap, pictures

COUNT = 3
SIDES = [(16, 16), (33, 33), (16, 33), (33, 16)]
KINDS = ("penalty", "gradient", "picture")
FEW = 6  # steps
OPEN = {"exclusiveMinimum": 1e-3, "exclusiveMaximum": -1e-3}
PIXELS = Recipe("pixels", steps=FEW, rate=0.5, optimiser="sgd")


def drawn(sides: tuple[int, int], dtype: torch.dtype = torch.float32, seed: int = 0) -> torch.Tensor:
    return torch.rand(COUNT, 3, *sides, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def extremes(registry: Registry, name: str) -> list[dict[str, Any]]:
    """The parameters at the ends of their ranges, one at a time."""
    found = []
    for key, part in registry.parameters(name).items():
        ends = [part.get("minimum"), part.get("maximum")]
        ends += [part[word] + by for word, by in OPEN.items() if word in part]
        found += [{key: one} for one in ends if one is not None]
    return found


def assert_says(registry: Registry, name: str, may: dict[str, type]) -> dict[str, Any]:
    """The facts that docs and figures show, with no other than those that mean something."""
    about = registry.about(name)
    assert about["label"] and about["label"][0].isupper() and not about["label"].endswith(".")
    assert about["about"][0].isupper() and about["about"].endswith(".")
    assert registry.get(name).__doc__
    given = {key: value for key, value in about.items() if key not in ("label", "about", "paper", "source")}
    assert all(isinstance(value, may[key]) for key, value in given.items())
    return about


# parametrisations


def made(
    parametrisation: str,
    sides: tuple[int, int],
    dtype: torch.dtype = torch.float64,
    keys: str = "abc",
    **parameters: Any,
) -> Parametrisation:
    """With starts named by `keys`; skips a size that it refuses in a sentence."""
    magnitude = None
    if parametrisations.about(parametrisation).get("needs") == "spectrum":
        images = np.random.default_rng(0).integers(0, 256, (6, *sides, 3), dtype=np.uint8)
        magnitude = natural_magnitude([images])
    streams = [generator(0, "start", key) for key in keys]
    start = Start(streams, sides, torch.device("cpu"), dtype, magnitude=magnitude)
    try:
        return parametrisations.get(parametrisation)(start, **parameters)
    except UserError as fault:
        pytest.skip(str(fault))


def assert_picture(picture: torch.Tensor, sides: tuple[int, int], dtype: torch.dtype) -> None:
    assert picture.shape == (COUNT, 3, *sides) and picture.dtype == dtype
    assert torch.isfinite(picture).all() and picture.min() >= 0 and picture.max() <= 1


@pytest.mark.parametrize("parametrisation", parametrisations.names())
def test_what_a_parametrisation_says_of_itself(parametrisation: str) -> None:
    about = assert_says(parametrisations, parametrisation, {"direct": bool, "needs": str})
    assert about.get("needs", "spectrum") == "spectrum"


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("sides", SIDES)
@pytest.mark.parametrize("parametrisation", parametrisations.names())
def test_a_parametrisation_makes_pictures_that_it_can_move(
    parametrisation: str, sides: tuple[int, int], dtype: torch.dtype
) -> None:
    one = made(parametrisation, sides, dtype)
    assert_picture(one.picture(), sides, dtype)
    for variable in one.variables:
        assert variable.is_leaf and variable.requires_grad and len(variable) == COUNT
    kept, wanted = list(one.variables), drawn(sides, dtype, seed=1)
    steps, far = torch.optim.Adam(one.variables, lr=0.05), []
    for _ in range(20):
        far.append((one.picture() - wanted).square().flatten(1).mean(1))
        steps.zero_grad()
        far[-1].sum().backward()
        assert all(torch.isfinite(variable.grad).all() for variable in one.variables)
        steps.step()
        one.settle()
        assert_picture(one.picture(), sides, dtype)
    assert (far[-1] < far[0]).all()
    assert all(now is then for now, then in zip(one.variables, kept, strict=True))


@pytest.mark.parametrize("parametrisation", parametrisations.names())
def test_the_pictures_of_a_parametrisation_never_meet(parametrisation: str) -> None:
    one = made(parametrisation, (16, 16))
    for row in range(COUNT):
        gradients = torch.autograd.grad(one.picture()[row].sum(), one.variables)
        for gradient in gradients:
            others = [place for place in range(COUNT) if place != row]
            assert gradient[row].any() and not gradient[others].any()
    batch = one.picture()
    torch.testing.assert_close(made(parametrisation, (16, 16), keys="b").picture(), batch[1:2])
    torch.testing.assert_close(made(parametrisation, (16, 16), keys="cba").picture(), batch.flip(0))
    assert torch.equal(made(parametrisation, (16, 16)).picture(), batch)
    assert not torch.allclose(batch[0], batch[1])


@pytest.mark.parametrize("parametrisation", parametrisations.names())
def test_a_parametrisation_survives_a_step_that_is_too_long(parametrisation: str) -> None:
    one = made(parametrisation, (16, 16))
    with torch.no_grad():
        for variable in one.variables:
            variable.add_(10 * torch.randn(variable.shape, generator=torch.Generator().manual_seed(0)))
    one.settle()
    assert_picture(one.picture(), (16, 16), torch.float64)


@pytest.mark.parametrize("parametrisation", parametrisations.names())
def test_a_parametrisation_takes_the_ends_of_its_ranges(parametrisation: str) -> None:
    for parameters in extremes(parametrisations, parametrisation):
        assert_picture(made(parametrisation, (16, 17), **parameters).picture(), (16, 17), torch.float64)


@pytest.mark.parametrize("parametrisation", parametrisations.names())
def test_a_direct_parametrisation_is_its_pixels_and_starts_from_a_picture(parametrisation: str) -> None:
    if not parametrisations.about(parametrisation).get("direct"):
        return
    given = drawn((16, 17))
    before = given.clone()
    streams = [generator(0, "start", key) for key in "abc"]
    one = parametrisations.get(parametrisation)(Start(streams, (16, 17), torch.device("cpu"), picture=given))
    (values,) = one.variables
    assert torch.equal(one.picture(), given) and torch.equal(values, given)
    with torch.no_grad():
        values.zero_()
    assert torch.equal(given, before) and not one.picture().any()


# transforms


def views_of(
    transform: str, sides: tuple[int, int], keys: str = "abc", views: int = 2, **parameters: Any
) -> Views:
    streams = [generator(0, "views", key) for key in keys]
    return Views({transform: parameters}, Draws(FEW, views, sides), streams)


@pytest.mark.parametrize("transform", transforms.names())
def test_what_a_transform_says_of_itself(transform: str) -> None:
    assert_says(transforms, transform, {"adds": bool, "mirrors": bool})


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("sides", SIDES)
@pytest.mark.parametrize("transform", transforms.names())
def test_views_through_a_transform(transform: str, sides: tuple[int, int], dtype: torch.dtype) -> None:
    images = drawn(sides, dtype).requires_grad_(True)
    before = images.detach().clone()
    views, again = views_of(transform, sides), views_of(transform, sides)
    for step in range(FEW):
        seen = views.of(images, np.arange(COUNT), step)
        assert seen.shape == (2 * COUNT, 3, *sides) and seen.dtype == dtype
        assert torch.isfinite(seen).all()
        assert torch.equal(seen, again.of(images, np.arange(COUNT), step))
        (gradient,) = torch.autograd.grad(seen.square().sum(), images)
        assert torch.isfinite(gradient).all() and gradient.flatten(1).any(1).all()
    assert torch.equal(images.detach(), before)


@pytest.mark.parametrize("transform", transforms.names())
def test_the_views_of_a_picture_are_its_own(transform: str) -> None:
    images = drawn((16, 33))
    seen = views_of(transform, (16, 33)).of(images, np.arange(COUNT), 2).unflatten(0, (COUNT, 2))
    alone = views_of(transform, (16, 33), "b").of(images[1:2], np.arange(1), 2)
    back = views_of(transform, (16, 33), "cba").of(images.flip(0), np.arange(COUNT), 2)
    assert torch.equal(alone, seen[1])
    assert torch.equal(back.unflatten(0, (COUNT, 2)).flip(0), seen)


@pytest.mark.parametrize("transform", transforms.names())
def test_a_transform_draws_what_it_says(transform: str) -> None:
    about, draw = transforms.about(transform), transforms.get(transform)
    for parameters in [{}, *extremes(transforms, transform)]:
        if about.get("adds"):
            shape = (2, 3, 16, 33)
            found = draw(shape, np.random.default_rng(0), **parameters)
            assert found.shape == shape and found.dtype == np.float32
            same = draw(shape, np.random.default_rng(0), **parameters)
        else:
            draws = Draws(200, 2, (16, 33))
            found = draw(draws, np.random.default_rng(0), **parameters)
            assert found.shape == (200, 2, 3, 3)
            np.testing.assert_array_equal(found[..., 2, :], np.broadcast_to([0, 0, 1], (200, 2, 3)))
            turned_over = (np.linalg.det(found) <= 0).any()
            assert not turned_over or about.get("mirrors")  # which some data sets must not use
            same = draw(draws, np.random.default_rng(0), **parameters)
        assert np.isfinite(found).all()
        np.testing.assert_array_equal(found, same)


@pytest.mark.parametrize("transform", transforms.names())
def test_a_transform_that_moves_does_so_by_shares_of_the_sides(transform: str) -> None:
    if transforms.about(transform).get("adds"):
        return
    draw = transforms.get(transform)
    small, large = (draw(Draws(FEW, 2, sides), np.random.default_rng(0)) for sides in ((16, 32), (64, 128)))
    np.testing.assert_allclose(small, large, atol=1e-12)


# regularisers


def regularise(
    regulariser: str, values: torch.Tensor, step: int = 0, seed: int = 5, **parameters: Any
) -> torch.Tensor:
    about, own = regularisers.about(regulariser), dict(parameters)
    if about.get("needs") == "class_mean":
        own["mean"] = drawn(tuple(values.shape[2:]), values.dtype, seed)[: len(values)]
    if about["kind"] == "picture":
        own["step"] = step
    return partial(regularisers.get(regulariser), **own)(values)


def special(sides: tuple[int, int], dtype: torch.dtype) -> list[torch.Tensor]:
    """Pictures, and those at which roots, powers and norms have kinks."""
    flat = [torch.full((COUNT, 3, *sides), grey, dtype=dtype) for grey in (0.0, 0.5, 1.0)]
    return [drawn(sides, dtype), drawn(sides, dtype, 5), *flat]  # 5: the mean of the class


@pytest.mark.parametrize("regulariser", regularisers.names())
def test_what_a_regulariser_says_of_itself(regulariser: str) -> None:
    about = assert_says(regularisers, regulariser, {"kind": str, "needs": str})
    assert about["kind"] in KINDS
    assert about.get("needs", "class_mean") == "class_mean"


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("sides", SIDES)
@pytest.mark.parametrize("regulariser", regularisers.names())
def test_a_regulariser_keeps_to_its_kind(
    regulariser: str, sides: tuple[int, int], dtype: torch.dtype
) -> None:
    kind = regularisers.about(regulariser)["kind"]
    for parameters in [{}, *extremes(regularisers, regulariser)]:
        for values in special(sides, dtype):
            before = values.clone()
            if kind == "penalty":
                values.requires_grad_(True)
            found = regularise(regulariser, values, **parameters)
            assert torch.equal(values.detach(), before)  # nothing in place
            assert torch.isfinite(found).all() and found.dtype == dtype
            if kind == "penalty":
                assert found.shape == (COUNT,)
                (gradient,) = torch.autograd.grad(found.sum(), values)
                assert torch.isfinite(gradient).all()
            else:
                assert found.shape == values.shape
            if kind == "picture":
                assert found.min() >= -1e-6 and found.max() <= 1 + 1e-6
            assert torch.equal(found, regularise(regulariser, values, **parameters))


@pytest.mark.parametrize("regulariser", regularisers.names())
def test_a_regulariser_sees_each_picture_by_itself(regulariser: str) -> None:
    values = drawn((16, 33), torch.float64) - 0.5 * (regularisers.about(regulariser)["kind"] == "gradient")
    whole = regularise(regulariser, values, step=3)
    torch.testing.assert_close(regularise(regulariser, values[:1], step=3), whole[:1])
    changed = values.clone()
    changed[1:] *= 0.5
    torch.testing.assert_close(regularise(regulariser, changed, step=3)[0], whole[0])


@pytest.mark.parametrize("regulariser", regularisers.names())
def test_a_regulariser_works_in_the_optimiser_and_changes_what_comes_out(regulariser: str) -> None:
    target, mean = OfTarget(Classes(torch.tensor([0, 1]))), to_pixels(pictures(2, 16, seed=1))

    def curve(chosen: dict[str, dict[str, Any]]) -> np.ndarray:
        recipe = replace(PIXELS, regularisers=chosen)
        made = optimise(gap(), target, recipe, ["a", "b"], 0, frames=1, class_mean=mean)
        assert np.isfinite(made.scores).all()
        return made.curve

    without = curve({})
    every = [{}, *extremes(regularisers, regulariser)]
    assert any(not np.array_equal(curve({regulariser: one}), without) for one in every)


# presets


@pytest.mark.parametrize("preset", presets.names())
def test_a_preset_is_made_of_parts_that_are_there_and_makes_pictures(preset: str) -> None:
    about = presets.about(preset)
    assert about["label"] and about["about"].endswith(".")
    recipe = recipe_of(recipe_choice({"features": {"recipes": {}}}, preset))
    assert recipe.optimiser in ("adam", "nadam", "sgd") and recipe.rate > 0 and recipe.steps > 0
    parts = [
        (parametrisations, {recipe.parametrisation: recipe.parameters}),
        (transforms, recipe.transforms),
        (regularisers, recipe.regularisers),
    ]
    for registry, chosen in parts:
        for name, parameters in chosen.items():
            assert set(parameters) <= set(registry.parameters(name))
    model, mean = gap(), to_pixels(pictures(2, 16, seed=1))
    target = OfTarget(Classes(torch.tensor([0, 1]), score=recipe.score))
    made = optimise(
        model,
        target,
        replace(recipe, steps=FEW),
        ["a", "b"],
        0,
        magnitude=natural_magnitude([pictures(4, 16)]),
        class_mean=mean,
    )
    assert made.pictures.shape == (2, 16, 16, 3) and made.active.all()
    assert np.isfinite(made.scores).all()
