"""Pictures as squares: the centre as torchvision's transforms cut it, and stretched."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torchvision
from PIL import Image
from torchvision.transforms import v2

from signsight.data.centre import centre_mode
from signsight.data.fit import fit
from signsight.models.names import torchvision_names
from signsight.models.weights import preprocessing

PICTURES = sorted((Path(__file__).parents[4] / "shared/pictures").glob("*/*.[pJ]*[gG]"))


def torchvision_fit(image: Image.Image, size: int, short: int) -> np.ndarray:
    return np.asarray(v2.Compose([v2.Resize(short), v2.CenterCrop(size)])(image))


def noise(height: int, width: int, seed: int = 0) -> Image.Image:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


@pytest.mark.skipif(not PICTURES, reason="no pictures in ../shared/pictures")
def test_real_pictures_are_as_torchvision_has_them() -> None:
    shapes = set()
    for path in PICTURES:
        image = Image.open(path).convert("RGB")
        found = fit(image, 224, "centre_crop")
        assert found.shape == (224, 224, 3) and found.dtype == np.uint8
        assert np.array_equal(found, torchvision_fit(image, 224, 256)), path.name
        # torch's own resampling, which shares no code with Pillow's
        tensor = v2.CenterCrop(224)(v2.Resize(256, antialias=True)(v2.functional.pil_to_tensor(image)))
        assert np.abs(found - tensor.permute(1, 2, 0).numpy().astype(float)).max() <= 2, path.name
        shapes.add(image.size)
    assert len(shapes) > 1


@pytest.mark.parametrize(("size", "short"), [(224, 256), (64, 73), (112, 128), (299, 342), (16, 18)])
@pytest.mark.parametrize("shape", [(301, 200), (200, 301), (33, 47), (256, 256), (257, 512), (90, 901)])
def test_any_shape_is_as_torchvision_has_it(shape: tuple[int, int], size: int, short: int) -> None:
    image = noise(*shape)
    assert np.array_equal(fit(image, size, "centre_crop"), torchvision_fit(image, size, short))


@pytest.mark.parametrize(
    ("name", "weights", "size"),
    [
        ("resnet50", "DEFAULT", 224),
        ("efficientnet_b2", "DEFAULT", 288),
        ("vit_b_16", "IMAGENET1K_SWAG_E2E_V1", 384),
        ("inception_v3", "DEFAULT", 299),
        ("resnet18", "IMAGENET1K_V1", 224),
    ],
)
@pytest.mark.parametrize("shape", [(301, 200), (90, 901), (700, 650)])
def test_the_centre_is_cut_as_the_weights_were_evaluated(
    name: str, weights: str, size: int, shape: tuple[int, int]
) -> None:
    own = torchvision.models.get_model_weights(name)[weights].transforms()
    resized = v2.Resize(own.resize_size[0], interpolation=own.interpolation)
    expected = v2.CenterCrop(own.crop_size[0])(resized(noise(*shape)))
    found = fit(noise(*shape), size, centre_mode(*preprocessing(name, weights)))
    assert np.array_equal(found, np.asarray(expected))


def test_the_preprocessing_is_that_of_torchvision() -> None:
    """Read from its source, without importing it, for every classifier and all of its weights."""
    for name in torchvision_names():
        for weights in torchvision.models.get_model_weights(name):
            own = weights.transforms()
            told = own.resize_size[0], own.crop_size[0], own.interpolation.value
            assert preprocessing(name, weights.name) == told, weights


def test_a_picture_of_the_resized_size_is_only_cut() -> None:
    image = noise(256, 256)
    assert np.array_equal(fit(image, 224, "centre_crop"), np.asarray(image)[16:240, 16:240])


def test_stretching_keeps_the_whole_picture() -> None:
    image = noise(40, 30)
    expected = np.asarray(image.resize((24, 24), Image.Resampling.LANCZOS))
    assert np.array_equal(fit(image, 24, "stretch"), expected)
    assert np.array_equal(fit(noise(24, 24), 24, "stretch"), np.asarray(noise(24, 24)))


def test_a_box_is_the_part_that_is_used() -> None:
    image, box = noise(80, 90), (10, 20, 70, 75)
    cut = image.crop(box)
    assert np.array_equal(fit(image, 24, "centre_crop", box), fit(cut, 24, "centre_crop"))
    # at the edge of the box Lanczos sees the pixels beyond it too, further in nothing else
    inner = fit(image, 24, "stretch", box)[4:-4, 4:-4]
    assert np.array_equal(inner, fit(cut, 24, "stretch")[4:-4, 4:-4])
