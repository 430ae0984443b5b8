"""The Fourier parametrisation, the transforms and diversity agree with lucent (Lucid for torch).

lucent shifts one way, by whole pixels that its kornia meets only roughly; it enlarges from corner to corner,
and the size of the picture with it. So shifts and scales are compared in where a soft blob goes and how large
it becomes; spectra, colours, turns of square pictures and objectives number by number.
"""

from __future__ import annotations

import warnings
from types import ModuleType

import numpy as np
import pytest
import torch

from signsight.attribution.target import parse
from signsight.core.registry import transforms
from signsight.features.objectives import Diverse, OfTarget
from signsight.features.parametrisation import Fourier, Start
from signsight.features.transforms import GREY, Draws, viewed
from signsight.models.classifier import to_pixels
from small_models import gap, pictures

pytestmark = pytest.mark.oracles
WHY = "torch-lucent needs an old kornia: not installed here"
SIDE = 40


def lucent(name: str) -> ModuleType:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its kornia is of another time
        return pytest.importorskip(f"lucent.optvis.{name}", reason=WHY)


class Largest:
    """Draws the upper end of every range."""

    def uniform(self, low: float, high: float, shape: tuple[int, ...]) -> np.ndarray:
        return np.full(shape, high)


def ours(name: str, picture: torch.Tensor, **parameters: float) -> torch.Tensor:
    """A picture (1, 3, H, W) around 0 through the largest draw of a transform, 0 outside."""
    draws = Draws(1, 1, (picture.shape[2], picture.shape[3]))
    found = transforms.get(name)(draws, Largest(), **parameters)[0, :, :2]
    return viewed(picture + GREY, torch.from_numpy(found).float()) - GREY


def blob(sides: tuple[int, int], down: float, right: float, size: float = 3.0) -> torch.Tensor:
    rows, columns = np.mgrid[: sides[0], : sides[1]]
    away = (rows - down) ** 2 + (columns - right) ** 2
    return torch.from_numpy(np.exp(-away / 2 / size**2)).float().expand(1, 3, *sides).contiguous()


def moments(picture: torch.Tensor) -> tuple[np.ndarray, float]:
    """Centre (row, column) relative to the middle of the picture, and standard deviation, of a blob."""
    weight = picture[0, 0].double().cpu().numpy()
    places = np.mgrid[: weight.shape[0], : weight.shape[1]].astype(float)
    places -= (np.array(weight.shape)[:, None, None] - 1) / 2
    centre = (places * weight).sum((1, 2)) / weight.sum()
    away = ((places - centre[:, None, None]) ** 2).sum(0)
    return centre, float(np.sqrt((away * weight).sum() / weight.sum() / 2))


@pytest.mark.parametrize("decay", [1.0, 0.5])
@pytest.mark.parametrize("sides", [(48, 48), (33, 33), (24, 30), (30, 25), (25, 36)])
def test_the_same_spectrum_makes_the_same_picture(sides: tuple[int, int], decay: float) -> None:
    torch.manual_seed(0)
    (spectrum,), plain = lucent("param.spatial").fft_image([2, 3, *sides], sd=0.5, decay_power=decay)
    expected = lucent("param.color").to_valid_rgb(plain, decorrelate=True)().detach().cpu()
    streams = [np.random.default_rng(one) for one in range(2)]
    made = Fourier(Start(streams, sides, torch.device("cpu")), decay=decay)
    with torch.no_grad():  # an odd width has one frequency more there, which is cut off
        made.spectrum.copy_(spectrum[..., : made.spectrum.shape[3], :].cpu())
    assert expected.std() > 0.03
    torch.testing.assert_close(made.picture().detach(), expected, rtol=0, atol=2e-6)


def test_pictures_start_with_as_much_contrast() -> None:
    torch.manual_seed(0)
    _, image = lucent("param.images").image(SIDE, batch=64)
    expected = torch.logit(image().detach().cpu()).std()
    streams = [np.random.default_rng(one) for one in range(64)]
    found = torch.logit(Fourier(Start(streams, (SIDE, SIDE), torch.device("cpu"))).picture()).std()
    assert found.item() == pytest.approx(expected.item(), rel=0.05)


