"""Rotation and perspective against exact cases, the textbook projection, Pillow and torch."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from scipy.ndimage import map_coordinates

from signsight.core.errors import UserError
from signsight.data.imageset import image_writer, open_image_set, write_index
from signsight.perturbation.geometry import block_size, homography, make_warp, warp_images, warped_set

TRANSFORMS = ["rotation", "perspective_vertical", "perspective_horizontal"]
DEGREES = [-89, -70, -33, -5, 1, 8, 45, 60, 85]


def warped(images: np.ndarray, transform: str, degree: float, fill: str = "black") -> np.ndarray:
    height, width = images.shape[1:3]
    return warp_images(images, make_warp(homography(transform, degree, height, width), height, width, fill))


def noise(count: int = 3, height: int = 48, width: int = 48) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, height, width, 3), dtype=np.uint8)


def smooth(height: int = 48, width: int = 48) -> np.ndarray:
    """Pictures with soft structure of every grey level."""
    fine = np.random.default_rng(1).integers(0, 256, (2, 6, 6, 3), dtype=np.uint8)
    return np.stack(
        [np.asarray(Image.fromarray(i).resize((width, height), Image.Resampling.BICUBIC)) for i in fine]
    )


@pytest.mark.parametrize("transform", TRANSFORMS)
@pytest.mark.parametrize(("height", "width"), [(48, 48), (31, 50), (1, 7)])
def test_degree_0_changes_nothing(transform: str, height: int, width: int) -> None:
    images = noise(2, height, width)
    np.testing.assert_array_equal(warped(images, transform, 0), images)


@pytest.mark.parametrize("side", [48, 33])
@pytest.mark.parametrize(("degree", "turns"), [(90, 1), (-90, -1), (180, 2)])
def test_right_angles_are_exact_and_counterclockwise(side: int, degree: int, turns: int) -> None:
    images = noise(2, side, side)
    np.testing.assert_array_equal(warped(images, "rotation", degree), np.rot90(images, turns, axes=(1, 2)))


@pytest.mark.parametrize("transform", TRANSFORMS)
@pytest.mark.parametrize("degree", [-60, 20, 45])
def test_the_edge_is_repeated_as_scipy_does_it(transform: str, degree: int) -> None:
    """Inside, both fills are the same; outside, a pixel is what scipy's mode `nearest` makes of its place."""
    images, plain = smooth(40, 56), np.full((1, 40, 56, 3), 255, np.uint8)
    found, black = (warped(images, transform, degree, fill) for fill in ("edge", "black"))
    inside = warped(plain, transform, degree)[0, ..., 0] == 255
    assert 0.2 < inside.mean() < 0.95
    np.testing.assert_array_equal(found[:, inside], black[:, inside])
    np.testing.assert_array_equal(warped(plain, transform, degree, "edge"), plain)
    y, x = np.mgrid[:40, :56].reshape(2, -1)
    back = np.linalg.inv(homography(transform, degree, 40, 56)) @ np.stack([x, y, np.ones(x.size)])
    places = back[1::-1] / back[2]
    for image, own in zip(images, found, strict=True):
        for colour in range(3):
            theirs = map_coordinates(image[..., colour].astype(float), places, order=1, mode="nearest")
            np.testing.assert_allclose(own[..., colour].ravel(), theirs, atol=1.5)


@pytest.mark.parametrize("degree", [7, 30, 45])
def test_there_and_back_gives_the_centre_again(degree: int) -> None:
    images = smooth(96, 96)
    back = warped(warped(images, "rotation", degree), "rotation", -degree)
    centre = (slice(None), slice(24, 72), slice(24, 72))
    assert np.abs(back[centre].astype(int) - images[centre]).max() <= 4


@pytest.mark.parametrize("transform", TRANSFORMS)
@pytest.mark.parametrize("degree", DEGREES)
def test_pillow_finds_the_same(transform: str, degree: int) -> None:
    """Pillow's bilinear transform with the inverse homography, moved to its pixel centres at +0.5."""
    images = smooth(40, 56)
    matrix = homography(transform, degree, 40, 56)
    half = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
    inverse = half @ np.linalg.inv(matrix) @ np.linalg.inv(half)
    coefficients = (inverse / inverse[2, 2]).ravel()[:8]
    for own, image in zip(warped(images, transform, degree), images, strict=True):
        other = np.asarray(
            Image.fromarray(image).transform(
                (56, 40), Image.Transform.PERSPECTIVE, tuple(coefficients), Image.Resampling.BILINEAR
            )
        )
        inside = interior(matrix, 40, 56)
        assert np.abs(own[inside].astype(int) - other[inside]).max(initial=0) <= 2


def interior(matrix: np.ndarray, height: int, width: int, margin: float = 1.0) -> np.ndarray:
    """(H, W) bool: output pixels whose source lies well inside the picture."""
    y, x = np.mgrid[:height, :width]
    source = np.linalg.solve(matrix, np.stack([x.ravel(), y.ravel(), np.ones(x.size)]))
    with np.errstate(divide="ignore", invalid="ignore"):
        sx, sy = source[:2] / source[2]
    good = (source[2] > 0) & (sx >= margin) & (sx <= width - 1 - margin)
    return (good & (sy >= margin) & (sy <= height - 1 - margin)).reshape(height, width)


