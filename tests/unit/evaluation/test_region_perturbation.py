"""Region perturbation: closed forms of linear models, the definition, quantus, borders and draws."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from signsight.core.errors import UserError
from signsight.core.registry import replacements
from signsight.core.rng import generator
from signsight.evaluation.metrics.block import Block, Result
from signsight.evaluation.metrics.region_perturbation import region_perturbation
from signsight.models.classifier import to_pixels
from small_models import block_of, gap, linear

CPU = torch.device("cpu")
COUNT, SIZE, REGION = 5, 12, 3
CELLS = (SIZE // REGION) ** 2
PLAIN: dict[str, Any] = {
    "region": REGION,
    "steps": CELLS,
    "repetitions": 2,
    "replacement": "gray",
    "score": "logit",
}


def contributions(block: Block, fill: np.ndarray | float) -> np.ndarray:
    """What each pixel of a linear model adds to the true class's logit, against `fill`: (n, H, W)."""
    model = block.model
    weights = model.network[1].weight.detach().double()[block.truth].view(-1, 3, SIZE, SIZE)
    weights = weights / model.std.double()[:, None, None]
    pixels = to_pixels(block.images).double().numpy()
    return (weights.numpy() * (pixels - fill)).sum(1)


def regions_of(values: np.ndarray, region: int = REGION) -> np.ndarray:
    """(n, R) sums over square regions that divide the image."""
    n, side = len(values), SIZE // region
    return values.reshape(n, side, region, side, region).sum((2, 4)).reshape(n, -1)


def test_a_linear_model_has_a_closed_form() -> None:
    """With the true contributions as the map, curves are cumulated sorted contributions."""
    model = linear(4, SIZE)
    maps = contributions(block_of(model, COUNT), 0.5).astype(np.float32)
    steps = 10
    result = region_perturbation(block_of(model, COUNT, maps), **PLAIN | {"steps": steps})
    best = -np.sort(-regions_of(contributions(block_of(model, COUNT), 0.5)))
    falls = {"morf": best[:, :steps], "lerf": best[:, ::-1][:, :steps]}
    for name, fall in falls.items():
        expected = np.concatenate([np.zeros((COUNT, 1)), fall.cumsum(1)], 1)
        np.testing.assert_allclose(result.curves[name], expected, atol=1e-5)
    weights = (steps - np.arange(steps)) / (steps + 1)  # region m counts in the steps after it
    np.testing.assert_allclose(result.values["aopc"], falls["morf"] @ weights, atol=1e-5)
    np.testing.assert_allclose(result.values["abpc"], (falls["morf"] - falls["lerf"]) @ weights, atol=1e-5)
    assert result.x.tolist() == list(range(steps + 1))


def test_noise_is_drawn_for_each_image_and_repetition() -> None:
    """A linear model under uniform noise: the closed form with the very draws, and near their mean."""
    block = block_of(linear(4, SIZE), COUNT)
    result = region_perturbation(block, **PLAIN | {"replacement": "uniform", "repetitions": 30})
    noise = np.array(
        [
            [generator(4, "fill", name, d).random((SIZE, SIZE, 3), dtype=np.float32) for d in range(30)]
            for name in block.ids
        ]
    ).mean(1)
    order = np.argsort(-regions_of(block.maps), axis=1)
    for fill, tolerance in ((noise.transpose(0, 3, 1, 2), 1e-5), (0.5, 0.5)):
        falls = np.take_along_axis(regions_of(contributions(block, fill)), order, 1).cumsum(1)
        np.testing.assert_allclose(result.curves["morf"][:, 1:], falls, atol=tolerance)


def slow(block: Block, region: int, how: Any, border: str, sign: int, draws: int) -> np.ndarray:
    """The definition with softmax and uniform noise: one image, draw and region after the other."""
    starts = [s for s in range(0, SIZE, region) if border == "partial" or s + region <= SIZE]
    corners = [(y, x) for y in starts for x in starts]
    curve = np.zeros((COUNT, len(corners) + 1))
    for n in range(COUNT):

        def f(image: np.ndarray, c: int = n % 4) -> float:
            with torch.no_grad():
                return float(block.model(torch.tensor(image).permute(2, 0, 1)[None]).softmax(1)[0, c])

        cells = [block.maps[n, y : y + region, x : x + region].astype(float) for y, x in corners]
        order = sorted(range(len(corners)), key=lambda r: (-sign * how(cells[r]), r))
        clean = block.images[n] / np.float32(255)
        for d in range(draws):
            noise = replacements.get("uniform")(clean, generator(block.seed, "fill", block.ids[n], d))
            now = clean.copy()
            for k, r in enumerate(order):
                y, x = corners[r]
                now[y : y + region, x : x + region] = noise[y : y + region, x : x + region]
                curve[n, k + 1] += (f(clean) - f(now)) / draws
    return curve


