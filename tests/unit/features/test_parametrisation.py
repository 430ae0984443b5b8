"""Pixels, Fourier and MACO: what their pictures start as and what they keep, and the spectrum of pictures."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch

from signsight.core.errors import UserError
from signsight.core.registry import parametrisations
from signsight.core.rng import generator
from signsight.features.colour import MATRIX, correlated, decorrelated
from signsight.features.parametrisation import (
    Fourier,
    Maco,
    Pixels,
    Start,
    frequencies,
    spectrum_scale,
)
from signsight.features.spectrum import EDGE, natural_magnitude

CPU = torch.device("cpu")
SIDES = [(16, 16), (15, 15), (12, 17), (17, 12), (14, 10), (9, 13)]


def start(sides: tuple[int, int], count: int = 2, seed: int = 0, **fields: Any) -> Start:
    streams = [generator(seed, "start", one) for one in range(count)]
    return Start(streams, sides, CPU, torch.float64, **fields)


def images(count: int, sides: tuple[int, int], seed: int = 0) -> np.ndarray:
    """Grey levels within the range that the spectrum of pictures takes as it is."""
    low, high = np.ceil(255 * EDGE), np.floor(255 * (1 - EDGE))
    drawn = np.random.default_rng(seed).integers(low, high, (count, *sides, 3), endpoint=True)
    return drawn.astype(np.uint8)


def before_the_sigmoid(picture: torch.Tensor) -> torch.Tensor:
    return decorrelated(torch.logit(picture))


def test_colours_there_and_back() -> None:
    values = torch.randn(2, 3, 5, 7, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(correlated(decorrelated(values)), values, rtol=0, atol=1e-5)
    exact = values.double()
    torch.testing.assert_close(decorrelated(correlated(exact)), exact, rtol=0, atol=1e-12)


def test_colours_are_mixed_by_the_matrix_at_every_pixel() -> None:
    values = torch.randn(2, 3, 5, 7, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    expected = np.einsum("ij,bjhw->bihw", MATRIX, values.numpy())
    np.testing.assert_allclose(correlated(values).numpy(), expected, atol=1e-12)
    assert np.linalg.norm(MATRIX, axis=0).max() == pytest.approx(1)


def test_the_first_uncorrelated_channel_is_nearly_grey() -> None:
    grey = correlated(torch.tensor([1.0, 0, 0]).view(1, 3, 1, 1)).flatten()
    assert grey.max() - grey.min() < 0.05 * grey.mean()


def test_frequencies_and_scale_by_hand() -> None:
    expected = [[0, 0.25, 0.5], [0.25, np.hypot(0.25, 0.25), np.hypot(0.25, 0.5)]]
    np.testing.assert_allclose(frequencies((4, 4))[:2], expected)
    np.testing.assert_allclose(frequencies((4, 4))[3], frequencies((4, 4))[1])
    assert frequencies((4, 5)).shape == (4, 3)
    np.testing.assert_allclose(frequencies((4, 5))[0], [0, 0.2, 0.4])

    scale = spectrum_scale((4, 8))
    assert scale[0, 0] == 8  # zero as one cycle in the longer side
    assert scale[0, 1] == 8 and scale[0, 2] == 4 and scale[1, 0] == 4
    assert scale[2, 4] == pytest.approx(1 / np.hypot(0.5, 0.5))
    np.testing.assert_allclose(spectrum_scale((4, 8), 2.0), scale**2)
    np.testing.assert_allclose(spectrum_scale((4, 8), 0.0), 1)


@pytest.mark.parametrize(("decay", "slope"), [(1.0, -2.0), (0.5, -1.0), (0.0, 0.0)])
def test_a_white_spectrum_makes_power_that_falls_with_frequency(decay: float, slope: float) -> None:
    sides = (64, 64)
    picture = Fourier(start(sides, 24), spread=1.0, decay=decay).picture().detach()
    power = torch.fft.rfft2(before_the_sigmoid(picture)).abs().square().mean((0, 1)).numpy()
    where = frequencies(sides)
    where[:, [0, -1]] = np.nan  # opposite frequencies share these columns, and their power
    edges = np.geomspace(3 / 64, 0.45, 12)
    rings = [(where >= low) & (where < high) for low, high in pairwise(edges)]
    radius = [np.log(where[ring]).mean() for ring in rings]
    found = np.polyfit(radius, [np.log(power[ring].mean()) for ring in rings], 1)[0]
    assert found == pytest.approx(slope, abs=0.1)


@pytest.mark.parametrize("sides", SIDES)
def test_fourier_starts_near_grey_and_any_spectrum_is_allowed(sides: tuple[int, int]) -> None:
    made = Fourier(start(sides))
    picture = made.picture()
    assert picture.shape == (2, 3, *sides)
    assert (picture - 0.5).abs().max() < 0.1 and picture.std() > 1e-4
    before = made.spectrum.detach().clone()
    made.settle()
    assert torch.equal(made.spectrum, before)


def test_fourier_by_hand_has_one_wave_of_one_frequency() -> None:
    made = Fourier(start((8, 8), 1), decay=1.0)
    with torch.no_grad():
        made.spectrum.zero_()
        made.spectrum[0, 0, 0, 2, 0] = 1  # two cycles across, first uncorrelated channel
    across = np.cos(2 * np.pi * 2 * np.arange(8) / 8) * 2 / 8  # both halves of it; orthonormal
    wave = across * (1 / (2 / 8)) / 4
    expected = 1 / (1 + np.exp(-MATRIX[:, 0, None, None] * wave))
    np.testing.assert_allclose(
        made.picture()[0].detach().numpy(), np.broadcast_to(expected, (3, 8, 8)), atol=1e-9
    )


def test_pixels_start_within_their_limits_or_from_a_picture() -> None:
    values = Pixels(start((30, 20), 4), low=0.2, high=0.6).picture()
    assert values.shape == (4, 3, 30, 20)
    assert 0.2 <= values.min() < 0.21 and 0.59 < values.max() <= 0.6
    given = torch.rand(2, 3, 30, 20, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    before = given.clone()
    made = Pixels(start((30, 20), 2, picture=given))
    assert torch.equal(made.picture(), given)
    with torch.no_grad():
        made.variables[0].add_(1)
    assert torch.equal(given, before)


def test_pixels_settle_between_0_and_1() -> None:
    made = Pixels(start((6, 6)))
    with torch.no_grad():
        made.values[0, 0, 0, :3] = torch.tensor([-0.5, 0.25, 1.5], dtype=torch.float64)
    made.settle()
    assert made.picture()[0, 0, 0, :3].tolist() == [0, 0.25, 1]
    assert made.picture().requires_grad


@pytest.mark.parametrize("name", ["pixels", "fourier", "maco"])
def test_a_picture_depends_on_its_own_generator_alone(name: str) -> None:
    magnitude = natural_magnitude([images(4, (12, 17))])

    def made(keys: list[int]) -> torch.Tensor:
        streams = [generator(0, "start", key) for key in keys]
        one = Start(streams, (12, 17), CPU, torch.float64, magnitude=magnitude)
        return parametrisations.get(name)(one).picture().detach()

    torch.testing.assert_close(made([5, 3, 8])[1:2], made([3]), rtol=0, atol=1e-12)
    assert not torch.allclose(made([5]), made([3]))


def magnitude_error(made: Maco, magnitude: np.ndarray) -> float:
    """Largest relative error of the magnitude of the pictures before the sigmoid."""
    found = torch.fft.rfft2(before_the_sigmoid(made.picture().detach())).abs().numpy()
    return float((np.abs(found - np.abs(magnitude)) / np.abs(magnitude)).max())


@pytest.mark.parametrize("sides", SIDES)
@pytest.mark.parametrize("optimiser", [torch.optim.NAdam, torch.optim.SGD])
def test_maco_keeps_the_magnitude_at_every_frequency(
    sides: tuple[int, int], optimiser: type[torch.optim.Optimizer]
) -> None:
    magnitude = natural_magnitude([images(6, sides)]) / 4  # far from 0 and 1, where a logit loses digits
    made = Maco(start(sides, magnitude=magnitude))
    assert magnitude_error(made, magnitude) < 1e-5
    wanted = torch.rand(2, 3, *sides, dtype=torch.float64, generator=torch.Generator().manual_seed(3))
    steps, first = optimiser(made.variables, lr=1.0), made.picture().detach()
    for _ in range(6):
        steps.zero_grad()
        (made.picture() - wanted).square().sum().backward()
        steps.step()
        made.settle()
    assert (made.picture() - first).abs().max() > 0.01
    assert magnitude_error(made, magnitude) < 1e-5


@pytest.mark.parametrize("sides", SIDES)
def test_one_picture_comes_back_from_its_own_magnitude_and_phases(sides: tuple[int, int]) -> None:
    one = images(1, sides)
    pixels = torch.from_numpy(one).permute(0, 3, 1, 2).double() / 255
    made = Maco(start(sides, 1, magnitude=natural_magnitude([one])))
    with torch.no_grad():
        made.phases.copy_(torch.fft.rfft2(before_the_sigmoid(pixels)).angle())
    # a picture of 8 bits divided by 255 in float32, as pictures are everywhere
    torch.testing.assert_close(made.picture().detach(), pixels, rtol=0, atol=1e-6)


def test_only_at_its_own_opposites_a_magnitude_has_a_sign() -> None:
    found = natural_magnitude([images(5, (8, 10), seed=2)])
    own = np.zeros((8, 6), bool)
    own[np.ix_([0, 4], [0, 5])] = True
    assert (found[:, ~own] > 0).all() and (found[:, own] < 0).any()
    odd = natural_magnitude([images(5, (7, 9), seed=2)])
    assert (odd[:, 1:] > 0).all() and (odd[:, :, 1:] > 0).all()


def test_a_magnitude_with_a_sign_is_the_mean_of_what_is_real() -> None:
    grey = np.full((2, 8, 8, 3), 64, np.uint8)
    grey[1] = 160
    found = natural_magnitude([grey])
    logits = torch.logit(torch.tensor([64, 160], dtype=torch.float64) / 255)
    flat = decorrelated(logits.view(2, 1, 1, 1).expand(2, 3, 8, 8))
    np.testing.assert_allclose(found[:, 0, 0], flat.sum((2, 3)).mean(0).numpy(), rtol=1e-5)
    np.testing.assert_allclose(found.reshape(3, -1)[:, 1:], 0, atol=1e-9)


def test_pictures_in_batches_are_pictures_in_one() -> None:
    several = images(11, (9, 12))
    whole = natural_magnitude([several])
    assert whole.shape == (3, 9, 7) and whole.dtype == np.float64
    parts = natural_magnitude(several[k : k + 4] for k in range(0, 11, 4))
    np.testing.assert_allclose(parts, whole, rtol=1e-9)


def test_black_and_white_pixels_have_a_finite_spectrum() -> None:
    sharp = np.zeros((1, 8, 8, 3), np.uint8)
    sharp[:, ::2] = 255
    assert np.isfinite(natural_magnitude([sharp])).all()


def test_maco_refuses_no_spectrum_and_one_of_another_size() -> None:
    with pytest.raises(UserError, match="needs the spectrum"):
        Maco(start((8, 8)))
    with pytest.raises(UserError, match=r"\(3, 8, 5\).*8 x 10 px need \(3, 8, 6\)"):
        Maco(start((8, 10), magnitude=natural_magnitude([images(2, (8, 8))])))
