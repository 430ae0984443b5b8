"""Penalties by hand and by finite differences, changes of gradients, and changes of pictures."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

from signsight.core.registry import regularisers
from signsight.features.regularisers import (
    blur,
    class_mean,
    clip_gradient,
    decay,
    gaussian_blur,
    norm,
    total_variation,
    unit_gradient,
    variation,
)

SIDES = (7, 11)


def drawn(seed: int = 0, count: int = 2, sides: tuple[int, int] = SIDES) -> torch.Tensor:
    source = torch.Generator().manual_seed(seed)
    return torch.rand(count, 3, *sides, generator=source, dtype=torch.float64)


def coloured(*colour: float) -> torch.Tensor:
    return torch.tensor(colour, dtype=torch.float64).view(1, 3, 1, 1).expand(1, 3, *SIDES)


PENALTIES: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "norm 2": lambda x: norm(x, 0.7),
    "norm 6": lambda x: norm(x, 0.7, 6.0),
    "norm 1, black": lambda x: norm(x, 0.7, 1.0, 0.0),
    "total variation 2": lambda x: total_variation(x, 0.7),
    "total variation 1": lambda x: total_variation(x, 0.7, 1.0),
    "total variation 3": lambda x: total_variation(x, 0.7, 3.0),
    "class mean": lambda x: class_mean(x, drawn(1), 0.7),
}


def test_all_penalties_are_checked() -> None:
    names = [name for name in regularisers.names() if regularisers.about(name)["kind"] == "penalty"]
    checked = {"norm", "total_variation", "class_mean"}
    assert set(names) - set(regularisers.own()) == checked


@pytest.mark.parametrize("name", PENALTIES)
def test_the_gradient_of_a_penalty_is_that_of_finite_differences(name: str) -> None:
    assert torch.autograd.gradcheck(PENALTIES[name], drawn().requires_grad_(True))


@pytest.mark.parametrize("name", PENALTIES)
def test_a_penalty_is_one_number_a_picture_and_of_that_picture_alone(name: str) -> None:
    pictures = drawn()
    whole = PENALTIES[name](pictures)
    assert whole.shape == (2,) and (whole > 0).all()
    other = pictures.clone()
    other[1] = 0.3
    assert torch.equal(PENALTIES[name](other)[0], whole[0])


@pytest.mark.parametrize("power", [1.0, 1.5, 2.0, 3.0])
def test_flat_pictures_vary_nowhere_whatever_their_colour(power: float) -> None:
    pictures = torch.cat([coloured(0.2, 0.2, 0.2), coloured(0.9, 0.1, 0.4)])
    assert total_variation(pictures, 1.0, power).abs().max() < 2e-6


@pytest.mark.parametrize("power", [1.0, 2.0, 3.0])
@pytest.mark.parametrize("axis", [2, 3])
def test_the_variation_of_a_ramp_by_hand(power: float, axis: int) -> None:
    slope, (height, width) = 0.05, SIDES
    places = torch.arange(SIDES[axis - 2], dtype=torch.float64) * slope
    ramp = (places[:, None] if axis == 2 else places).expand(1, 1, height, width)
    expected = (height - 1) * (width - 1) * slope**power
    assert variation(ramp, power).sum().item() == pytest.approx(expected, rel=1e-9)
    three = ramp.expand(1, 3, height, width)
    assert total_variation(three, 2.0, power).item() == pytest.approx(2 * slope**power, rel=1e-9)


def test_a_slanted_ramp_has_the_length_of_its_gradient() -> None:
    rows, columns = torch.meshgrid(torch.arange(7), torch.arange(11), indexing="ij")
    ramp = (0.03 * rows + 0.04 * columns).double()[None, None]
    torch.testing.assert_close(variation(ramp, 1.0), torch.full((1, 1, 6, 10), 0.05, dtype=torch.float64))


@pytest.mark.parametrize("power", [1.0, 2.0, 3.0])
def test_the_variation_of_a_turned_picture_is_the_same(power: float) -> None:
    pictures = drawn()
    found, turned = (variation(one, power) for one in (pictures, pictures.mT))
    torch.testing.assert_close(turned, found.mT)
    torch.testing.assert_close(
        total_variation(pictures.mT, 1.0, power), total_variation(pictures, 1.0, power)
    )


def test_colours_vary_each_by_itself() -> None:
    pictures = drawn()
    swapped = total_variation(pictures[:, [2, 0, 1]])
    torch.testing.assert_close(swapped, total_variation(pictures))
    one = coloured(0.5, 0.5, 0.5).clone()
    one[0, 1, 3, 4] = 1.0  # of one colour: three places have a difference, one of them two
    assert variation(one).sum().item() == pytest.approx(4 * 0.25)
    assert variation(one)[:, [0, 2]].sum() == 0


def test_norms_by_hand() -> None:
    picture = coloured(0.5, 0.7, 0.2)
    assert norm(picture, 3.0).item() == pytest.approx(3 * (0 + 0.04 + 0.09) / 3)
    assert norm(picture, 1.0, 1.0).item() == pytest.approx((0.2 + 0.3) / 3)
    assert norm(picture, 1.0, 6.0).item() == pytest.approx((0.2**6 + 0.3**6) / 3)
    assert norm(picture, 1.0, 2.0, 0.0).item() == pytest.approx((0.25 + 0.49 + 0.04) / 3)
    assert norm(picture, 0.0).item() == 0


@pytest.mark.parametrize("power", [1.0, 1.5, 2.0, 6.0])
def test_a_norm_has_a_finite_gradient_at_its_grey(power: float) -> None:
    picture = coloured(0.5, 0.5, 0.5).clone().requires_grad_(True)
    (gradient,) = torch.autograd.grad(norm(picture, 1.0, power).sum(), picture)
    assert torch.equal(gradient, torch.zeros_like(gradient))


@pytest.mark.parametrize("power", [1.0, 2.0, 3.0])
def test_the_variation_has_a_finite_gradient_where_it_is_flat(power: float) -> None:
    picture = coloured(0.9, 0.1, 0.4).clone().requires_grad_(True)
    (gradient,) = torch.autograd.grad(total_variation(picture, 1.0, power).sum(), picture)
    assert torch.equal(gradient, torch.zeros_like(gradient))


def test_the_distance_to_the_class_mean_by_hand_and_without_a_kink_at_the_mean() -> None:
    mean = coloured(0.2, 0.5, 0.8)
    assert class_mean(mean + 0.1, mean, 5.0).item() == pytest.approx(5 * 0.01)
    at = mean.clone().requires_grad_(True)
    value = class_mean(at, mean)
    (gradient,) = torch.autograd.grad(value.sum(), at)
    assert value.item() == 0 and torch.equal(gradient, torch.zeros_like(gradient))


def test_penalties_do_not_depend_on_the_size() -> None:
    small = drawn(3)
    large = small.repeat_interleave(3, 2).repeat_interleave(3, 3)
    for one in (lambda x: norm(x), lambda x: norm(x, 1.0, 6.0)):
        torch.testing.assert_close(one(large), one(small))
    torch.testing.assert_close(class_mean(large, 1 - large), class_mean(small, 1 - small))


def test_decay_is_geometric() -> None:
    pictures, share = drawn(), 0.03
    now = pictures
    for step in range(20):
        now = decay(now, step, share)
    torch.testing.assert_close(now, 0.5 + (1 - share) ** 20 * (pictures - 0.5))
    assert torch.equal(decay(pictures, 0, 1.0), torch.full_like(pictures, 0.5))
    torch.testing.assert_close(decay(pictures, 0, 0.0), pictures)


@pytest.mark.parametrize("sigma", [0.2, 0.8, 1.0, 1.7, 3.0, 12.0])
def test_a_blur_is_that_of_scipy(sigma: float) -> None:
    pictures = drawn()
    expected = gaussian_filter(pictures.numpy(), (0, 0, sigma, sigma), mode="nearest", truncate=4)
    np.testing.assert_allclose(gaussian_blur(pictures, sigma).numpy(), expected, atol=2e-4)


def test_a_blur_keeps_flat_pictures_and_the_sum_of_a_point() -> None:
    flat = coloured(0.9, 0.1, 0.4).contiguous()
    torch.testing.assert_close(gaussian_blur(flat, 2.3), flat, rtol=0, atol=1e-12)
    point = torch.zeros(1, 3, 41, 41, dtype=torch.float64)
    point[:, :, 20, 20] = 1
    blurred = gaussian_blur(point, 2.3)
    torch.testing.assert_close(blurred.sum((2, 3)), torch.ones(1, 3, dtype=torch.float64))
    torch.testing.assert_close(blurred, blurred.mT)
    torch.testing.assert_close(blurred, blurred.flip(2, 3))


def test_a_blur_comes_every_few_steps_with_a_radius_as_a_share_of_the_side() -> None:
    pictures = drawn(sides=(20, 40))
    changed = [not torch.equal(blur(pictures, step, every=3), pictures) for step in range(9)]
    assert changed == [False, False, True] * 3
    torch.testing.assert_close(blur(pictures, 2, every=3, radius=0.05), gaussian_blur(pictures, 2.0))


def test_a_blur_of_one_picture_is_that_in_a_batch() -> None:
    pictures = drawn(count=3)
    torch.testing.assert_close(gaussian_blur(pictures, 1.2)[1:2], gaussian_blur(pictures[1:2], 1.2))


def test_a_clipped_gradient_is_no_longer_than_the_limit_picture_by_picture() -> None:
    gradient = drawn(count=3) - 0.5
    gradient[1] *= 1e-3
    gradient[2] = 0
    found = clip_gradient(gradient, 0.2)
    lengths = found.flatten(1).norm(dim=1)
    assert lengths[0].item() == pytest.approx(0.2)
    torch.testing.assert_close(found[0] / 0.2, gradient[0] / gradient[0].norm())  # its direction
    assert torch.equal(found[1:], gradient[1:])


def test_a_unit_gradient_has_a_mean_magnitude_of_one_picture_by_picture() -> None:
    gradient = drawn(count=3) - 0.5
    gradient[1] *= 1e-9
    gradient[2] = 0
    found = unit_gradient(gradient)
    torch.testing.assert_close(
        found[:2].abs().mean((1, 2, 3)), torch.ones(2, dtype=torch.float64), rtol=1e-9, atol=0
    )
    torch.testing.assert_close(found[0], gradient[0] / gradient[0].abs().mean())
    assert torch.equal(found[2], gradient[2])