@pytest.mark.parametrize(
    ("region", "how", "border"),
    [(3, "sum", "partial"), (5, "mean", "partial"), (5, "max", "drop"), (5, "sum", "partial")],
)
def test_curves_are_the_definition(region: int, how: str, border: str) -> None:
    """Also where 5 does not divide 12: nine regions of which five are smaller, or four."""
    block = block_of(gap(5, SIZE), COUNT)
    reduce = {"sum": np.sum, "mean": np.mean, "max": np.max}[how]
    expected = {
        name: slow(block, region, reduce, border, sign, 2) for name, sign in (("morf", 1), ("lerf", -1))
    }
    result = region_perturbation(
        block,
        region=region,
        steps=expected["morf"].shape[1] - 1,
        repetitions=2,
        region_score=how,
        border=border,
    )
    for name, curve in expected.items():
        np.testing.assert_allclose(result.curves[name], curve, atol=2e-6)
    aopc = expected["morf"].mean(1)
    np.testing.assert_allclose(result.values["aopc"], aopc, atol=2e-6)
    np.testing.assert_allclose(result.values["abpc"], aopc - expected["lerf"].mean(1), atol=2e-6)


def assert_same(one: Result, other: Result, rows: np.ndarray | slice = slice(None)) -> None:
    assert (one.values | one.curves).keys() == (other.values | other.curves).keys()
    for name, values in (one.values | one.curves).items():
        np.testing.assert_allclose((other.values | other.curves)[name], values[rows], atol=2e-6)


def test_batches_and_the_order_of_images_change_nothing() -> None:
    model, settings = gap(5, SIZE), PLAIN | {"replacement": "uniform", "score": "softmax"}
    whole = region_perturbation(block_of(model, COUNT), **settings)
    for batch_size in (1, 7, 1000):
        assert_same(whole, region_perturbation(block_of(model, COUNT, batch_size=batch_size), **settings))
    for rows in (np.arange(COUNT)[::-1], np.array([3])):
        assert_same(whole, region_perturbation(block_of(model, COUNT).take(rows), **settings), rows)


class Counting(nn.Module):
    """A network that counts the images that it sees."""

    def __init__(self) -> None:
        super().__init__()
        self.seen, self.network = 0, gap(5, SIZE).network

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        self.seen += len(images)
        return self.network(images)


@pytest.mark.parametrize(
    ("replacement", "orders", "runs"),
    [("uniform", "both", 6), ("mean", "both", 2), ("blur", "morf", 1), ("dirichlet", "morf", 3)],
)
def test_no_forward_pass_is_wasted(replacement: str, orders: str, runs: int) -> None:
    """The clean image once; repetitions only where something is drawn."""
    model = gap(5, SIZE)
    model.network = Counting()
    settings = PLAIN | {"replacement": replacement, "repetitions": 3, "steps": 4, "orders": orders}
    result = region_perturbation(block_of(model, COUNT), **settings)
    assert model.network.seen == COUNT * (1 + 4 * runs)
    assert set(result.curves) == ({"morf", "lerf"} if orders == "both" else {"morf"})
    assert np.isnan(result.values["abpc"]).all() == (orders == "morf")


def test_a_map_without_a_preference_has_no_abpc() -> None:
    """Ties go by position in both orders, so the curves are the same."""
    result = region_perturbation(
        block_of(gap(5, SIZE), COUNT, np.ones((COUNT, SIZE, SIZE), np.float32)), **PLAIN
    )
    np.testing.assert_array_equal(result.curves["morf"], result.curves["lerf"])
    assert (result.values["abpc"] == 0).all()


def test_all_regions_replaced_is_the_same_in_both_orders() -> None:
    result = region_perturbation(block_of(gap(5, SIZE), COUNT), **PLAIN)
    np.testing.assert_allclose(result.curves["morf"][:, -1], result.curves["lerf"][:, -1], atol=1e-5)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"steps": 17}, "region_perturbation.steps' is 17, but an image has 16 regions"),
        ({"region": 5, "steps": 10}, "an image has 9 regions"),
        ({"region": 5, "steps": 5, "border": "drop"}, "an image has 4 regions"),
        ({"region": 13, "border": "drop"}, "region_perturbation.region' is larger than the images"),
    ],
)
def test_more_steps_than_regions_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        region_perturbation(block_of(gap(5, SIZE), COUNT), **PLAIN | changes)


@pytest.mark.oracles
@pytest.mark.parametrize("order", ["morf", "lerf"])
@pytest.mark.parametrize("region", [3, 4])
def test_curves_are_those_of_quantus(order: str, region: int) -> None:
    """The same noise put into quantus's perturbation, pixel by pixel."""
    quantus = pytest.importorskip("quantus", reason="quantus brings its own OpenCV and is installed apart")
    block = block_of(gap(5, SIZE), COUNT)
    steps = (SIZE // region) ** 2
    ours = region_perturbation(block, region=region, steps=steps, repetitions=1)
    draws = [generator(4, "fill", name, 0).random((SIZE, SIZE, 3), dtype=np.float32) for name in block.ids]
    noise = np.stack(draws).transpose(0, 3, 1, 2).reshape(COUNT, -1)

    def perturb(arr: np.ndarray, indices: np.ndarray, **_: Any) -> np.ndarray:
        out = arr.copy()
        np.put_along_axis(out, indices, np.take_along_axis(noise, indices, 1), 1)
        return out

    theirs = quantus.RegionPerturbation(
        patch_size=region,
        order=order,
        regions_evaluation=steps,
        perturb_func=perturb,
        normalise=False,
        disable_warnings=True,
    )(
        model=block.model,
        x_batch=to_pixels(block.images).numpy(),
        y_batch=block.truth,
        a_batch=block.maps[:, None],
        softmax=True,
        device="cpu",
    )
    np.testing.assert_allclose(ours.curves[order][:, 1:], theirs, atol=1e-6)
