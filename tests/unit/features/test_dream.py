"""DeepDream: octaves merge exactly, rolls are undone, tiles add up, any size, and the model as it was."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from signsight.attribution.target import Classes
from signsight.attribution.unit_target import UnitTarget
from signsight.core.errors import UserError
from signsight.features.dream import Octaves, Tiled, Tiles, dream, mirrored, octave_bases, resized, starts
from signsight.features.objectives import Objective, OfTarget, WholeLayer
from signsight.features.optimise import optimise
from signsight.features.recipe import Recipe
from signsight.models.classifier import Classifier, to_pixels
from small_models import classifier, gap, linear, transformer

UNIT = Recipe("pixels", steps=4, rate=2 / 255, optimiser="sgd", regularisers={"unit_gradient": {}})
ONE = Octaves(count=1, jitter=0)
SIZES = [(20, 300), (61, 23), (5, 7), (16, 16), (1, 1)]


class Cubes:
    """A third of the sum of cubes: its gradient is each pixel's own square, wherever that lies."""

    group = 1

    def __call__(self, model: Classifier, seen: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
        return seen.pow(3).flatten(1).sum(1) / 3


class Colours:
    """Linear in the pixels, with gradients of which the mean magnitude is 5/6."""

    group = 1

    def __call__(self, model: Classifier, seen: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
        return (seen * seen.new_tensor([1.0, -1.0, 0.5])[:, None, None]).flatten(1).sum(1)


def noise(height: int, width: int, low: int = 0, high: int = 256) -> np.ndarray:
    """(height, width, 3) uint8."""
    return np.random.default_rng(0).integers(low, high, (height, width, 3), dtype=np.uint8)


def dreamt(model: Classifier, picture: np.ndarray, objective: Objective, **changes: Any) -> Any:
    """`dream` with what a test leaves to it."""
    settings: dict[str, Any] = {
        "recipe": UNIT,
        "octaves": Octaves(),
        "seed": 0,
        "key": "one",
        "batch_size": 4,
    }
    return dream(model, picture, objective, **settings | changes)


def convolutions(norm: bool = False, inplace: bool = False) -> Classifier:
    """Two convolutions of 3 x 3, so that a value of the second sees 5 x 5 pixels."""
    torch.manual_seed(0)
    first, second = nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(8, 6, 3, padding=1)
    middle = [nn.BatchNorm2d(8)] if norm else []
    layers = [first, *middle, nn.ReLU(inplace), second, nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    return classifier(nn.Sequential(*layers), 6, 16)


@pytest.mark.parametrize("size", SIZES)
def test_without_steps_the_picture_stays_to_the_bit(size: tuple[int, int]) -> None:
    picture = noise(*size)
    found = dreamt(gap(), picture, WholeLayer("features", "key"), recipe=replace(UNIT, steps=0))
    np.testing.assert_array_equal(found.picture, picture)
    assert all((frame == picture).all() for frame in found.frames)
    assert found.score_after == found.score_before


def test_steps_of_size_zero_keep_the_picture_to_the_bit() -> None:
    picture = noise(40, 70)
    found = dreamt(gap(), picture, WholeLayer("features", "key"), recipe=replace(UNIT, rate=0.0))
    np.testing.assert_array_equal(found.picture, picture)
    assert found.score_after == pytest.approx(found.score_before)


def test_octaves_have_their_sizes_and_end_with_the_picture_itself() -> None:
    picture = torch.rand(1, 3, 56, 112, generator=torch.Generator().manual_seed(0))
    bases = octave_bases(picture, 4, 1.4)
    assert [tuple(base.shape[2:]) for base in bases] == [(20, 41), (29, 57), (40, 80), (56, 112)]
    assert bases[-1] is picture
    assert len(octave_bases(picture, 9, 1.4)) == 4  # 15 px would be too small
    assert len(octave_bases(picture, 9, 1.4, smallest=50)) == 1
    assert len(octave_bases(picture[..., :3, :2], 9, 1.4)) == 1


@pytest.mark.parametrize("sides", [(20, 41), (70, 130), (56, 112)])
def test_sizes_change_as_in_pillow(sides: tuple[int, int]) -> None:
    picture = torch.rand(1, 3, 56, 112, generator=torch.Generator().manual_seed(0))
    found = resized(picture, sides)
    for colour in range(3):
        whole = Image.fromarray(picture[0, colour].numpy())
        wanted = np.asarray(whole.resize(sides[::-1], Image.Resampling.BILINEAR))
        np.testing.assert_allclose(found[0, colour], wanted, atol=1e-5)


def test_one_step_moves_pixels_by_its_size_on_average() -> None:
    picture = noise(30, 50, 100, 150)
    recipe = replace(UNIT, steps=1, rate=10 / 255)
    found = dreamt(gap(), picture, Colours(), recipe=recipe, octaves=replace(ONE, jitter=0.3))
    moved = found.picture.astype(int) - picture
    assert (moved == [12, -12, 6]).all()
    assert np.abs(moved).mean() == 10


def test_one_step_of_a_network_moves_pixels_by_its_size_before_they_are_rounded() -> None:
    model = gap()
    start = to_pixels(noise(30, 50, 100, 150)[None])
    tiled = Tiled(WholeLayer("features", "key"), 16, 4)
    source = Tiles(model, tiled, 3, 0, ("key",))
    recipe = replace(UNIT, steps=1, rate=0.01)
    optimise(model, tiled, recipe, ["key"], 0, sides=(30, 50), start=start, frames=1, ascent=source)
    assert (source.pixels - start).abs().mean().item() == pytest.approx(0.01, rel=1e-5)


def test_what_an_octave_adds_is_carried_to_the_next() -> None:
    picture = noise(64, 90, 100, 150)
    recipe = replace(UNIT, steps=2, rate=5 / 255)
    found = dreamt(gap(), picture, Colours(), recipe=recipe, octaves=Octaves(count=3))
    for number, frame in enumerate(found.frames):
        moved = frame.astype(int) - picture
        assert (moved == (number + 1) * np.array([12, -12, 6])).all()
    np.testing.assert_array_equal(found.frames[-1], found.picture)


def test_octaves_are_merged_as_in_the_notebook() -> None:
    picture = noise(64, 90)
    bases = octave_bases(to_pixels(picture[None]), 3, 1.4)
    detail = torch.zeros_like(bases[0])
    for base in bases:
        source = (base + resized(detail, base.shape[2:])).clamp(0, 1)
        for _ in range(UNIT.steps):
            gradient = source.square()
            source = (source + UNIT.rate * gradient / gradient.mean()).clamp(0, 1)
        detail = source - base
    wanted = (source[0] * 255).round().permute(1, 2, 0)
    found = dreamt(gap(), picture, Cubes(), octaves=Octaves(count=3))
    away = np.abs(found.picture - wanted.numpy())
    assert away.max() <= 1  # where the last bit of a float decides
    assert (away > 0).mean() < 1e-3


def test_one_size_without_jitter_is_plain_ascent() -> None:
    model, objective = gap(), WholeLayer("features", "key")
    picture = noise(16, 16)
    recipe = Recipe("pixels", steps=6, rate=0.5, optimiser="sgd", momentum=0.5)
    plain = optimise(model, objective, recipe, ["one"], 0, start=to_pixels(picture[None]), frames=1)
    found = dreamt(model, picture, objective, recipe=recipe, octaves=ONE)
    np.testing.assert_array_equal(found.picture, plain.pictures[0])
    assert found.score_after == pytest.approx(plain.scores[0])


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("reach", [0, 5, 40])
def test_rolls_are_undone_and_overlaps_and_mirror_images_averaged(size: tuple[int, int], reach: int) -> None:
    pictures = to_pixels(np.stack([noise(*size), noise(*size)[::-1]]))
    source = Tiles(gap(), Tiled(Cubes(), 12, 3), reach, 0, ("key",))
    for step in range(3):
        scores, gradient = source(pictures, np.arange(2), step)
        torch.testing.assert_close(gradient, pictures.square())
        assert scores.shape == (2,)


def test_rolls_differ_by_step_and_octave_and_go_both_ways() -> None:
    tiled = Tiled(Cubes(), 12, 3)
    rolls = np.array([
        [Tiles(gap(), tiled, 4, seed, ("key", octave)).roll(step) for step in range(100)]
        for seed, octave in ((0, 0), (0, 1), (1, 0), (0, 0))
    ])  # fmt: skip
    assert rolls.min() == -4
    assert rolls.max() == 4
    assert abs(rolls.mean()) < 0.5
    for other in rolls[1:3]:
        assert (other != rolls[0]).any(1).mean() > 0.9
    np.testing.assert_array_equal(rolls[0], rolls[3])


@pytest.mark.parametrize("sides", [(32, 32), (24, 40), (16, 30)])
def test_inside_of_tiles_the_gradient_is_that_of_the_whole_picture(sides: tuple[int, int]) -> None:
    model, objective = convolutions().double(), WholeLayer("2", "key")
    picture = to_pixels(noise(*sides)[None]).double()
    leaf = picture.clone().requires_grad_(True)
    (whole,) = torch.autograd.grad(objective(model, leaf, torch.zeros(1, dtype=torch.int64)).sum(), leaf)
    _, tiled = Tiled(objective, 16, 4).ascent(model, picture, torch.zeros(1, dtype=torch.int64))
    away = (tiled * 16**2 - whole * sides[0] * sides[1])[0].abs().amax(0)  # means over places to sums
    inside = [torch.ones(side, dtype=torch.bool) for side in sides]
    for keep, side in zip(inside, sides, strict=True):
        for first in starts(side, 16):
            for edge in (first, first + 16):
                if 0 < edge < side:
                    keep[edge - 4 : edge + 4] = False
    scale = whole.abs().max() * sides[0] * sides[1]
    assert away[inside[0]][:, inside[1]].max() < 1e-12 * scale
    assert away.max() > 1e-3 * scale  # at the edges of tiles it is another one


@pytest.mark.parametrize("batch_size", [1, 3, 50])
def test_no_more_tiles_than_the_batch_size_are_seen_at_once(batch_size: int) -> None:
    model, seen = gap(), []
    handle = model.network.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0].shape))
    dreamt(model, noise(40, 100), WholeLayer("features", "key"), batch_size=batch_size, octaves=Octaves(2))
    handle.remove()
    assert max(shape[0] for shape in seen) <= batch_size
    assert {tuple(shape[1:]) for shape in seen} == {(3, 16, 16)}


