"""The evaluation engine: scores, order and ties, regions, fills, and batches that are full."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from signsight.attribution.target import Classes
from signsight.core.errors import UserError
from signsight.evaluation.engine import (
    Fills,
    Hiding,
    Pairs,
    followed,
    order,
    perturbed_scores,
    pixel_order,
    ranks,
    region_edges,
    region_labels,
    region_ranks,
    region_scores,
)
from signsight.models.classifier import to_pixels
from small_models import block_of, gap

CPU = torch.device("cpu")
COUNT, SIZE = 5, 16


def test_every_pair_is_scored_in_full_batches() -> None:
    block, seen = block_of(gap(), COUNT, batch_size=7), []
    clean = to_pixels(block.images)
    target = torch.tensor([0, 1, 2, 3, 4])

    def darken(pairs: Pairs) -> torch.Tensor:
        seen.append(len(pairs.numbers))
        return clean[pairs.images] * (pairs.perturbations / 10)[:, None, None, None]

    found = perturbed_scores(block, Classes(target), 6, darken)
    assert seen == [7, 7, 7, 7, 2]
    with torch.no_grad():
        for i in range(COUNT):
            for j in range(6):
                assert found[i, j].item() == pytest.approx(
                    block.model(clean[i : i + 1] * (j / 10))[0, target[i]].item(), abs=1e-5
                )


def test_the_model_is_left_as_it_was() -> None:
    model = gap().train()
    model.network.head.weight.requires_grad_(False)
    before = [(p.requires_grad, p.clone()) for p in model.parameters()]
    block = block_of(model, COUNT)
    clean = to_pixels(block.images)
    targets, first = followed(block, clean, "softmax")
    torch.testing.assert_close(first, followed(block, clean, "softmax")[1])  # no dropout
    found = perturbed_scores(block, targets, 2, lambda pairs: clean[pairs.images])
    torch.testing.assert_close(found, first[:, None].expand(-1, 2))
    assert all(module.training for module in model.modules())
    for parameter, (asked, value) in zip(model.parameters(), before, strict=True):
        assert parameter.requires_grad == asked and torch.equal(parameter, value)


def test_what_is_followed_is_chosen_on_the_clean_images_and_scored_on_them() -> None:
    block = block_of(gap(), COUNT, target="predicted", batch_size=2)
    clean = to_pixels(block.images)
    with torch.no_grad():
        logits = block.model(clean)
    for target, expected in (
        (None, logits.argmax(1)),
        ("true", torch.tensor([0, 1, 2, 3, 0])),
        (3, torch.tensor([3] * COUNT)),
    ):
        for score, values in (("logit", logits), ("softmax", logits.softmax(1))):
            targets, start = followed(block, clean, score, target)
            assert torch.equal(targets.classes, expected) and len(targets) == COUNT
            torch.testing.assert_close(start, values[range(COUNT), expected])
        right = (logits.argmax(1) == expected).float()
        assert torch.equal(followed(block, clean, "correct", target)[1], right)


def test_a_unit_is_followed_by_its_own_value() -> None:
    block = block_of(gap(), COUNT, target={"layer": "features.0", "channel": 3}, batch_size=2)
    clean = to_pixels(block.images)
    with torch.no_grad():
        values = block.model.network.features[0](block.model.normalise(clean))[:, 3].mean((1, 2))
    for score in ("logit", "softmax"):
        targets, start = followed(block, clean, score)
        assert targets.classes is None and len(targets) == COUNT
        torch.testing.assert_close(start, values)
        found = perturbed_scores(block, targets, 3, lambda pairs: clean[pairs.images])
        torch.testing.assert_close(found, values[:, None].expand(-1, 3))
    with pytest.raises(UserError, match=r"'correct', but config key 'evaluation\.target' names a unit"):
        followed(block, clean, "correct")


@pytest.mark.parametrize("unknown", [-1, 5])
def test_an_unknown_true_class_is_refused(unknown: int) -> None:
    block = block_of(gap(), COUNT, target="true", truth=np.array([0, 1, unknown, 3, 0]))
    with pytest.raises(UserError, match=f"image 2 has the true class {unknown}.*evaluation.target"):
        followed(block, to_pixels(block.images), "logit")


def test_ties_go_by_position() -> None:
    values = torch.tensor([[0.0, 2.0, -0.0, 2.0, -1.0, 0.0]])
    assert order(values).tolist() == [[1, 3, 0, 2, 5, 4]]
    assert ranks(order(values)).tolist() == [[2, 0, 3, 1, 5, 4]]
    assert pixel_order(np.zeros((1, 40, 40), np.float32))[0].tolist() == list(range(1600))
    assert region_ranks(np.zeros((1, 700)))[0].tolist() == list(range(700))


@pytest.mark.parametrize(("border", "rows", "columns"), [("partial", 4, 3), ("drop", 3, 2)])
def test_regions_where_their_size_does_not_divide_the_image(border: str, rows: int, columns: int) -> None:
    """10 x 8 pixels in regions of 3: the rest is a smaller region, or is left alone."""
    labels = region_labels((10, 8), 3, border)
    for y in range(10):
        for x in range(8):
            inside = y // 3 < rows and x // 3 < columns
            assert labels[y, x] == (y // 3 * columns + x // 3 if inside else -1)


@pytest.mark.parametrize("border", ["partial", "drop"])
def test_regions_that_divide_the_image_have_no_rest(border: str) -> None:
    assert region_edges(9, 3, border).tolist() == [0, 3, 6, 9]


@pytest.mark.parametrize("border", ["partial", "drop"])
@pytest.mark.parametrize(("how", "reduce"), [("sum", np.sum), ("mean", np.mean), ("max", np.max)])
def test_relevance_of_regions(how: str, reduce: Any, border: str) -> None:
    maps = np.random.default_rng(0).standard_normal((2, 10, 8)).astype(np.float32)
    labels = region_labels((10, 8), 3, border)
    found = region_scores(maps, 3, how, border)
    assert found.shape == (2, labels.max() + 1)
    for n in range(2):
        for region in range(labels.max() + 1):
            inside = maps[n][labels == region].astype(np.float64)
            assert found[n, region] == pytest.approx(reduce(inside), abs=1e-9)


def test_fills_belong_to_the_image_not_to_its_place() -> None:
    block = block_of(gap(), COUNT)
    fills, reverse = Fills(block, "uniform", 3), Fills(block.take(np.arange(COUNT)[::-1]), "uniform", 3)
    for n in range(COUNT):
        assert fills(n).shape == (3, 3, SIZE, SIZE)
        assert torch.equal(fills(n), reverse(COUNT - 1 - n))
    draws = {fills(n)[d].numpy().tobytes() for n in range(COUNT) for d in range(3)}
    assert len(draws) == COUNT * 3
    other = Fills(block_of(gap(), COUNT, seed=5), "uniform", 3)
    assert not torch.equal(fills(0), other(0))


def test_a_fill_that_is_not_drawn_is_made_once() -> None:
    fills = Fills(block_of(gap(), COUNT), "gray", 10)
    assert fills.draws == 1 and fills(2).shape == (1, 3, SIZE, SIZE) and (fills(2) == 0.5).all()


@pytest.mark.parametrize("show", [False, True])
@pytest.mark.parametrize("batch_size", [1, 4, 1000])
def test_hiding_replaces_the_pixels_whose_turn_has_come(show: bool, batch_size: int) -> None:
    """Two images x two orders x three draws x four steps, however the batches cut them."""
    block = block_of(gap(), 2, batch_size=batch_size)
    clean, fills = to_pixels(block.images), Fills(block, "uniform", 3)
    turns = torch.randint(0, 9, (2, 2, SIZE, SIZE), dtype=torch.int32)
    limits = torch.tensor([0, 2, 5, 9])
    hiding = Hiding(block, clean, turns, limits, fills, 3, show)
    assert hiding.count == 2 * 3 * 4
    for start in range(0, 48, batch_size):
        numbers = range(start, min(start + batch_size, 48))
        for p, made in zip(numbers, hiding(Pairs(numbers, 24, CPU)), strict=True):
            i, o, d, k = np.unravel_index(p, (2, 2, 3, 4))
            reached = turns[i, o] < limits[k]
            expected = torch.where(reached != show, fills(i)[d], clean[i])
            assert torch.equal(made, expected)


def test_pairs_name_image_and_perturbation() -> None:
    pairs = Pairs(range(5, 9), 3, CPU)
    assert pairs.images.tolist() == [1, 2, 2, 2] and pairs.perturbations.tolist() == [2, 0, 1, 2]


def test_half_precision_rounds_to_the_eight_bits_of_bfloat16() -> None:
    full, half = (block_of(gap(), COUNT, precision=name) for name in ("full", "bf16"))
    clean = to_pixels(full.images)
    exact, rounded = (followed(block, clean, "logit")[1] for block in (full, half))
    assert rounded.dtype == torch.float32 and not torch.equal(exact, rounded)
    torch.testing.assert_close(exact, rounded, rtol=0, atol=2**-6 * exact.abs().max().item())
