"""Augmentation: against torchvision's own flips, rotations and affines, and draws by row."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torchvision.transforms import InterpolationMode
from torchvision.transforms import functional as reference

from signsight.core.errors import UserError
from signsight.models.augment import Draws, augment, draw, inverse_affine, resample, saturated, turned
from signsight.models.presets import resolve

SETTINGS = resolve({"preset": "published"})["augmentation"]
OFF = {**SETTINGS, "p": 0.0}


def one(
    flip: str = "",
    angle: float = 0,
    shift: tuple[float, float] = (0, 0),
    shear: float = 0,
    scale: float = 1,
    aspect: float = 1,
) -> torch.Tensor:
    """The matrix of one change; `shift` in half widths and half heights."""
    matrix = inverse_affine(
        np.array([flip]),
        np.array([angle]),
        np.array([shift]),
        np.array([shear]),
        np.array([scale]),
        aspect,
    )
    return torch.from_numpy(matrix)


def picture(height: int = 24, width: int = 24, smooth: bool = False) -> torch.Tensor:
    """(1, 3, height, width) in [0, 1]; a smooth one survives being resampled twice."""
    if not smooth:
        return torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(3))
    y, x = torch.meshgrid(torch.linspace(-1, 1, height), torch.linspace(-1, 1, width), indexing="ij")
    waves = [torch.sin(2 * x + y), torch.cos(x - 2 * y), torch.sin(3 * x) * torch.cos(y)]
    return torch.stack(waves)[None] / 2 + 0.5


def test_identity_keeps_every_pixel() -> None:
    image = picture(20, 31)
    torch.testing.assert_close(resample(image, one()), image, rtol=0, atol=1e-5)


def test_flips_are_torchvisions() -> None:
    image = picture()
    torch.testing.assert_close(resample(image, one("lr")), reference.hflip(image), rtol=0, atol=1e-5)
    torch.testing.assert_close(resample(image, one("tb")), reference.vflip(image), rtol=0, atol=1e-5)


@pytest.mark.parametrize("angle", [-90, -33.3, 20, 90, 170])
def test_rotation_is_torchvisions(angle: float) -> None:
    image = picture()
    want = reference.rotate(image, angle, InterpolationMode.BILINEAR)
    torch.testing.assert_close(resample(image, one(angle=angle)), want, rtol=0, atol=1e-4)


def test_rotation_keeps_angles_of_an_oblong_picture() -> None:
    image = picture(24, 40)
    want = reference.rotate(image, 30, InterpolationMode.BILINEAR)
    got = resample(image, one(angle=30, aspect=40 / 24))
    torch.testing.assert_close(got, want, rtol=0, atol=1e-4)


@pytest.mark.parametrize("shear", [-20, 15])
@pytest.mark.parametrize("scale", [0.8, 1.2])
def test_affine_is_torchvisions(shear: float, scale: float) -> None:
    image = picture()
    want = reference.affine(image, 0, [3, -2], scale, [shear, 0], InterpolationMode.BILINEAR)
    got = resample(image, one(shift=(3 / 12, -2 / 12), shear=shear, scale=scale))
    torch.testing.assert_close(got, want, rtol=0, atol=1e-4)


def test_composition_is_one_change_after_the_other() -> None:
    image = picture(48, 48, smooth=True)
    steps = reference.rotate(reference.hflip(image), 25, InterpolationMode.BILINEAR)
    want = reference.affine(steps, 0, [2, 1], 1.1, [10, 0], InterpolationMode.BILINEAR)
    got = resample(image, one("lr", 25, (2 / 24, 1 / 24), 10, 1.1))
    inside = (..., slice(14, 34), slice(14, 34))
    torch.testing.assert_close(got[inside], want[inside], rtol=0, atol=2e-3)
    assert (got - image)[inside].abs().max() > 0.1


def test_fill_is_black_or_the_edge() -> None:
    image = torch.full((1, 3, 16, 16), 0.7)
    assert resample(image, one(scale=0.5), "black")[0, 0, 0, 0] == 0
    torch.testing.assert_close(resample(image, one(scale=0.5), "edge"), image)
    with pytest.raises(UserError, match=r"augmentation\.fill"):
        resample(image, one(), "white")


def test_unknown_flip() -> None:
    with pytest.raises(UserError, match="flip 'diagonal'"):
        one("diagonal")


def drawn(count: int, seed: int = 1, epoch: int = 0, **settings: object) -> Draws:
    return draw({**SETTINGS, **settings}, np.full(count, ""), np.zeros(count), seed, epoch)


def test_draws_belong_to_seed_epoch_and_row() -> None:
    few, many = drawn(10, rotation=20), drawn(500, rotation=20)
    np.testing.assert_array_equal(few.matrix, many.matrix[:10])
    np.testing.assert_array_equal(few.contrast, many.contrast[:10])
    assert not np.array_equal(few.matrix, drawn(10, epoch=1, rotation=20).matrix)
    assert not np.array_equal(few.matrix, drawn(10, seed=2, rotation=20).matrix)


def test_images_do_not_depend_on_the_batch() -> None:
    draws = drawn(8, contrast=0.3, brightness=0.3)
    images = torch.rand(8, 3, 12, 12)
    whole = augment(images, draws, np.arange(8), "edge")
    parts = [augment(images[row : row + 1], draws, np.array([row]), "edge") for row in range(8)]
    torch.testing.assert_close(whole, torch.cat(parts), rtol=0, atol=1e-6)
    assert whole.min() >= 0
    assert whole.max() <= 1


def test_ranges_and_share_of_the_protocol() -> None:
    matrix = drawn(20_000).matrix.astype(float)
    identity = np.array([[1, 0, 0], [0, 1, 0]])
    changed = np.abs(matrix - identity).max((1, 2)) > 1e-9
    assert changed.mean() == pytest.approx(0.5, abs=0.02)
    inverse = np.linalg.inv(matrix[changed][:, :, :2])  # forward linear part
    scale = inverse[:, 1, 1]
    assert scale.min() == pytest.approx(0.8, abs=1e-3)
    assert scale.max() == pytest.approx(1.2, abs=1e-3)
    shear = np.rad2deg(np.arctan(-inverse[:, 0, 1] / scale))
    assert np.abs(shear).max() == pytest.approx(20, abs=0.05)
    shift = -(inverse @ matrix[changed][:, :, 2:])[:, :, 0] / 2  # of width and height
    assert np.abs(shift).max(0) == pytest.approx([0.2, 0.2], abs=1e-3)
    assert np.abs(shift.mean(0)).max() < 0.01


def test_nothing_is_drawn_when_it_is_off() -> None:
    draws = draw(OFF, np.full(50, ""), np.zeros(50), 1, 0)
    images = torch.rand(50, 3, 9, 9)
    torch.testing.assert_close(augment(images, draws, np.arange(50), "black"), images, rtol=0, atol=1e-5)


def test_fresh_rotation_adds_to_the_angle() -> None:
    count = 20_000
    settings = {**OFF, "rotation": 5.0}
    draws = draw(settings, np.full(count, ""), np.full(count, 30.0), 1, 0)
    degrees = np.rad2deg(np.arctan2(draws.matrix[:, 1, 0], draws.matrix[:, 0, 0]))
    assert degrees.mean() == pytest.approx(30, abs=0.2)
    assert degrees.std() == pytest.approx(5, abs=0.2)


def test_contrast_and_brightness_by_hand() -> None:
    image = torch.tensor([0.4, 0.6]).repeat(1, 3, 2, 1)
    identity = np.array([[[1, 0, 0], [0, 1, 0]]], np.float32)
    draws = Draws(identity, np.array([0.5], np.float32), np.array([1.2], np.float32))
    got = augment(image, draws, np.array([0]), "black")
    # Mean 0.5 becomes 0.6, the deviation of 0.1 half as large.
    torch.testing.assert_close(got, torch.tensor([0.55, 0.65]).repeat(1, 3, 2, 1))


def colours(count: int = 4) -> torch.Tensor:
    """(count, 3, 12, 12) float64 in [0, 1] with greys, black, white and equal channels among them."""
    images = torch.rand(count, 3, 12, 12, generator=torch.Generator().manual_seed(5), dtype=torch.float64)
    images[:, :, 0] = images[:, :1, 0]
    images[:, :, 1, 0], images[:, :, 1, 1], images[:, 1, 2] = 0, 1, images[:, 0, 2]
    return images


@pytest.mark.parametrize("factor", [0.0, 0.8, 1.0, 1.2, 2.0])
def test_saturation_is_torchvisions(factor: float) -> None:
    """Whose weight of red is 0.2989, not 0.299."""
    images = colours()
    found = saturated(images, torch.full((4, 1, 1, 1), factor, dtype=torch.float64))
    torch.testing.assert_close(found, reference.adjust_saturation(images, factor), rtol=0, atol=2e-4)


@pytest.mark.parametrize("shift", [-0.5, -0.3, -0.02, 0.0, 0.02, 0.17, 0.5])
def test_hue_is_torchvisions(shift: float) -> None:
    """Which keeps some of its steps in float32."""
    images = colours()
    found = turned(images, torch.full((4, 1, 1, 1), shift, dtype=torch.float64))
    torch.testing.assert_close(found, reference.adjust_hue(images, shift), rtol=0, atol=2e-6)


def test_each_image_has_its_own_colours() -> None:
    images = colours(2).float()
    identity = np.repeat(np.array([[[1, 0, 0], [0, 1, 0]]], np.float32), 2, axis=0)
    one, none, factors = np.ones(2, np.float32), np.zeros(2, np.float32), np.array([0.5, 1.5], np.float32)
    draws = Draws(identity, one, one, saturation=factors, hue=none)
    expected = [reference.adjust_saturation(images[row], float(factors[row])) for row in range(2)]
    found = augment(images, draws, np.arange(2), "black")
    torch.testing.assert_close(found, torch.stack(expected), rtol=0, atol=2e-4)


def test_draws_of_the_cifar_study_have_its_ranges() -> None:
    settings = resolve({"preset": "cifar_study"})["augmentation"]
    count = 20_000
    draws = draw(settings, np.full(count, ""), np.zeros(count), 1, 0)
    linear = draws.matrix[:, :, :2].astype(float)
    flipped = np.linalg.det(linear) < 0
    assert flipped.mean() == pytest.approx(0.5, abs=0.02)
    degrees = np.rad2deg(np.arctan2(linear[:, 1, 0], linear[:, 1, 1]))  # the row that no flip changes
    assert np.abs(degrees).max() == pytest.approx(15, abs=0.05)
    assert degrees.std() == pytest.approx(30 / np.sqrt(12), abs=0.1)
    shift = -(np.linalg.inv(linear) @ draws.matrix[:, :, 2:])[:, :, 0] / 2
    assert np.abs(shift).max(0) == pytest.approx([0.125, 0.125], abs=1e-3)
    assert (draws.saturation.min(), draws.saturation.max()) == pytest.approx((0.8, 1.2), abs=1e-3)
    assert (draws.hue.min(), draws.hue.max()) == pytest.approx((-0.02, 0.02), abs=1e-4)
    values = np.stack([degrees, draws.saturation, draws.hue, draws.contrast, draws.brightness, flipped])
    assert np.abs(np.corrcoef(values) - np.eye(6)).max() < 0.03
    few = draw(settings, np.full(9, ""), np.zeros(9), 1, 0)
    assert all(
        np.array_equal(getattr(few, name), getattr(draws, name)[:9])
        for name in ("matrix", "saturation", "hue", "contrast", "brightness")
    )


def test_a_flip_at_random_is_a_flip_before_all_else() -> None:
    """As if the example itself had been flipped."""
    settings = {**SETTINGS, "flip": 1.0, "degrees": 20.0}
    flipped = draw(settings, np.full(50, ""), np.zeros(50), 1, 0)
    given = draw({**settings, "flip": 0.0}, np.full(50, "lr"), np.zeros(50), 1, 0)
    np.testing.assert_allclose(flipped.matrix, given.matrix, atol=1e-7)
    twice = draw(settings, np.full(50, "lr"), np.zeros(50), 1, 0)
    plain = draw({**settings, "flip": 0.0}, np.full(50, ""), np.zeros(50), 1, 0)
    np.testing.assert_allclose(twice.matrix, plain.matrix, atol=1e-7)


def test_what_is_new_changes_no_draw_of_what_was_there() -> None:
    """So a training of an older preset stays as it was."""
    before = drawn(3, rotation=20, contrast=0.3, brightness=0.2)
    more = drawn(3, rotation=20, contrast=0.3, brightness=0.2, saturation=0.2, hue=0.1)
    assert before.saturation is None and before.hue is None
    for name in ("matrix", "contrast", "brightness"):
        np.testing.assert_array_equal(getattr(before, name), getattr(more, name))
    # as drawn before there were flips, saturation and hue
    np.testing.assert_allclose(before.contrast, [0.9953541, 0.7199655, 1.0250682], atol=1e-6)
    np.testing.assert_allclose(before.brightness, [0.9060655, 0.8485732, 0.8745475], atol=1e-6)
    turned_by = [[0.959038, 0.283277, 0], [-0.283277, 0.959038, 0]]
    np.testing.assert_allclose(before.matrix[2], turned_by, atol=1e-5)
