"""Views of pictures: neutral transforms, exact shifts and turns, composition, independence of the batch."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch

from signsight.core.registry import transforms
from signsight.core.rng import generator
from signsight.features.transforms import GREY, Draws, Views, viewed

STILL: dict[str, dict[str, Any]] = {
    "shift": {"share": 0.0},
    "scale": {"share": 0.0},
    "rotation": {"degrees": 0.0},
    "crops": {"first": 1.0, "last": 1.0, "spread": 0.0, "off": 0.0},
    "noise": {"level": 0.0},
}
MOVED: dict[str, dict[str, Any]] = {
    "shift": {"share": 0.1},
    "scale": {"share": 0.2},
    "rotation": {"degrees": 40.0},
    "crops": {},
    "mirror": {},
    "noise": {},
}
SIDES = [(16, 16), (15, 15), (12, 17)]


def drawn(sides: tuple[int, int], count: int = 2, seed: int = 0) -> torch.Tensor:
    source = torch.Generator().manual_seed(seed)
    return torch.rand(count, 3, *sides, generator=source, dtype=torch.float64)


def views_of(
    chosen: Mapping[str, Mapping[str, Any]],
    sides: tuple[int, int],
    keys: list[Any],
    views: int = 1,
    steps: int = 5,
) -> Views:
    return Views(chosen, Draws(steps, views, sides), [generator(0, "views", key) for key in keys])


def seen_through(picture: torch.Tensor, *rows: list[float]) -> torch.Tensor:
    """A picture (3, H, W) seen through one matrix (2, 3)."""
    return viewed(picture[None], torch.tensor([rows], dtype=picture.dtype))[0]


def matrices(name: str, sides: tuple[int, int], steps: int, **parameters: Any) -> np.ndarray:
    return transforms.get(name)(Draws(steps, 1, sides), np.random.default_rng(0), **parameters)[:, 0]


def disc(sides: tuple[int, int], centre: tuple[float, float], radius: float) -> torch.Tensor:
    """A soft white disc on grey, (3, H, W)."""
    rows, columns = np.mgrid[: sides[0], : sides[1]]
    away = np.hypot(rows - centre[0], columns - centre[1])
    picture = GREY + 0.5 * np.clip(radius + 0.5 - away, 0, 1)
    return torch.from_numpy(np.broadcast_to(picture, (3, *sides)).copy())


@pytest.mark.parametrize("sides", SIDES)
@pytest.mark.parametrize("name", STILL)
def test_a_neutral_transform_shows_the_picture_as_it_is(name: str, sides: tuple[int, int]) -> None:
    pictures = drawn(sides).float()
    seen = views_of({name: STILL[name]}, sides, ["a", "b"]).of(pictures, np.arange(2), 3)
    torch.testing.assert_close(seen, pictures, rtol=0, atol=2e-6)
    exact = views_of({name: STILL[name]}, sides, ["a", "b"]).of(pictures.double(), np.arange(2), 3)
    torch.testing.assert_close(exact, pictures.double(), rtol=0, atol=1e-6)


def test_all_neutral_transforms_together_and_none_at_all() -> None:
    pictures = drawn((12, 17))
    seen = views_of(STILL, (12, 17), ["a", "b"]).of(pictures, np.arange(2), 0)
    torch.testing.assert_close(seen, pictures, rtol=0, atol=1e-6)
    none = views_of({}, (12, 17), ["a", "b"], views=4)
    assert none.count == 1 and none.of(pictures, np.arange(2), 0) is pictures


@pytest.mark.parametrize(("down", "right"), [(0, 3), (2, 0), (-1, 4), (-3, -2), (20, 0)])
@pytest.mark.parametrize("sides", SIDES)
def test_a_shift_by_whole_pixels_is_the_picture_with_grey_outside(
    sides: tuple[int, int], down: int, right: int
) -> None:
    picture, (height, width) = drawn(sides, 1)[0], sides
    # the view shows at a place what the picture has `right` pixels further right, and `down` below
    seen = seen_through(picture, [1, 0, 2 * right / width], [0, 1, 2 * down / height])
    around = torch.full((3, 3 * height, 3 * width), GREY, dtype=picture.dtype)
    around[:, height : 2 * height, width : 2 * width] = picture
    expected = around[:, height + down :, width + right :][:, :height, :width]
    torch.testing.assert_close(seen[:, : expected.shape[1]], expected, rtol=0, atol=1e-9)


def test_the_shift_s_share_is_of_each_side() -> None:
    found = matrices("shift", (10, 40), 4000, share=0.1)
    pixels = found[:, :2, 2] * np.array([40, 10]) / 2  # across, down
    assert np.abs(pixels).max(0) == pytest.approx([4, 1], rel=0.01)
    np.testing.assert_array_equal(found[:, :2, :2], np.tile(np.eye(2), (4000, 1, 1)))


def test_shifts_are_uniform_both_ways_and_zero_on_average() -> None:
    draws = 20_000
    found = matrices("shift", (32, 32), draws, share=0.1)[:, :2, 2] / 2
    deviation = 0.1 / np.sqrt(3)
    assert np.abs(found.mean(0)).max() < 4 * deviation / np.sqrt(draws)
    np.testing.assert_allclose(found.std(0), deviation, rtol=0.02)
    assert abs(np.corrcoef(found.T)[0, 1]) < 4 / np.sqrt(draws)


@pytest.mark.parametrize("name", ["scale", "rotation", "crops"])
def test_the_mean_of_the_centre_is_the_centre(name: str) -> None:
    found = matrices(name, (20, 30), 20_000, **MOVED[name])[:, :2, 2]
    assert np.abs(found.mean(0)).max() < 4 * 0.1 / np.sqrt(20_000)


def test_scales_and_angles_stay_within_their_limits() -> None:
    factor = 1 / matrices("scale", (20, 30), 5000, share=0.2)[:, 0, 0]
    assert 0.8 <= factor.min() < 0.802 and 1.198 < factor.max() <= 1.2
    assert factor.mean() == pytest.approx(1, abs=0.01)
    turned = matrices("rotation", (20, 20), 5000, degrees=30)
    angles = np.rad2deg(np.arctan2(turned[:, 1, 0], turned[:, 0, 0]))
    assert -30 <= angles.min() < -29.9 and 29.9 < angles.max() <= 30
    assert angles.mean() == pytest.approx(0, abs=1)


@pytest.mark.parametrize("side", [16, 15])
def test_a_quarter_turn_of_the_sampling_is_a_quarter_turn_of_the_picture(side: int) -> None:
    picture = drawn((side, side), 1)[0]
    # +90 degrees of the matrix: the view's right end shows the picture's bottom, as after torch.rot90 by 1,
    # which turns the picture to the left (counter-clockwise)
    seen = seen_through(picture, [0, -1, 0], [1, 0, 0])
    torch.testing.assert_close(seen, torch.rot90(picture, 1, (1, 2)), rtol=0, atol=1e-9)


def test_the_angle_of_the_transform_turns_as_its_matrix_says() -> None:
    class Quarter:
        def uniform(self, low: float, high: float, shape: tuple[int, ...]) -> np.ndarray:
            assert (low, high) == (-90, 90)
            return np.full(shape, 90.0)

    found = transforms.get("rotation")(Draws(1, 1, (8, 8)), Quarter(), degrees=90)
    np.testing.assert_allclose(found[0, 0], [[0, -1, 0], [1, 0, 0], [0, 0, 1]], atol=1e-12)


@pytest.mark.parametrize("name", ["rotation", "scale", "crops"])
def test_a_circle_stays_a_circle_in_pictures_that_are_not_square(name: str) -> None:
    sides = (60, 90)
    picture = disc(sides, (29.5, 44.5), 15)
    chosen = {name: MOVED[name]}
    seen = views_of(chosen, sides, ["a"], views=6).of(picture[None].float(), np.arange(1), 2)[:, 0]
    for one in seen.numpy():
        weight = np.clip(one - GREY, 0, None)
        rows, columns = np.mgrid[: sides[0], : sides[1]]
        centre = [(weight * axis).sum() / weight.sum() for axis in (rows, columns)]
        spread = [
            np.sqrt((weight * (axis - middle) ** 2).sum() / weight.sum())
            for axis, middle in zip((rows, columns), centre, strict=True)
        ]
        assert spread[0] == pytest.approx(spread[1], rel=0.02)
        area = 2 * np.sqrt(weight.sum() / 0.5 / np.pi)
        assert area == pytest.approx(4 * spread[0], rel=0.03)  # a disc's radius is twice that deviation


def test_a_disc_off_the_centre_goes_round_the_centre() -> None:
    sides = (61, 101)
    angle = np.deg2rad(30)
    found = matrices("rotation", sides, 1, degrees=180)[0]
    angle = np.arctan2(found[1, 0] * sides[0] / sides[1], found[0, 0])
    seen = seen_through(disc(sides, (30, 65), 5), *found[:2].tolist())[0].numpy() - GREY
    rows, columns = np.mgrid[: sides[0], : sides[1]]
    where = [(seen * axis).sum() / seen.sum() for axis in (rows, columns)]
    assert where == pytest.approx([30 - 15 * np.sin(angle), 50 + 15 * np.cos(angle)], abs=0.05)


def test_a_larger_scale_enlarges() -> None:
    class Largest:
        def uniform(self, low: float, high: float, shape: tuple[int, ...]) -> np.ndarray:
            return np.full(shape, high)

    found = transforms.get("scale")(Draws(1, 1, (60, 60)), Largest(), share=0.5)[0, 0]
    seen = seen_through(disc((60, 60), (29.5, 29.5), 10), *found[:2].tolist())[0] - GREY
    assert 2 * np.sqrt(float(seen.sum()) / 0.5 / np.pi) == pytest.approx(30, rel=0.02)  # its diameter


def test_crops_shrink_from_the_first_step_to_the_last() -> None:
    found = matrices("crops", (20, 30), 5, first=1.0, last=0.5, spread=0.0, off=0.0)
    np.testing.assert_allclose(found[:, 0, 0], [1, 0.875, 0.75, 0.625, 0.5])
    np.testing.assert_allclose(found[:, 1, 1], found[:, 0, 0])
    many = matrices("crops", (20, 30), 4000, first=0.8, last=0.8, spread=0.05, off=0.05)
    assert many[:, 0, 0].std() == pytest.approx(0.05, rel=0.05)
    np.testing.assert_allclose((many[:, :2, 2] / 2).std(0), 0.05, rtol=0.05)
    wild = matrices("crops", (20, 30), 4000, first=0.1, last=2.0, spread=0.5)
    assert wild[:, 0, 0].min() == 0.05 and wild[:, 0, 0].max() == 2


def test_the_middle_half_of_a_picture_enlarged() -> None:
    picture = torch.full((3, 40, 60), 0.0, dtype=torch.float64)
    picture[:, 10:30, 15:45] = 1
    seen = seen_through(picture, [0.5, 0, 0], [0, 0.5, 0])
    assert (seen[:, 2:-2, 2:-2] == 1).all()


def test_a_mirror_image_half_of_the_time() -> None:
    found = matrices("mirror", (8, 8), 4000)
    assert set(found[:, 0, 0]) == {-1.0, 1.0}
    assert found[:, 0, 0].mean() == pytest.approx(0, abs=4 / np.sqrt(4000))
    picture = drawn((8, 9), 1)[0]
    torch.testing.assert_close(seen_through(picture, [-1, 0, 0], [0, 1, 0]), picture.flip(2))


def test_noise_has_its_level_and_is_new_in_every_step_and_view() -> None:
    sides = (40, 50)
    grey = torch.full((2, 3, *sides), GREY)
    views = views_of({"noise": {"level": 0.2}}, sides, ["a", "b"], views=3)
    first, second = (views.of(grey, np.arange(2), step) - GREY for step in range(2))
    assert first.shape == (6, 3, *sides)
    assert first.mean() == pytest.approx(0, abs=0.01) and first.std() == pytest.approx(0.2, rel=0.02)
    every = torch.cat([first, second]).flatten(1)
    assert np.abs(np.corrcoef(every.numpy()) - np.eye(12)).max() < 0.06


def test_views_are_counted() -> None:
    pictures = drawn((12, 14), 3)
    for chosen in ({"shift": {}}, {"noise": {}}, {"crops": {}, "noise": {}}):
        views = views_of(chosen, (12, 14), ["a", "b", "c"], views=4)
        seen = views.of(pictures, np.arange(3), 1)
        assert views.count == 4 and seen.shape == (12, 3, 12, 14)
        assert all(not torch.equal(one, other) for one, other in pairwise(seen))


@pytest.mark.parametrize("order", [("shift", "rotation"), ("rotation", "shift"), ("crops", "rotation")])
def test_several_transforms_are_one_after_the_other(order: tuple[str, str]) -> None:
    sides = (50, 70)
    rows, columns = np.mgrid[: sides[0], : sides[1]]
    away = [np.hypot(rows - down, columns - right) for down, right in ((22, 28), (30, 35), (25, 44))]
    picture = torch.from_numpy(GREY + 0.4 * np.exp(-0.5 * (np.stack(away) / 4) ** 2))
    far = MOVED | {"shift": {"share": 0.15}, "rotation": {"degrees": 180.0}, "crops": {"off": 0.1}}
    chosen = {name: far[name] for name in order}
    rng, draws = generator(0, "views", "a"), Draws(3, 1, sides)
    each = {name: transforms.get(name)(draws, rng, **far[name])[2, 0, :2].tolist() for name in order}
    found = views_of(chosen, sides, ["a"], steps=3).of(picture[None], np.arange(1), 2)[0]

    def in_turn(names: tuple[str, ...]) -> torch.Tensor:
        seen = picture
        for name in names:
            seen = seen_through(seen, *each[name])
        return seen

    assert (found - in_turn(order)).abs().max() < 0.015  # sampled once instead of twice
    assert (found - in_turn(order[::-1])).abs().max() > 0.04


@pytest.mark.parametrize("name", MOVED)
def test_the_gradient_reaches_the_picture_and_is_finite(name: str) -> None:
    pictures = drawn((13, 18)).requires_grad_(True)
    seen = views_of({name: MOVED[name]}, (13, 18), ["a", "b"], views=3).of(pictures, np.arange(2), 4)
    (gradient,) = torch.autograd.grad(seen.square().sum(), pictures)
    assert torch.isfinite(gradient).all() and gradient.flatten(1).any(1).all()


def test_the_gradient_through_a_small_crop_is_that_of_finite_differences() -> None:
    views = views_of({"crops": {"first": 0.3, "last": 0.3}, "shift": {}}, (6, 7), ["a"], views=2)
    picture = drawn((6, 7), 1).requires_grad_(True)
    assert torch.autograd.gradcheck(lambda one: views.of(one, np.arange(1), 1), picture)


def test_views_depend_neither_on_other_pictures_nor_on_their_order() -> None:
    pictures, keys = drawn((14, 17), 4), ["a", "b", "c", "d"]
    batch = views_of(MOVED, (14, 17), keys, views=2)
    back = views_of(MOVED, (14, 17), keys[::-1], views=2)
    alone = views_of(MOVED, (14, 17), ["c"], views=2)
    for step in range(3):
        seen = batch.of(pictures, np.arange(4), step).unflatten(0, (4, 2))
        reverse = back.of(pictures.flip(0), np.arange(4), step).unflatten(0, (4, 2))
        assert torch.equal(reverse.flip(0), seen)
        assert torch.equal(alone.of(pictures[2:3], np.arange(1), step), seen[2])


def test_some_rows_of_a_batch_are_seen_as_in_the_whole() -> None:
    pictures, keys = drawn((14, 17), 4), ["a", "b", "c", "d"]
    whole = views_of(MOVED, (14, 17), keys, views=2).of(pictures, np.arange(4), 1).unflatten(0, (4, 2))
    rows = np.array([3, 1])
    part = views_of(MOVED, (14, 17), keys, views=2).of(pictures[rows], rows, 1).unflatten(0, (2, 2))
    assert torch.equal(part, whole[rows])


@pytest.mark.parametrize("name", ["shift", "scale", "rotation", "crops", "mirror"])
def test_the_same_draws_move_pictures_of_two_sizes_by_the_same_share(name: str) -> None:
    small, large = (matrices(name, sides, 6, **MOVED[name]) for sides in ((20, 30), (80, 120)))
    np.testing.assert_array_equal(small, large)


def test_a_picture_of_twice_the_size_is_seen_as_twice_the_view() -> None:
    sides, twice = (30, 40), (60, 80)
    chosen = {name: MOVED[name] for name in ("shift", "scale", "rotation", "crops")}
    small = views_of(chosen, sides, ["a"]).of(disc(sides, (12, 17), 6)[None], np.arange(1), 2)
    large = views_of(chosen, twice, ["a"]).of(disc(twice, (24.5, 34.5), 12)[None], np.arange(1), 2)
    halved = torch.nn.functional.avg_pool2d(large, 2)
    assert (small - halved).abs().max() < 0.15 and (small - halved).abs().mean() < 0.005
