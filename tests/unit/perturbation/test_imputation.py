"""Noisy linear imputation against a sparse direct solver and closed forms."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.sparse import lil_matrix
from scipy.sparse.linalg import spsolve

from signsight.perturbation.imputation import impute

WEIGHTS = {
    (a, b): 1 / 6 if 0 in (a, b) else 1 / 12 for a in (-1, 0, 1) for b in (-1, 0, 1) if (a, b) != (0, 0)
}


def solved(image: np.ndarray, hidden: np.ndarray) -> np.ndarray:
    """One colour (H, W), pixel by pixel: the paper's system by a direct sparse solver."""
    height, width = image.shape
    number = {place: n for n, place in enumerate(zip(*np.nonzero(hidden), strict=True))}
    matrix, right = lil_matrix((len(number),) * 2), np.zeros(len(number))
    for (row, column), n in number.items():
        for (down, across), weight in WEIGHTS.items():
            place = (row + down, column + across)
            if not (0 <= place[0] < height and 0 <= place[1] < width):
                continue
            matrix[n, n] += weight
            if place in number:
                matrix[n, number[place]] -= weight
            else:
                right[n] += weight * image[place]
    out = image.copy()
    out[hidden] = spsolve(matrix.tocsc(), right)
    return out


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("kind", ["scattered", "one hole"])
@pytest.mark.parametrize("size", [(12, 12), (33, 20)])
def test_every_hidden_pixel_solves_the_system(share: float, kind: str, size: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    images = rng.random((2, 3, *size), dtype=np.float32)
    field = rng.random((2, 1, *size))
    if kind == "one hole":
        rows, columns = np.ogrid[: size[0], : size[1]]
        field = np.broadcast_to((rows + columns / 100.0)[None, None], field.shape)
    hidden = np.stack([f < np.quantile(f, share) for f in field])
    found = impute(torch.from_numpy(images), torch.from_numpy(hidden)).numpy()
    for image, mask, mine in zip(images, hidden, found, strict=True):
        for colour, own in zip(image, mine, strict=True):
            np.testing.assert_allclose(own, solved(colour.astype(np.float64), mask[0]), atol=2e-3)


def test_a_ramp_is_restored_where_a_hole_lies_inside_it() -> None:
    """A linear picture is its own mean of neighbours."""
    ramp = torch.linspace(0, 1, 24).expand(1, 3, 24, 24)
    hidden = torch.zeros(1, 1, 24, 24, dtype=torch.bool)
    hidden[..., 5:19, 7:20] = True
    torch.testing.assert_close(impute(ramp, hidden), ramp, atol=1e-3, rtol=0)


def test_a_picture_does_not_see_its_batch_nor_what_is_hidden() -> None:
    torch.manual_seed(0)
    images, hidden = torch.rand(4, 3, 20, 20), torch.rand(4, 1, 20, 20) < torch.rand(4, 1, 1, 1)
    together = impute(images, hidden)
    alone = torch.cat([impute(images[n : n + 1], hidden[n : n + 1]) for n in range(4)])
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=0)
    other = torch.where(hidden, torch.rand_like(images), images)
    torch.testing.assert_close(impute(other, hidden), together, atol=0, rtol=0)
    assert torch.equal(torch.where(hidden, 0, together), torch.where(hidden, 0, images))


def test_a_picture_of_which_nothing_is_known_becomes_black() -> None:
    assert not impute(torch.rand(1, 3, 16, 16), torch.ones(1, 1, 16, 16, dtype=torch.bool)).any()
