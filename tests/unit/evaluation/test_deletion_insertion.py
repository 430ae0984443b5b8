"""Deletion, insertion, pixel flipping and grid masking: closed forms, end points, other code."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from signsight.core.errors import UserError
from signsight.evaluation.engine import Fills
from signsight.evaluation.metrics.deletion_insertion import deletion, insertion
from signsight.evaluation.metrics.grid_masking import grid_masking
from signsight.evaluation.metrics.pixel_flipping import pixel_flipping
from signsight.models.classifier import Classifier, to_pixels
from signsight.perturbation.grid import rank_cells
from signsight.perturbation.masking import masked_steps
from small_models import block_of, gap, linear, noise_maps

CPU = torch.device("cpu")
COUNT, SIZE = 6, 12
PIXELS = SIZE * SIZE


def scores(model: Classifier, images: np.ndarray, truth: np.ndarray, softmax: bool = True) -> np.ndarray:
    """Score of the true class of (n, H, W, 3) images in [0, 1]."""
    with torch.no_grad():
        logits = model(torch.as_tensor(images, dtype=torch.float32).permute(0, 3, 1, 2))
    values = logits.softmax(1) if softmax else logits
    return values[torch.arange(len(truth)), torch.as_tensor(truth)].numpy()


def test_a_linear_model_has_a_closed_form() -> None:
    """Logit against black: the curve falls by the contributions in the order of the map."""
    model = linear(4, SIZE)
    block = block_of(model, COUNT)
    weights = model.network[1].weight.detach().view(4, 3, SIZE, SIZE)[block.truth] / model.std[:, None, None]
    parts = (weights * to_pixels(block.images)).sum(1).double().numpy().reshape(COUNT, -1)
    order = np.argsort(-block.maps.reshape(COUNT, -1), axis=1)
    parts = np.take_along_axis(parts, order, 1)
    black = scores(model, np.zeros((COUNT, SIZE, SIZE, 3)), block.truth, softmax=False)[:, None]
    shown = np.concatenate([np.zeros((COUNT, 1)), parts.cumsum(1)], 1)
    curves = {"insertion": black + shown, "deletion": black + shown[:, -1:] - shown}
    for metric, name in ((deletion, "deletion"), (insertion, "insertion")):
        result = metric(block, steps=PIXELS, score="logit")
        np.testing.assert_allclose(result.curves[name], curves[name], atol=1e-4)
        inner = curves[name][:, 1:-1].sum(1) + curves[name][:, [0, -1]].mean(1)
        np.testing.assert_allclose(result.values[f"{name}_auc"], inner / PIXELS, atol=1e-4)


@pytest.mark.parametrize("hidden", ["zero", "gray", "mean", "blur"])
@pytest.mark.parametrize("steps", [1, 7, 100])
def test_both_end_points_are_there(hidden: str, steps: int) -> None:
    block = block_of(gap(5, SIZE), COUNT)
    clean = block.images / np.float32(255)
    whole = scores(block.model, clean, block.truth)
    mean = np.broadcast_to(clean.mean((1, 2), keepdims=True), clean.shape)
    colours = {"zero": np.zeros_like(clean), "gray": np.full_like(clean, 0.5), "mean": mean.copy()}
    removed = deletion(block, steps=steps, hidden=hidden)
    added = insertion(block, steps=steps, hidden=hidden)
    assert removed.x[0] == 0 and removed.x[-1] == 1 and len(removed.x) == steps + 1
    for curve, first, last in ((removed.curves["deletion"], 0, -1), (added.curves["insertion"], -1, 0)):
        assert curve.shape == (COUNT, steps + 1)
        np.testing.assert_allclose(curve[:, first], whole, atol=1e-6)
        if hidden in colours:
            gone = scores(block.model, colours[hidden], block.truth)
            np.testing.assert_allclose(curve[:, last], gone, atol=1e-6)
    np.testing.assert_allclose(removed.curves["deletion"][:, -1], added.curves["insertion"][:, 0], atol=1e-6)


@pytest.mark.parametrize(("hidden", "value"), [("normalised_zero", 0.0), ("normalised_gray", 0.5)])
def test_a_normalised_fill_is_that_value_in_the_networks_input(hidden: str, value: float) -> None:
    block = block_of(gap(5, SIZE), COUNT)
    seen = torch.full((1, 3, SIZE, SIZE), value)
    with torch.no_grad():
        expected = block.model.network(seen).softmax(1)[0, block.truth].numpy()
    np.testing.assert_allclose(
        deletion(block, steps=3, hidden=hidden).curves["deletion"][:, -1], expected, atol=1e-5
    )
    fill = Fills(block, hidden)(0)
    torch.testing.assert_close(block.model.normalise(fill), seen, atol=1e-6, rtol=0)
    assert fill.min() >= 0 and fill.max() <= 1


def test_the_mean_is_the_same_in_both_spaces() -> None:
    block = block_of(gap(5, SIZE), COUNT)
    pixels = block.model.normalise(Fills(block, "mean")(2))
    own = block.model.normalise(to_pixels(block.images[2:3])).mean((2, 3), keepdim=True)
    torch.testing.assert_close(pixels, own.expand_as(pixels), atol=1e-5, rtol=0)


def test_insertion_is_deletion_of_the_opposite_order_backwards() -> None:
    model = gap(5, SIZE)
    added = insertion(block_of(model, COUNT), steps=16).curves["insertion"]
    removed = deletion(block_of(model, COUNT, -noise_maps(COUNT, SIZE)), steps=16).curves["deletion"]
    np.testing.assert_allclose(added, removed[:, ::-1], atol=1e-6)


def test_steps_are_as_even_as_can_be() -> None:
    x = deletion(block_of(gap(5, SIZE), COUNT), steps=100).x * PIXELS
    assert set(np.diff(x).round(6)) == {1, 2} and np.abs(x - np.linspace(0, PIXELS, 101)).max() <= 0.5


def test_only_correct_images_count_when_asked() -> None:
    block = block_of(gap(5, SIZE), COUNT)
    with torch.no_grad():
        predicted = block.model(to_pixels(block.images)).argmax(1).numpy()
    truth = np.where(np.arange(COUNT) % 2, predicted, (predicted + 1) % 5)
    block = block_of(gap(5, SIZE), COUNT, truth=truth)
    every, correct = (deletion(block, steps=4, subset=which) for which in ("all", "correct"))
    wrong = np.arange(COUNT) % 2 == 0
    assert np.isnan(correct.values["deletion_auc"][wrong]).all()
    np.testing.assert_allclose(
        correct.curves["deletion"][~wrong], every.curves["deletion"][~wrong], atol=1e-6
    )
    nothing = deletion(block.take(np.flatnonzero(wrong)), steps=4, subset="correct")
    assert np.isnan(nothing.curves["deletion"]).all() and len(nothing.values["deletion_auc"]) == wrong.sum()


def test_more_steps_than_pixels_are_refused() -> None:
    with pytest.raises(UserError, match=r"deletion.steps' is 145, but only 144 pixels"):
        deletion(block_of(gap(5, SIZE), COUNT), steps=145)
    with pytest.raises(UserError, match=r"pixel_flipping.steps' is 30, but only 29 pixels"):
        pixel_flipping(block_of(gap(5, SIZE), COUNT), steps=30, share=0.2)


def test_flipping_ends_at_the_negative_and_may_stop_before() -> None:
    block = block_of(gap(5, SIZE), COUNT)
    whole, part = (pixel_flipping(block, steps=8, share=share) for share in (1.0, 0.5))
    curve = whole.curves["pixel_flipping"]
    negative = scores(block.model, 1 - block.images / np.float32(255), block.truth)
    np.testing.assert_allclose(curve[:, -1], negative, atol=1e-6)
    np.testing.assert_allclose(part.curves["pixel_flipping"][:, ::2], curve[:, :5], atol=1e-6)
    assert part.x[-1] == 0.5
    flat = part.curves["pixel_flipping"].astype(np.float64)
    means = (flat[:, 1:-1].sum(1) + flat[:, [0, -1]].mean(1)) / 8
    np.testing.assert_allclose(part.values["pixel_flipping_auc"], means, atol=1e-6)


@pytest.mark.parametrize("colour", [(1, 1, 1), (0.2, 0.5, 0.9)])
def test_grid_masking_is_the_masked_data_sets(colour: tuple[float, ...]) -> None:
    """The same cells and colours as the images that the workflow writes; an empty map is left out."""
    maps = np.abs(noise_maps(COUNT, SIZE))
    maps[2] = 0
    block = block_of(gap(5, SIZE), COUNT, maps, target="predicted")
    result = grid_masking(block, grid=5, share=0.25, max_cells=6, colour=colour)
    painted = masked_steps(block.images, rank_cells(maps, 5, 0.25, 6), grid=5, colour=colour)
    for n in range(COUNT):
        with torch.no_grad():
            predicted = block.model(to_pixels(painted[n])).argmax(1).numpy()
        correct = (predicted == n % 4).astype(np.float32)
        np.testing.assert_array_equal(result.more["predicted"][n], predicted)
        expected = np.full(7, np.nan) if n == 2 else correct
        np.testing.assert_array_equal(result.curves["masked_accuracy"][n], expected)
        np.testing.assert_allclose(result.values["masked_accuracy"][n], expected[1:].mean(), atol=1e-6)


@pytest.mark.oracles
def test_curves_are_those_of_quantus() -> None:
    """Six pixels, so 18 values, a step; quantus has no point for the untouched image."""
    quantus = pytest.importorskip("quantus", reason="quantus brings its own OpenCV and is installed apart")
    block = block_of(gap(5, SIZE), COUNT)
    ours = pixel_flipping(block, steps=PIXELS // 6, replacement="zero")
    theirs = quantus.PixelFlipping(
        features_in_step=18, perturb_baseline=0.0, normalise=False, disable_warnings=True
    )(
        model=block.model,
        x_batch=to_pixels(block.images).contiguous().numpy(),
        y_batch=block.truth,
        a_batch=block.maps[:, None],
        softmax=True,
        device="cpu",
    )
    np.testing.assert_allclose(ours.curves["pixel_flipping"][:, 1:], theirs, atol=1e-6)
