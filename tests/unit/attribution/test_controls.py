"""Controls against closed forms, and that they do not look at the model."""

from __future__ import annotations

import pytest
import torch
from scipy import ndimage

from signsight.attribution.controls import centre_gaussian, random_map, sobel
from signsight.attribution.target import Classes
from signsight.attribution.task import Task
from signsight.core.registry import methods
from small_models import linear

TASK = Task(linear(), None, 0)
TARGETS = Classes(torch.zeros(2, dtype=torch.int64))


def test_the_gaussian_falls_as_it_should_from_the_centre() -> None:
    images = torch.rand(2, 3, 9, 9)
    found = centre_gaussian(TASK, images, TARGETS, ["a", "b"], sd=2 / 9)  # 2 pixels
    assert found.shape == (2, 9, 9) and torch.equal(found[0], found[1])
    places = torch.arange(9.0) - 4
    squares = places[:, None] ** 2 + places**2
    torch.testing.assert_close(found[0], torch.exp(-squares / (2 * 2**2)))
    assert found[0, 4, 4] == 1


def test_the_gaussian_is_symmetric_on_even_sides_and_a_share_of_each() -> None:
    """On a side twice as long it falls half as fast: pixel 2 n + 1/2 is where pixel n was."""
    long = centre_gaussian(TASK, torch.rand(1, 3, 8, 16), TARGETS, ["a"])[0]
    torch.testing.assert_close(long, long.flip(0, 1))
    square = centre_gaussian(TASK, torch.rand(1, 3, 8, 8), TARGETS, ["a"])[0]
    places = (torch.arange(16.0) - 7.5) / 2
    across = torch.exp(-(places**2) / (2 * 2**2))
    down = square[:, 3] / square[3, 3] * torch.exp(torch.tensor(-0.5 * 0.25**2))
    torch.testing.assert_close(long, down[:, None] * across)


def test_sobel_is_scipy_s_on_the_grey_image() -> None:
    images = torch.rand(2, 3, 11, 7)
    grey = (images * torch.tensor([0.299, 0.587, 0.114]).view(3, 1, 1)).sum(1).numpy()
    found = sobel(TASK, images, TARGETS, ["a", "b"])
    for own, one in zip(found, grey, strict=True):
        across, down = (ndimage.sobel(one, axis=axis, mode="nearest") for axis in (1, 0))
        torch.testing.assert_close(own, torch.from_numpy((across**2 + down**2) ** 0.5))


def test_sobel_of_a_step_and_of_a_ramp() -> None:
    step = torch.zeros(1, 3, 6, 6)
    step[..., 3:] = 1
    expected = torch.zeros(1, 6, 6)
    expected[..., 2:4] = 4
    torch.testing.assert_close(sobel(TASK, step, TARGETS, ["a"]), expected)
    ramp = (torch.arange(6.0) / 10).expand(1, 3, 6, 6)
    torch.testing.assert_close(sobel(TASK, ramp, TARGETS, ["a"])[0, :, 1:5], torch.full((6, 4), 0.8))
    assert (sobel(TASK, torch.full((1, 3, 6, 6), 0.5), TARGETS, ["a"]).abs() < 1e-6).all()


def test_random_maps_depend_on_the_id_and_the_seed_alone() -> None:
    images = torch.rand(2, 3, 6, 6)
    both = random_map(TASK, images, TARGETS, ["a", "b"])
    assert torch.equal(random_map(TASK, images[1:], TARGETS[1:], ["b"])[0], both[1])
    assert not torch.equal(both[0], both[1])
    other = Task(TASK.model, None, 1)
    assert not torch.equal(random_map(other, images, TARGETS, ["a", "b"]), both)


def test_random_maps_are_uniform() -> None:
    found = random_map(TASK, torch.rand(1, 3, 200, 200), TARGETS, ["a"])
    counts = torch.histc(found, 10, 0, 1)
    assert found.min() >= 0 and found.max() < 1
    assert (counts - 4000).abs().max() < 5 * 60  # standard deviation sqrt(4000 * 0.9) = 60


@pytest.mark.parametrize("name", ["random", "centre_gaussian", "sobel"])
def test_controls_say_that_they_need_nothing(name: str) -> None:
    about = methods.about(name)
    assert about["needs"] == "nothing" and not about["signed"]