@pytest.mark.parametrize("degrees", [5, 30, 90])
def test_turns_of_a_square_picture_are_the_same_in_the_same_direction(degrees: int) -> None:
    library = lucent("transform")
    picture = torch.rand(1, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(0)) - 0.5
    expected = library.random_rotate([degrees])(picture.to(library.device)).cpu()
    torch.testing.assert_close(ours("rotation", picture, degrees=degrees), expected, rtol=0, atol=2e-5)


@pytest.mark.parametrize("degrees", [5, 30])
def test_a_blob_of_a_picture_that_is_not_square_turns_likewise(degrees: int) -> None:
    library = lucent("transform")
    picture = blob((30, 50), 10.0, 30.0)
    expected, size = moments(library.random_rotate([degrees])(picture.to(library.device)))
    found, own = moments(ours("rotation", picture, degrees=degrees))
    np.testing.assert_allclose(found, expected, atol=0.1)
    assert own == pytest.approx(size, rel=0.01)


@pytest.mark.parametrize("pixels", [1, 4, 7])
def test_a_shift_moves_a_blob_by_its_pixels(pixels: int, monkeypatch: pytest.MonkeyPatch) -> None:
    library = lucent("transform")
    monkeypatch.setattr(np.random, "choice", lambda count: count - 1)
    picture = blob((SIDE, SIDE), 18.0, 20.0)
    expected, _ = moments(library.jitter(pixels + 1)(picture.to(library.device)))
    before, _ = moments(picture)
    # its largest draw moves the picture to the right and down, ours where it is looked at
    found, _ = moments(ours("shift", picture, share=pixels / SIDE))
    np.testing.assert_allclose(before - found, [pixels, pixels], atol=1e-3)
    np.testing.assert_allclose(expected - before, before - found, atol=0.3)


@pytest.mark.parametrize("factor", [1.04, 1.1])
def test_a_scale_makes_a_blob_as_large(factor: float) -> None:
    library = lucent("transform")
    picture = blob((SIDE, SIDE), 16.0, 21.0)
    expected, size = moments(library.random_scale([factor])(picture.to(library.device)))
    found, own = moments(ours("scale", picture, share=factor - 1))
    assert own == pytest.approx(size, rel=0.02)  # it enlarges from corner to corner, to whole pixels
    np.testing.assert_allclose(found, expected, atol=0.3)


def test_channels_neurons_and_diversity_are_the_same_objectives() -> None:
    library = lucent("objectives")
    model, count = gap().double(), 3
    images = to_pixels(pictures(count, 16)).double()
    maps = model.network.features(model.normalise(images))
    assert maps.shape[2:] == (8, 8)

    def layer(name: str) -> torch.Tensor:
        return maps

    def value(**unit: object) -> torch.Tensor:
        target = parse({"layer": "features", **unit}, "logit", "key")
        bound = target.bind(model, images, np.zeros(count, int), [""] * count)
        return OfTarget(bound)(model, images, torch.arange(count))

    channel = library.channel("features", 2)
    torch.testing.assert_close(value(channel=2).mean(), -channel(layer))
    neuron = library.neuron("features", 4)  # the one in the middle
    torch.testing.assert_close(value(channel=4, at=[4, 4]).mean(), -neuron(layer))

    target = parse({"layer": "features", "channel": 2}, "logit", "key")
    inner = OfTarget(target.bind(model, images, np.zeros(count, int), [""] * count))
    scores = Diverse(inner, "features", "key", 1.0, group=count)(model, images, torch.arange(count))
    alike = value(channel=2) - scores  # the mean over the others; theirs is the sum
    torch.testing.assert_close(alike.mean() * (count - 1), -library.diversity("features")(layer))
    assert alike.min() > 0