def test_the_batch_size_makes_no_difference() -> None:
    model, objective = gap().double(), WholeLayer("features", "key")
    found = [dreamt(model, noise(30, 50), objective, batch_size=size) for size in (1, 4, 64)]
    for other in found[1:]:
        np.testing.assert_array_equal(found[0].picture, other.picture)
        assert other.score_after == pytest.approx(found[0].score_after, rel=1e-12)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", ["gap", "linear", "vit", "swin"])
def test_every_size_is_kept_by_networks_of_every_kind(kind: str, size: tuple[int, int]) -> None:
    models = {"gap": gap, "linear": lambda: linear(size=16)}
    model = models[kind]() if kind in models else transformer(kind)
    objective = OfTarget(Classes(torch.full((1,), 2)))
    found = dreamt(model, noise(*size), objective, octaves=Octaves(count=2, jitter=0))
    assert found.picture.shape == (*size, 3)
    assert found.frames.shape == (1 if min(size) < 22 else 2, *size, 3)
    assert found.picture.dtype == found.frames.dtype == np.uint8
    assert found.score_after > found.score_before


OBJECTIVES: dict[str, Objective] = {
    "layer": WholeLayer("features", "key"),
    "channel": OfTarget(
        UnitTarget("features", 3, None, "key").bind(gap(), torch.zeros(1), np.zeros(1), [""])
    ),
    "neuron": OfTarget(UnitTarget("features", 3, (2, 5), "key").held(np.zeros(1), np.zeros(1), "cpu")),
    "class against class": OfTarget(Classes(torch.tensor([1]), torch.tensor([2]))),
}