@pytest.mark.parametrize("degree", DEGREES)
def test_torch_finds_the_same_rotation_with_its_border(degree: int) -> None:
    images = noise()
    angle = np.deg2rad(degree)
    # from output to source, x right and y down, about the centre
    back = torch.tensor([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0]])
    grid = torch.nn.functional.affine_grid(back[None].expand(3, 2, 3), [3, 3, 48, 48], align_corners=False)
    pixels = torch.from_numpy(images).double().permute(0, 3, 1, 2)
    other = torch.nn.functional.grid_sample(pixels, grid, "bilinear", "zeros", align_corners=False)
    difference = warped(images, "rotation", degree) - other.permute(0, 2, 3, 1).numpy()
    assert np.abs(difference).max() <= 2  # three weights of 1/512 each, and half a grey level
    assert abs(difference.mean()) < 0.05


@pytest.mark.parametrize("transform", TRANSFORMS[1:])
@pytest.mark.parametrize("degree", DEGREES)
def test_the_matrix_is_the_textbook_projection(transform: str, degree: int) -> None:
    """A2 @ T @ R @ A1: to the plane z = 0, turned, moved by f from the camera, projected with f = d."""
    height, width = 40, 56
    focal = np.hypot(width, height)
    cx, cy = (width - 1) / 2, (height - 1) / 2
    cos, sin = np.cos(np.deg2rad(degree)), np.sin(np.deg2rad(degree))
    turn = np.eye(4)
    if transform == "perspective_vertical":  # the right side (x > 0) to larger z
        turn[np.ix_([0, 2], [0, 2])] = [[cos, -sin], [sin, cos]]
    else:  # the top (y < 0) to larger z
        turn[np.ix_([1, 2], [1, 2])] = [[cos, sin], [-sin, cos]]
    to_plane = np.array([[1, 0, -cx], [0, 1, -cy], [0, 0, 0], [0, 0, 1]])
    move = np.eye(4)
    move[2, 3] = focal
    project = np.array([[focal, 0, cx, 0], [0, focal, cy, 0], [0, 0, 1, 0]])
    textbook = project @ move @ turn @ to_plane
    own = homography(transform, degree, height, width)
    np.testing.assert_allclose(own / own[2, 2], textbook / textbook[2, 2], atol=1e-9)


def test_positive_degrees_move_the_right_side_and_the_top_away() -> None:
    white = np.full((1, 48, 48, 3), 255, np.uint8)
    seen = warped(white, "perspective_vertical", 50)[0, :, :, 0] > 128
    columns = np.flatnonzero(seen.any(0))
    assert seen[:, columns[0]].sum() > seen[:, columns[-1]].sum()
    seen = warped(white, "perspective_horizontal", 50)[0, :, :, 0] > 128
    rows = np.flatnonzero(seen.any(1))
    assert seen[rows[0]].sum() < seen[rows[-1]].sum()


@pytest.mark.parametrize("transform", TRANSFORMS[1:])
def test_opposite_degrees_are_mirror_images(transform: str) -> None:
    images = smooth()
    axis = 2 if transform == "perspective_vertical" else 1
    mirrored = np.flip(warped(np.flip(images, axis), transform, -40), axis)
    assert np.abs(warped(images, transform, 40).astype(int) - mirrored).max() <= 1


@pytest.mark.parametrize("transform", TRANSFORMS[1:])
@pytest.mark.parametrize("degree", [-90, 90])
def test_a_picture_seen_from_its_edge_is_black(transform: str, degree: int) -> None:
    assert not warped(noise(), transform, degree).any()


@pytest.mark.parametrize("transform", TRANSFORMS)
@pytest.mark.parametrize("degree", DEGREES)
@pytest.mark.parametrize("level", [1, 128, 255])
def test_a_level_picture_keeps_its_brightness_inside_and_is_black_outside(
    transform: str, degree: int, level: int
) -> None:
    images = np.full((1, 48, 48, 3), level, np.uint8)
    matrix = homography(transform, degree, 48, 48)
    out = warped(images, transform, degree)[0]
    assert (out[interior(matrix, 48, 48, 0)] == level).all()
    assert (out[~interior(matrix, 48, 48, -1)] == 0).all()
    assert out.max() <= level


def test_an_image_is_warped_alike_in_any_company() -> None:
    images = noise(40)
    together = warped(images, "rotation", 17)
    for n in (0, 17, 39):
        np.testing.assert_array_equal(warped(images[n : n + 1], "rotation", 17)[0], together[n])
    assert warped(images[:0], "rotation", 17).shape == (0, 48, 48, 3)


def test_an_unknown_transform_is_refused() -> None:
    with pytest.raises(UserError, match="Unknown transform 'shear'; there are rotation"):
        homography("shear", 3, 48, 48)


def test_a_set_is_warped_with_its_index_and_little_memory(tmp_path: Path) -> None:
    count = 3 * block_size(48, 48) + 5
    images = noise(count)
    index = pd.DataFrame(
        {"image_id": [f"{n:05d}" for n in range(count)], "class_id": 1, "track": "a", "source": "b"}
    )
    with image_writer(tmp_path / "in", count, 48, 48) as writer:
        writer.append(images)
    write_index(tmp_path / "in", index)
    tracemalloc.start()
    warped_set(open_image_set(tmp_path / "in"), tmp_path / "out", "perspective_vertical", 30)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    result = open_image_set(tmp_path / "out")
    np.testing.assert_array_equal(result.images.read(0, count), warped(images, "perspective_vertical", 30))
    pd.testing.assert_frame_equal(result.index, open_image_set(tmp_path / "in").index)
    assert peak < 12 << 20  # some six copies of a block of 1 MiB and a buffer
