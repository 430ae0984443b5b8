"""Occlusion and RISE against closed forms of linear models and slow loops."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from signsight.attribution.occlusion import occlusion
from signsight.attribution.rise import mask_groups, rise
from signsight.attribution.target import Classes
from signsight.attribution.task import Task
from signsight.core.errors import UserError
from signsight.core.rng import generator
from signsight.models.classifier import Classifier
from small_models import MEAN, STD, classifier, gap, linear

IDS = ["a", "b", "c"]


def some(size: int = 12) -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(1)
    return torch.rand(3, 3, size, size), torch.arange(3)


def task(model: Classifier, batch_size: int = 64, seed: int = 0) -> Task:
    return Task(model, None, seed, batch_size)


def windows(side: int, window: int, stride: int) -> list[slice]:
    """Starts every `stride`, until one reaches the border."""
    found, start = [], 0
    while True:
        found.append(slice(start, min(start + window, side)))
        if start + window >= side:
            return found
        start += stride


@pytest.mark.parametrize(("window", "stride"), [(4, 4), (5, 3), (12, 1), (1, 1), (7, 7)])
def test_occlusion_of_a_linear_model_in_closed_form(window: int, stride: int) -> None:
    """A hidden window costs the sum of weight * (pixel - fill); a pixel gets the mean of its windows."""
    model, fill = linear(4, 12), (0.1, 0.9, 0.4)
    images, targets = some()
    weights = model.network[1].weight.detach().view(4, 3, 12, 12)[targets] / torch.tensor(STD).view(3, 1, 1)
    shares = (weights * (images - torch.tensor(fill).view(3, 1, 1))).sum(1)
    total, count = torch.zeros(3, 12, 12), torch.zeros(12, 12)
    for down in windows(12, window, stride):
        for across in windows(12, window, stride):
            total[:, down, across] += shares[:, down, across].sum((1, 2), keepdim=True)
            count[down, across] += 1
    assert count.min() >= 1
    with torch.no_grad():
        found = occlusion(task(model), images, Classes(targets), IDS, window, stride, fill)
    torch.testing.assert_close(found, total / count, rtol=1e-4, atol=1e-5)


def test_a_planted_block_is_found_exactly() -> None:
    """Only a 3 x 3 block matters: with that window and stride, it alone gets a value, that of the score."""
    weight = torch.zeros(1, 3, 12, 12)
    weight[:, :, 3:6, 6:9] = 1
    network = nn.Sequential(nn.Flatten(), nn.Linear(432, 1))
    with torch.no_grad():
        network[1].weight.copy_(weight.flatten(1))
    model = classifier(network, 1, 12)
    images, _ = some()
    found = occlusion(task(model), images, Classes(torch.zeros(3, dtype=torch.int64)), IDS, 3, 3)
    expected = torch.zeros(3, 12, 12)
    expected[:, 3:6, 6:9] = model.normalise(images)[:, :, 3:6, 6:9].sum((1, 2, 3)).view(3, 1, 1)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
    least = found[:, 3:6, 6:9].abs().amin((1, 2))
    elsewhere = torch.where(expected == 0, found, 0).abs().amax((1, 2))
    assert (least > 1000 * elsewhere).all()


@pytest.mark.parametrize(
    ("height", "width", "window", "stride"),
    [(9, 14, 5, 3), (17, 8, 5, 3), (112, 112, 16, 7)],
)
def test_every_corner_is_hidden_and_keeps_its_place(
    height: int, width: int, window: int, stride: int
) -> None:
    """One pixel in a corner matters: it and what every window hides with it have the highest value.

    With such windows, 32 px every 14 of 224, a study never hid the last 10 pixels, and transposed its maps.
    """
    images, targets = torch.full((1, 3, height, width), 0.9), Classes(torch.zeros(1, dtype=torch.int64))
    for row, column in ((0, width - 1), (height - 1, width - 1)):
        network = nn.Sequential(nn.Flatten(), nn.Linear(3 * height * width, 1))
        with torch.no_grad():
            network[1].weight.zero_().view(3, height, width)[:, row, column] = 1
        model = classifier(network, 1, height)
        found = occlusion(task(model), images, targets, IDS[:1], window, stride)[0]
        highest = torch.isclose(found, found.max())
        assert found.max() > 0 and highest[row, column]
        away = highest.nonzero() - torch.tensor([row, column])
        assert away.abs().max() < window


def test_what_null_stands_for() -> None:
    """A seventh and a sixteenth of the side, and the mean colour of the normalisation."""
    model = gap(size=48)
    images, targets = some(48)
    found = occlusion(task(model), images, Classes(targets), IDS)
    torch.testing.assert_close(found, occlusion(task(model), images, Classes(targets), IDS, 7, 3, MEAN))


@pytest.mark.parametrize(
    ("window", "stride", "message"),
    [(13, 1, r"window' is 13, more than the 12"), (2, 3, r"stride' comes to 3")],
)
def test_windows_that_do_not_fit_are_refused(window: int, stride: int, message: str) -> None:
    with pytest.raises(UserError, match=message):
        occlusion(task(linear()), some()[0], Classes(some()[1]), IDS, window, stride)


def slow_masks(count: int, cells: int, p: float, side: int, seed: int) -> list[torch.Tensor]:
    """Masks by the words of the paper: grid, enlarged bilinearly, cut out at random."""
    cell = -(-side // cells)
    found = []
    for k in range(count):
        source = generator(seed, "rise", k)
        grid = torch.from_numpy((source.random((cells, cells)) < p).astype(np.float32))
        large = F.interpolate(grid[None, None], size=[(cells + 1) * cell] * 2, mode="bilinear")[0, 0]
        y, x = source.integers((cell, cell))
        found.append(large[y : y + side, x : x + side])
    return found


@torch.no_grad()
@pytest.mark.parametrize("score", ["logit", "softmax"])
def test_rise_is_the_published_sum_without_the_mean_score(score: str) -> None:
    model = gap(size=16)
    images, targets = some(16)
    given, chosen = task(model, seed=3), Classes(targets, score=score)
    found = rise(given, images, chosen, IDS, masks=20, cells=3, p=0.4)
    plain = rise(given, images, chosen, IDS, masks=20, cells=3, p=0.4, centred=False)
    masks = slow_masks(20, 3, 0.4, 16, seed=3)
    for number, (image, own, whole) in enumerate(zip(images, found, plain, strict=True)):
        scores = [given.scores((image * mask)[None], chosen[number : number + 1])[0] for mask in masks]
        published = sum(s * mask for s, mask in zip(scores, masks, strict=True)) / (20 * 0.4)
        coverage = sum(masks) / (20 * 0.4)
        torch.testing.assert_close(whole, published, rtol=1e-4, atol=1e-6)
        torch.testing.assert_close(own, published - sum(scores) / 20 * coverage, rtol=1e-4, atol=1e-6)


def test_masks_lie_in_0_1_and_cover_as_p_says() -> None:
    groups = list(mask_groups(task(linear(), 300), some()[0], 2000, 4, 0.3))
    assert [len(group) for group in groups] == [300] * 6 + [200]
    masks = torch.cat(groups)
    torch.testing.assert_close(masks, torch.stack(slow_masks(2000, 4, 0.3, 12, 0)))
    assert masks.min() >= 0 and masks.max() <= 1 + 1e-6
    # A mask's variance at a pixel is at most p (1 - p): standard error 0.01
    assert (masks.mean(0) - 0.3).abs().max() < 0.05


def test_rise_of_a_linear_model_nears_its_expectation() -> None:
    """E[(f(x m) - E f) m] / p is the masks' covariance times the pixels' shares of the score."""
    model = linear(4, 12)
    images, targets = some()
    weights = model.network[1].weight.detach().view(4, 3, 12, 12)[targets] / torch.tensor(STD).view(3, 1, 1)
    weights = weights + 0.2  # something to find
    with torch.no_grad():
        model.network[1].weight += 0.2 * torch.tensor(STD).view(3, 1, 1).expand(3, 12, 12).flatten()
    shares = (weights * images).sum(1).flatten(1)
    # Other masks than those of the method, by another seed, and many more
    masks = torch.stack(slow_masks(20_000, 4, 0.5, 12, seed=99)).flatten(1)
    expected = shares @ torch.cov(masks.T) / 0.5
    with torch.no_grad():
        found = rise(task(model, 500), images, Classes(targets), IDS, masks=6000, cells=4, p=0.5).flatten(1)
    for own, sought in zip(found, expected, strict=True):
        assert torch.corrcoef(torch.stack([own, sought]))[0, 1] > 0.95
        assert (own - sought).abs().mean() < 0.15 * sought.abs().mean()


def test_a_constant_added_to_the_logits_changes_no_map() -> None:
    model = gap(size=12)
    images, targets = some()
    model.network.head = nn.Linear(6, 5)
    before = rise(task(model), images, Classes(targets), IDS, masks=30).detach()
    with torch.no_grad():
        model.network.head.bias += 10
    torch.testing.assert_close(
        rise(task(model), images, Classes(targets), IDS, masks=30), before, rtol=1e-3, atol=1e-5
    )


METHODS: list[tuple[Any, dict[str, Any]]] = [
    (occlusion, {"window": 4, "stride": 3}),
    (rise, {"masks": 23, "cells": 3}),
]


@pytest.mark.parametrize(("method", "parameters"), METHODS)
def test_passes_hold_at_most_a_batch_and_pieces_change_nothing(
    method: Any, parameters: dict[str, Any]
) -> None:
    model = gap(size=12)
    images, targets = some()
    sizes: list[int] = []
    handle = model.register_forward_pre_hook(lambda module, args: sizes.append(len(args[0])))
    whole = method(task(model, 1000), images, Classes(targets), IDS, **parameters)
    for batch_size in (1, 5, 16):
        before = sum(sizes)
        sizes.clear()
        found = method(task(model, batch_size), images, Classes(targets), IDS, **parameters)
        torch.testing.assert_close(found, whole, rtol=1e-4, atol=1e-6)
        assert max(sizes) == batch_size and sum(sizes) == before
        sizes[:] = [before]
    handle.remove()
    assert not whole.requires_grad


@pytest.mark.parametrize(("method", "parameters"), METHODS)
def test_maps_keep_the_memory_order_of_the_images(method: Any, parameters: dict[str, Any]) -> None:
    """Channels-last images, as `to_pixels` makes them, are not turned into slower ones on the way."""
    model = gap(size=12)
    images, targets = some()
    seen: list[bool] = []
    handle = model.register_forward_pre_hook(
        lambda module, args: seen.append(args[0].is_contiguous(memory_format=torch.channels_last))
    )
    found = method(
        task(model), images.to(memory_format=torch.channels_last), Classes(targets), IDS, **parameters
    )
    handle.remove()
    torch.testing.assert_close(
        found, method(task(model), images, Classes(targets), IDS, **parameters), rtol=1e-4, atol=1e-6
    )
    assert all(seen)