@pytest.mark.parametrize("name", OBJECTIVES)
@pytest.mark.parametrize("tile", [None, 24])
def test_scores_rise_and_are_those_of_the_8_bit_picture(name: str, tile: int | None) -> None:
    model, objective, picture = gap(), OBJECTIVES[name], noise(40, 53)
    found = dreamt(model, picture, objective, octaves=Octaves(tile=tile))
    side = tile or 16
    for score, one in ((found.score_before, picture), (found.score_after, found.picture)):
        whole = to_pixels(one[None])
        tiles = torch.cat([
            whole[..., y : y + side, x : x + side] for y in starts(40, side) for x in starts(53, side)
        ])  # fmt: skip
        rows = torch.zeros(len(tiles), dtype=torch.int64)
        with torch.no_grad():
            assert score == pytest.approx(objective(model, tiles, rows).mean().item(), rel=1e-4)
    assert found.score_after > found.score_before


def test_the_same_draws_again_and_others_for_another_key_or_seed() -> None:
    model, objective, picture = gap(), WholeLayer("features", "key"), noise(30, 40)
    first = dreamt(model, picture, objective).picture
    np.testing.assert_array_equal(first, dreamt(model, picture, objective).picture)
    assert (first != dreamt(model, picture, objective, key="two").picture).any()
    assert (first != dreamt(model, picture, objective, seed=1).picture).any()


