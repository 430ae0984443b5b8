"""What the explorer says of changed images: the metric's own order, the engine's own fills, the stickers."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from signsight.core.registry import replacements
from signsight.evaluation.engine import Fills, Hiding, pixel_order, ranks
from signsight.evaluation.metrics.deletion_insertion import deletion
from signsight.explorer.whatif import _fill, _rectangles, removal_steps
from signsight.perturbation.stickers import put_stickers
from small_models import block_of, gap, noise_maps

COUNT, SIZE = 4, 16
DESIGN = {"width": 90, "height": 160, "picture": "stripes"}


def tied_maps() -> np.ndarray:
    """Maps with many equal pixels, zeros of both signs, and one that is zero everywhere."""
    maps = noise_maps(COUNT, SIZE).round(0)
    maps[1] = np.where(maps[1] < 0, -0.0, maps[1])
    maps[2] = 0
    return maps


@pytest.mark.parametrize("steps", [1, 7, 100, SIZE * SIZE])
def test_pixels_go_at_the_step_at_which_the_metric_hides_them(steps: int) -> None:
    """Held against the images that the metric itself makes."""
    block = block_of(gap(5, SIZE), COUNT, tied_maps())
    x = deletion(block, steps=steps).x
    counts = np.rint(x * SIZE * SIZE).astype(int)
    found = removal_steps(block.maps, counts)
    clean = torch.from_numpy(block.images).permute(0, 3, 1, 2).float() / 255
    turns = ranks(pixel_order(block.maps)).int().view(COUNT, 1, SIZE, SIZE)
    red = torch.tensor([2.0, 2.0, 2.0]).view(1, 3, 1, 1)  # a value that no pixel has
    for step in range(1, steps + 1):
        hiding = Hiding(block, clean, turns, torch.tensor([counts[step]]), lambda image: red)
        pairs = type("Pairs", (), {"numbers": range(COUNT)})
        hidden = (hiding(pairs) == 2).all(1).numpy()
        np.testing.assert_array_equal(found < step, hidden)


def test_steps_are_small_numbers_where_they_can_be() -> None:
    maps = noise_maps(2, SIZE)
    assert removal_steps(maps, np.arange(0, 257, 2)).dtype == np.uint8
    assert removal_steps(maps, np.arange(257)).dtype == np.uint16


def test_a_pixel_that_is_never_hidden_has_the_number_of_steps() -> None:
    found = removal_steps(noise_maps(1, SIZE), np.array([0, 10, 20]))
    assert np.bincount(found.ravel()).tolist() == [10, 10, SIZE * SIZE - 20]


@pytest.mark.parametrize("name", sorted(replacements.names()))
def test_fills_are_those_of_the_engine(name: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    model = gap(5, SIZE)
    block = block_of(model, COUNT)
    told = tmp_path_factory.mktemp("model") / "model.json"
    mean, std = (getattr(model, key).tolist() for key in ("mean", "std"))
    told.write_text(f'{{"mean": {mean}, "std": {std}}}')
    found = _fill(block.images, block.ids, name, block.seed, told)
    fills = Fills(block, name)
    expected = np.stack([fills(n)[0].permute(1, 2, 0).numpy() for n in range(COUNT)])
    expected = np.clip(np.rint(expected * 255), 0, 255)
    if isinstance(found, np.ndarray):
        np.testing.assert_array_equal(np.broadcast_to(found, expected.shape), expected)
    else:
        assert len(found["sprites"]) == COUNT and found["size"] == [SIZE, SIZE]
    constant = name in ("zero", "gray", "white", "normalised_zero", "normalised_gray")
    assert isinstance(found, np.ndarray) == constant


def test_rectangles_hold_all_that_a_sticker_changes() -> None:
    rng = np.random.default_rng(0)
    images = rng.integers(60, 200, (40, 48, 48, 3), np.uint8)
    cells, widths = rng.integers(-1, 64, 40), rng.choice([420.0, 655.0, 900.0], 40)
    stuck = put_stickers(images, cells, widths, DESIGN, 8)
    boxes = _rectangles(cells, widths, DESIGN, 48, 8)
    for before, after, cell, (left, top, right, bottom) in zip(images, stuck, cells, boxes, strict=True):
        changed = (before != after).any(2)
        inside = np.zeros_like(changed)
        inside[top:bottom, left:right] = True
        assert not (changed & ~inside).any()
        assert (cell < 0) == (right == 0)
        if cell >= 0:  # and no more: each edge has a changed pixel, or is covered by a hair
            assert changed[top + 1 : bottom - 1, left + 1 : right - 1].mean() > 0.95
