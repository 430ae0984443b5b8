"""The optimiser against closed forms; pictures depend on their keys alone, scores are of saved pictures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from signsight.attribution.target import Classes, parse
from signsight.core.errors import UserError
from signsight.core.rng import generator
from signsight.features.objectives import Diverse, LikeFeatures, Objective, OfTarget, WholeLayer
from signsight.features.optimise import Made, Seen, optimise
from signsight.features.parametrisation import Pixels, Start
from signsight.features.recipe import Recipe
from signsight.features.spectrum import natural_magnitude
from signsight.features.transforms import Draws, Views
from signsight.models.classifier import Classifier, to_pixels
from small_models import gap, linear, pictures, relu_net

KEY = "features.classes.which"
PIXELS = Recipe("pixels", steps=8, rate=0.05)
SEEN = {"shift": {"share": 0.1}, "scale": {}, "rotation": {}, "noise": {"level": 0.02}}
RECIPES = {
    "pixels": PIXELS,
    "pixels, regularised": replace(
        PIXELS,
        optimiser="sgd",
        rate=0.5,
        momentum=0.5,
        regularisers={"total_variation": {}, "clip_gradient": {}, "decay": {}, "blur": {"radius": 0.05}},
    ),
    "fourier": Recipe("fourier", steps=8, rate=0.05, transforms=SEEN),
    "maco": Recipe(
        "maco", steps=6, rate=1.0, optimiser="nadam", views=3, transforms={"crops": {}, "noise": {}}
    ),
}


def of_classes(*classes: int) -> OfTarget:
    return OfTarget(Classes(torch.tensor(classes)))


def of_unit(count: int, **value: Any) -> OfTarget:
    model = gap()
    images = to_pixels(pictures(count, 16))
    return OfTarget(parse(value, "logit", KEY).bind(model, images, np.zeros(count, int), [""] * count))


def make(model: Classifier, objective: Objective, recipe: Recipe, keys: list[str], **given: Any) -> Made:
    if recipe.parametrisation == "maco":
        given["magnitude"] = natural_magnitude([pictures(8, model.size)])
    return optimise(model, objective, recipe, keys, given.pop("seed", 3), **given)


def assert_same(found: Made, expected: Made, rows: list[int] | slice = slice(None)) -> None:
    """Bit for bit, but for the rounding of sums in another order."""
    np.testing.assert_array_equal(found.pictures, expected.pictures[rows])
    np.testing.assert_array_equal(found.frames, expected.frames[rows])
    np.testing.assert_allclose(found.scores, expected.scores[rows], rtol=1e-10)
    np.testing.assert_allclose(found.curve, expected.curve[rows], rtol=1e-6)
    np.testing.assert_array_equal(found.active, expected.active[rows])


def slopes(model: Classifier, class_id: int) -> torch.Tensor:
    """(3, H, W) derivatives of a logit of a linear model by the pixels."""
    images = torch.full((1, 3, model.size, model.size), 0.5, dtype=model.mean.dtype, requires_grad=True)
    return torch.autograd.grad(model(images)[0, class_id], images)[0][0]


@pytest.mark.parametrize("optimiser", ["sgd", "adam"])
def test_a_linear_model_with_a_norm_has_its_optimum_in_closed_form(optimiser: str) -> None:
    model = linear(size=6).double()
    count, strength = 3 * 6 * 6, 0.15
    expected = (slopes(model, 1) / (2 * strength)).clamp(0, 1)
    norm = {"norm": {"weight": strength * count, "grey": 0.0}}
    recipe = {
        "sgd": replace(PIXELS, steps=60, rate=1.0, optimiser="sgd", regularisers=norm),
        "adam": replace(PIXELS, steps=600, rate=0.01, regularisers=norm),
    }[optimiser]
    made = make(model, of_classes(1), recipe, ["a"], frames=1)
    found = torch.from_numpy(made.pictures[0]).permute(2, 0, 1) / 255
    assert ((expected > 0.02) & (expected < 0.98)).sum() > 10
    torch.testing.assert_close(found, expected.float(), rtol=0, atol=0.5001 / 255 + 1e-3)


@pytest.mark.parametrize("optimiser", ["sgd", "adam", "nadam"])
def test_a_linear_model_without_one_ends_in_the_corners(optimiser: str) -> None:
    model = linear(size=6).double()
    rate = 50.0 if optimiser == "sgd" else 0.1
    made = make(model, of_classes(2), replace(PIXELS, steps=80, rate=rate, optimiser=optimiser), ["a"])
    corners = torch.where(slopes(model, 2) > 0, 255, 0).permute(1, 2, 0)
    np.testing.assert_array_equal(made.pictures[0], corners.numpy())
    expected = model((corners.permute(2, 0, 1)[None] / 255).double())[0, 2]
    assert made.scores[0] == pytest.approx(expected.item(), rel=1e-6)


def test_momentum_of_sgd_by_hand() -> None:
    model = linear(size=6).double()
    recipe = replace(PIXELS, steps=3, rate=0.01, optimiser="sgd", momentum=0.5)
    start = torch.full((1, 3, 6, 6), 0.5, dtype=torch.float64)
    made = make(model, of_classes(0), recipe, ["a"], start=start)
    moved = 0.5 + 0.01 * (1 + 1.5 + 1.75) * slopes(model, 0)
    np.testing.assert_array_equal(made.frames[0, -1], (moved.permute(1, 2, 0) * 255).round().numpy())


@pytest.mark.parametrize("name", RECIPES)
def test_a_picture_alone_is_that_of_a_batch_in_any_order(name: str) -> None:
    model, recipe = gap().double(), RECIPES[name]
    batch = make(model, of_classes(0, 1, 2, 3, 4), recipe, list("abcde"), frames=3)
    back = make(model, of_classes(4, 3, 2, 1, 0), recipe, list("edcba"), frames=3)
    assert_same(back, batch, [4, 3, 2, 1, 0])
    assert_same(make(model, of_classes(2), recipe, ["c"], frames=3), batch, [2])


@pytest.mark.parametrize("batch_size", [1, 2, 5])
@pytest.mark.parametrize("name", RECIPES)
def test_pictures_made_a_few_at_a_time_are_the_same(name: str, batch_size: int) -> None:
    model, recipe = gap().double(), RECIPES[name]
    whole = make(model, of_classes(0, 1, 2, 3, 4), recipe, list("abcde"))
    assert_same(make(model, of_classes(0, 1, 2, 3, 4), recipe, list("abcde"), batch_size=batch_size), whole)


@pytest.mark.parametrize("batch_size", [1, 4, 64])
def test_a_group_is_made_together_and_its_pictures_differ(batch_size: int) -> None:
    model, recipe = gap().double(), RECIPES["fourier"]
    groups = Diverse(of_classes(0, 0, 3, 3), "features", KEY, 2.0)
    keys = ["0/0", "0/1", "3/0", "3/1"]
    both = make(model, groups, recipe, keys)
    assert_same(make(model, groups, recipe, keys, batch_size=batch_size), both)
    alone = make(model, replace(groups, inner=of_classes(3, 3)), recipe, keys[2:])
    assert_same(alone, both, [2, 3])
    assert not np.array_equal(both.pictures[0], both.pictures[1])


@pytest.mark.parametrize("name", RECIPES)
def test_the_same_seed_gives_the_same_bits_and_another_one_another_picture(name: str) -> None:
    model, recipe = gap(), RECIPES[name]
    first, again, other = (make(model, of_classes(1, 2), recipe, ["a", "b"], seed=s) for s in (5, 5, 6))
    for field in ("pictures", "scores", "frames", "curve"):
        assert np.array_equal(getattr(first, field), getattr(again, field))
    assert not np.array_equal(first.pictures, other.pictures)
    assert not np.array_equal(make(model, of_classes(1), recipe, ["c"], seed=5).pictures, first.pictures[:1])


@pytest.mark.parametrize("name", RECIPES)
def test_scores_are_those_of_the_saved_files(name: str, tmp_path: Path) -> None:
    model = gap()
    made = make(model, of_classes(0, 1, 2), RECIPES[name], list("abc"))
    for row, picture in enumerate(made.pictures):
        file = tmp_path / f"{row}.png"
        Image.fromarray(picture).save(file)
        read = np.array(Image.open(file))
        logit = model(to_pixels(read[None]))[0, row].item()
        assert made.scores[row] == pytest.approx(logit, rel=1e-6, abs=1e-6)
    assert made.pictures.dtype == np.uint8 and made.scores.dtype == np.float64


def test_the_best_of_the_checkpoints_is_kept() -> None:
    model = gap()
    wild = replace(PIXELS, steps=12, rate=3.0, optimiser="sgd", momentum=0.9)
    flat = torch.full((2, 3, 16, 16), 0.5)
    pulled = replace(wild, regularisers={"norm": {"weight": 200.0}})  # back from where it was better
    made = make(model, of_classes(1, 3), pulled, ["a", "b"], frames=6, start=flat)
    with torch.no_grad():
        values = torch.stack([model(to_pixels(made.frames[row]))[:, c] for row, c in enumerate((1, 3))])
    values[:, :3] = -torch.inf  # of the later half
    best = values.argmax(1).numpy()
    assert (best < 5).any()
    np.testing.assert_array_equal(made.pictures, made.frames[[0, 1], best])
    np.testing.assert_allclose(made.scores, values.max(1).values.numpy(), rtol=1e-6)


@pytest.mark.parametrize(
    ("steps", "frames", "expected"),
    [(12, 4, [3, 6, 9, 12]), (7, 3, [2, 5, 7]), (3, 12, [1, 2, 3]), (5, 1, [5])],
)
def test_frames_are_spread_over_the_steps_and_end_at_the_last(
    steps: int, frames: int, expected: list[int]
) -> None:
    model = gap()
    recipe = replace(PIXELS, steps=steps)
    made = make(model, of_classes(1, 2), recipe, ["a", "b"], frames=frames)
    assert made.steps.tolist() == expected
    assert made.frames.shape == (2, len(expected), 16, 16, 3) and made.frames.dtype == np.uint8
    assert made.curve.shape == (2, steps) and made.curve.dtype == np.float32
    shorter = make(model, of_classes(1, 2), replace(recipe, steps=expected[0]), ["a", "b"], frames=1)
    np.testing.assert_array_equal(shorter.frames[:, -1], made.frames[:, 0])


def test_the_curve_is_what_was_seen_in_each_step() -> None:
    model = gap().double()
    made = make(model, of_classes(2), replace(PIXELS, steps=4), ["a"], frames=4)
    noise = Pixels(Start([generator(3, "features", "a", "start")], (16, 16), torch.device("cpu"))).picture()
    with torch.no_grad():
        first = model(noise.double())[0, 2].item()
        later = model(to_pixels(made.frames[0, :3]).double())[:, 2]
    assert made.curve[0, 0] == pytest.approx(first, rel=1e-6)
    np.testing.assert_allclose(made.curve[0, 1:], later.numpy(), atol=0.01)  # before and after 8 bits


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("norm", {"weight": 10.0}),
        ("total_variation", {"weight": 10.0}),
        ("class_mean", {"weight": 10.0}),
        ("decay", {"share": 0.05}),
        ("blur", {"every": 2, "radius": 0.1}),
        ("clip_gradient", {"length": 0.001}),
        ("unit_gradient", {}),
    ],
)
def test_every_regulariser_changes_the_picture(name: str, parameters: dict[str, Any]) -> None:
    model = gap()
    recipe = replace(PIXELS, optimiser="sgd", rate=2.0)
    mean = torch.full((1, 3, 16, 16), 0.2)
    without = make(model, of_classes(1), recipe, ["a"], class_mean=mean)
    on = make(model, of_classes(1), replace(recipe, regularisers={name: parameters}), ["a"], class_mean=mean)
    assert np.abs(on.frames[0, -1].astype(int) - without.frames[0, -1]).mean() > 0.3


def test_a_start_at_the_class_mean_is_finite_and_leaves_it_for_the_objective() -> None:
    model, mean = gap(), to_pixels(pictures(2, 16, seed=7))
    recipe = replace(PIXELS, regularisers={"class_mean": {"weight": 1.0}})
    made = make(model, of_classes(1, 2), recipe, ["a", "b"], start=mean, class_mean=mean)
    assert np.isfinite(made.curve).all() and made.active.all()
    assert (made.pictures != pictures(2, 16, seed=7)).any()
    whole = replace(
        recipe, regularisers={"class_mean": {"weight": 3 * 16 * 16 / 2}}, optimiser="sgd", rate=1.0
    )  # one step goes all the way to the mean
    near = make(model, Nothing(), replace(whole, steps=1), ["a", "b"], class_mean=mean)
    np.testing.assert_array_equal(near.pictures, pictures(2, 16, seed=7))


class Nothing:
    """An objective without a gradient: what is left is done by the regularisers."""

    group = 1

    def __call__(self, model: Classifier, seen: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
        return (model(seen) * 0).sum(1)


def test_decay_without_a_gradient_is_geometric() -> None:
    start = torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    recipe = replace(PIXELS, steps=20, regularisers={"decay": {"share": 0.07}})
    made = make(gap(), Nothing(), recipe, ["a", "b"], start=start)
    expected = 0.5 + 0.93**20 * (start - 0.5)
    np.testing.assert_allclose(
        made.frames[:, -1] / 255, expected.permute(0, 2, 3, 1).numpy(), atol=0.51 / 255
    )
    assert not made.active.any()


def test_the_gradient_that_is_clipped_is_the_picture_s() -> None:
    model = linear(size=6).double()
    recipe = replace(
        PIXELS, steps=1, rate=1.0, optimiser="sgd", regularisers={"clip_gradient": {"length": 0.5}}
    )
    start = torch.full((1, 3, 6, 6), 0.5, dtype=torch.float64)
    made = make(model, of_classes(0), recipe, ["a"], start=start)
    slope = slopes(model, 0)
    assert slope.norm() > 0.6
    expected = (0.5 + 0.5 * slope / slope.norm()).permute(1, 2, 0)
    np.testing.assert_allclose(made.pictures[0] / 255, expected.numpy(), atol=0.51 / 255)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_what_is_not_finite_is_refused(bad: float) -> None:
    model = linear(size=6)
    with torch.no_grad():
        model.network[1].bias.fill_(bad)
    with pytest.raises(UserError, match="not finite in step 1; is the model trained"):
        make(model, of_classes(0), PIXELS, ["a"])


class Breaking:
    """Fine in two steps; then its value, or only its gradient, is not a number."""

    group = 1

    def __init__(self, value: bool) -> None:
        self.value, self.calls = value, 0

    def __call__(self, model: Classifier, seen: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
        self.calls += 1
        whole = seen.flatten(1).sum(1)
        if self.calls < 3:
            return whole
        return whole * torch.nan if self.value else (whole * 0).sqrt()


@pytest.mark.parametrize("value", [True, False])
def test_the_step_that_is_not_finite_is_named(value: bool) -> None:
    with pytest.raises(UserError, match="not finite in step 3"):
        make(gap(), Breaking(value), PIXELS, ["a"], frames=1)


@pytest.mark.parametrize("name", ["pixels", "fourier", "maco"])
def test_pictures_reach_more_than_any_random_one(name: str) -> None:
    model, recipe = relu_net(), replace(RECIPES[name], steps=80)
    made = make(model, of_classes(0, 1, 2, 3, 4), recipe, list("abcde"))
    with torch.no_grad():
        random = model(to_pixels(pictures(500, 16)))
    assert (made.scores > random.max(0).values.numpy()).all()


def test_the_objective_of_a_picture_is_the_mean_over_its_views() -> None:
    model, target = gap().double(), of_classes(3, 1)
    images = torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    streams = [generator(0, key) for key in "ab"]
    views = Views({"crops": {}}, Draws(4, 5, (16, 16)), streams)
    scores, gradient = Seen(model, target, views, 64)(images, np.arange(2), 2)
    leaf = images.clone().requires_grad_(True)
    logits = model(views.of(leaf, np.arange(2), 2)).unflatten(0, (2, 5))
    expected = torch.stack([logits[0, :, 3].mean(), logits[1, :, 1].mean()])
    torch.testing.assert_close(scores, expected.detach())
    torch.testing.assert_close(gradient, torch.autograd.grad(expected.sum(), leaf)[0])


@pytest.mark.parametrize(
    "objective",
    [
        of_unit(2, layer="features", channel=3),
        of_unit(2, layer="features", channel=3, at=[4, 4]),
        WholeLayer("features", KEY),
        LikeFeatures("features", torch.ones(2, 6, 8, 8), KEY),
    ],
    ids=["channel", "neuron", "whole layer", "features"],
)
def test_every_objective_rises(objective: Objective) -> None:
    made = make(gap(), objective, replace(PIXELS, steps=30), ["a", "b"], frames=3)
    assert (made.scores > made.curve[:, 0]).all() and made.active.all()


def test_pictures_need_not_be_square_and_start_where_they_are_told() -> None:
    model = gap()
    start = torch.rand(1, 3, 12, 20, generator=torch.Generator().manual_seed(0))
    for recipe in (PIXELS, RECIPES["fourier"]):
        made = make(model, of_classes(1), recipe, ["a"], sides=(12, 20), start=start)
        assert made.pictures.shape == (1, 12, 20, 3)


def test_it_works_where_gradients_are_switched_off() -> None:
    model = gap()
    expected = make(model, of_classes(1), RECIPES["fourier"], ["a"])
    for off in (torch.inference_mode(), torch.no_grad()):
        with off:
            assert_same(make(model, of_classes(1), RECIPES["fourier"], ["a"]), expected)