@pytest.mark.parametrize("training", [False, True])
def test_the_model_stays_as_it_was(training: bool) -> None:
    model = convolutions(norm=True, inplace=True).train(training)
    model.network[0].requires_grad_(False)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    modes = [module.training for module in model.modules()]
    asked = [weights.requires_grad for weights in model.parameters()]
    found = dreamt(model, noise(20, 40), WholeLayer("1", "key"))
    assert found.score_after > found.score_before
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert modes == [module.training for module in model.modules()]
    assert asked == [weights.requires_grad for weights in model.parameters()]
    assert all(weights.grad is None for weights in model.parameters())
    assert not any(module._forward_hooks for module in model.modules())


def test_it_works_within_inference_mode() -> None:
    model = gap()
    with torch.inference_mode():
        found = dreamt(model, noise(20, 40), WholeLayer("features", "key"))
    assert found.score_after > found.score_before


def test_tiles_cover_every_length() -> None:
    for length in range(7, 60):
        places = starts(length, 7)
        assert len(places) == -(-length // 7)
        assert (places[0], places[-1]) == (0, length - 7)
        assert max(np.diff(places), default=0) <= 7


def test_a_short_line_lies_in_the_midst_of_its_mirror_images() -> None:
    assert mirrored(5, 3).tolist() == [0, 1, 2, 3, 4]
    assert mirrored(3, 5).tolist() == [0, 0, 1, 2, 2]
    assert mirrored(2, 9).tolist() == [1, 1, 0, 0, 1, 1, 0, 0, 1]
    assert mirrored(1, 4).tolist() == [0, 0, 0, 0]


def test_other_recipes_are_refused() -> None:
    for recipe, message in (
        (replace(UNIT, parametrisation="fourier"), "'features.dream'.*'fourier'.*take 'pixels'"),
        (replace(UNIT, transforms={"shift": {}}), "'features.dream'.*'shift'.*jitter"),
    ):
        with pytest.raises(UserError, match=message):
            dreamt(gap(), noise(20, 40), WholeLayer("features", "key"), recipe=recipe)


def test_a_tile_that_the_network_does_not_take_is_refused() -> None:
    for model in (transformer("vit"), linear(size=32)):
        with pytest.raises(UserError, match=r"'features\.dream'.*24 px.*32 px"):
            objective = OfTarget(Classes(torch.full((1,), 2)))
            dreamt(model, noise(40, 40), objective, octaves=Octaves(tile=24))


def test_a_layer_that_is_not_there_is_refused_by_its_key() -> None:
    for tile in (None, 20):
        with pytest.raises(UserError, match=r"'a\.key'.*'nowhere'"):
            dreamt(gap(), noise(20, 40), WholeLayer("nowhere", "a.key"), octaves=Octaves(tile=tile))
