"""AOPC: exact curves of linear models, order, ties, sampling, and independence of batches."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.stats
import torch
from torch import nn

from signsight.evaluation.aopc import Protocol, curves, region_ranks, sample_rows
from signsight.evaluation.aopc_table import aopc_table
from signsight.files import ArrayFile
from signsight.models.classifier import Classifier, to_pixels
from signsight.perturbation.replacements import replacements
from signsight.rng import generator
from small_models import classifier, gap, image_set, linear, pictures

CPU = torch.device("cpu")
COUNT, SIZE, REGION = 9, 12, 3
CELLS = (SIZE // REGION) ** 2
PLAIN = Protocol(
    region=REGION, steps=CELLS, repetitions=2, replacement="uniform", score="logit", target="true", seed=4
)


def noise_maps(count: int = COUNT, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((count, SIZE, SIZE)).astype(np.float32)


def run(
    folder: Path,
    model: Classifier,
    maps: np.ndarray,
    *,
    rows: np.ndarray | None = None,
    batch_size: int = 16,
    images: np.ndarray | None = None,
    **changes: Any,
) -> np.ndarray:
    folder.mkdir(parents=True)
    images = pictures(COUNT, SIZE) if images is None else images
    np.save(folder / "maps.npy", maps)
    curves(
        model,
        image_set(folder / "images", images, np.arange(COUNT) % 4),
        ArrayFile(folder / "maps.npy"),
        np.arange(COUNT) if rows is None else rows,
        dataclasses.replace(PLAIN, **changes),
        CPU,
        batch_size,
        folder / "curves.npy",
    )
    return np.load(folder / "curves.npy")


def slow_curves(model: Classifier, images: np.ndarray, maps: np.ndarray, protocol: Protocol) -> np.ndarray:
    """The definition, one image, one repetition and one region after the other."""
    side, region = images.shape[1], protocol.region
    drops = np.zeros((len(images), protocol.steps + 1))
    for n, image in enumerate(images):
        pixels = image / np.float32(255)

        def f(picture: np.ndarray, target: int | None = None) -> Any:
            with torch.no_grad():
                logits = model(torch.tensor(picture).permute(2, 0, 1)[None])[0]
            scores = logits.softmax(0) if protocol.score == "softmax" else logits
            return int(logits.argmax()) if target is None else float(scores[target])

        target = f(pixels) if protocol.target == "predicted" else n % 4
        corners = [(y, x) for y in range(0, side, region) for x in range(0, side, region)]
        sums = [maps[n, y : y + region, x : x + region].sum(dtype=np.float64) for y, x in corners]
        order = sorted(range(len(corners)), key=lambda i: (-sums[i], i))
        for repetition in range(protocol.repetitions):
            rng = generator(protocol.seed, "aopc", f"test/{n:05d}.ppm", repetition)
            fresh, now = replacements.get(protocol.replacement)(pixels, rng), pixels.copy()
            for k, i in enumerate(order[: protocol.steps], 1):
                y, x = corners[i]
                now[y : y + region, x : x + region] = fresh[y : y + region, x : x + region]
                drops[n, k] += (f(pixels, target) - f(now, target)) / protocol.repetitions
    return drops


@pytest.mark.parametrize("replacement", replacements.names())
@pytest.mark.parametrize(
    ("score", "target"), [("softmax", "predicted"), ("logit", "true"), ("softmax", "true")]
)
def test_the_engine_is_the_definition(tmp_path: Path, replacement: str, score: str, target: str) -> None:
    protocol = dataclasses.replace(PLAIN, steps=7, replacement=replacement, score=score, target=target)
    model, maps = gap(4, SIZE).train(), noise_maps()
    found = run(tmp_path / "a", model, maps, steps=7, replacement=replacement, score=score, target=target)
    assert model.training
    expected = slow_curves(model.eval(), pictures(COUNT, SIZE), maps, protocol)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert found.dtype == np.float32 and found.shape == (COUNT, 8)
    assert (found[:, 0] == 0).all() and np.abs(found).max() > 1e-4


def test_a_linear_model_falls_by_the_share_of_each_region(tmp_path: Path) -> None:
    """f(x0) - f(x_k) = sum over the first k regions of w (x - 1) / std, for white."""
    model, maps, images = linear(4, SIZE), noise_maps(), pictures(COUNT, SIZE)
    found = run(tmp_path / "a", model, maps, replacement="white")
    weights = (model.network[1].weight.detach().view(4, 3, SIZE, SIZE) / model.std[:, None, None]).numpy()
    shares = (weights[np.arange(COUNT) % 4] * (images.transpose(0, 3, 1, 2) / 255 - 1)).sum(1)
    regions = shares.reshape(COUNT, 4, REGION, 4, REGION).sum((2, 4)).reshape(COUNT, CELLS)
    sums = maps.astype(float).reshape(COUNT, 4, REGION, 4, REGION).sum((2, 4)).reshape(COUNT, CELLS)
    falls = np.take_along_axis(regions, np.argsort(-sums, axis=1), axis=1).cumsum(1)
    np.testing.assert_allclose(found[:, 1:], falls, atol=2e-5)


def test_all_regions_end_at_the_replacement_itself(tmp_path: Path) -> None:
    model, images = gap(4, SIZE), pictures(COUNT, SIZE)
    found = run(tmp_path / "a", model, noise_maps(), replacement="white")
    with torch.no_grad():
        start, end = model(to_pixels(images)), model(torch.ones(1, 3, SIZE, SIZE))
    own = np.arange(COUNT) % 4
    expected = (start - end).numpy()[np.arange(COUNT), own]
    np.testing.assert_allclose(found[:, -1], expected, atol=1e-6)


def test_the_true_order_of_an_additive_model_beats_every_other(tmp_path: Path) -> None:
    model, images = linear(4, SIZE), pictures(COUNT, SIZE)
    weights = (model.network[1].weight.detach().view(4, 3, SIZE, SIZE) / model.std[:, None, None]).numpy()
    truth = (weights[np.arange(COUNT) % 4] * (images.transpose(0, 3, 1, 2) / 255 - 1)).sum(1)
    best = run(tmp_path / "best", model, truth, replacement="white")
    worst = run(tmp_path / "worst", model, -truth, replacement="white")
    for seed in range(5):
        other = run(tmp_path / str(seed), model, noise_maps(seed=seed), replacement="white")
        assert (best >= other - 1e-5).all() and (worst <= other + 1e-5).all()
        assert (best.mean(1) > other.mean(1)).all()


@pytest.mark.parametrize("batch_size", [1, 5, 64, 1000])
def test_batches_do_not_matter(tmp_path: Path, batch_size: int) -> None:
    one = run(tmp_path / "a", gap(4, SIZE), noise_maps(), batch_size=batch_size)
    np.testing.assert_allclose(one, run(tmp_path / "b", gap(4, SIZE), noise_maps(), batch_size=32), atol=1e-6)


def test_an_image_s_curve_is_its_own(tmp_path: Path) -> None:
    whole = run(tmp_path / "a", gap(4, SIZE), noise_maps())
    rows = np.array([1, 4, 8])
    part = run(tmp_path / "b", gap(4, SIZE), noise_maps(), rows=rows)
    np.testing.assert_allclose(part, whole[rows], atol=1e-6)
    other = run(tmp_path / "c", gap(4, SIZE), noise_maps(), seed=5)
    assert np.abs(other - whole).max() > 1e-3


def test_repetitions_are_fresh_and_averaged(tmp_path: Path) -> None:
    one, two = (run(tmp_path / str(r), linear(4, SIZE), noise_maps(), repetitions=r) for r in (1, 2))
    second = 2 * two - one  # the second repetition alone
    assert np.abs(second - one)[:, 1:].min(1).max() > 0
    assert not np.allclose(second, one, atol=1e-2)


class Seen(nn.Module):
    """Keeps the pictures that it is shown; the logits are pixel means."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[torch.Tensor] = []

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        self.seen.append(images)
        return images.mean((2, 3)).repeat(1, 2)[:, :4]


def test_noise_is_uniform_in_pixel_space(tmp_path: Path) -> None:
    network = Seen()
    model = classifier(network, 4, SIZE)
    run(tmp_path / "a", model, noise_maps(), repetitions=1, steps=CELLS, batch_size=CELLS)
    last = torch.cat([seen for seen in network.seen if len(seen) == CELLS][:COUNT])[CELLS - 1 :: CELLS]
    pixels = (last * model.std[:, None, None] + model.mean[:, None, None]).flatten().double().numpy()
    assert len(pixels) == COUNT * 3 * SIZE**2 and pixels.min() > -1e-6 and pixels.max() < 1 + 1e-6
    assert scipy.stats.kstest(pixels, "uniform").pvalue > 0.01


def test_ties_go_by_position() -> None:
    maps = np.zeros((2, SIZE, SIZE), np.float32)
    maps[1, 5, 5] = 1  # region (1, 1)
    ranks = region_ranks(maps, REGION)
    assert ranks[0].tolist() == list(range(CELLS))
    assert ranks[1].tolist() == [1, 2, 3, 4, 5, 0, *range(6, CELLS)]


def test_the_sample_is_drawn_once_and_sorted() -> None:
    rows = sample_rows(1000, 100, 7)
    assert len(set(rows.tolist())) == 100 and (np.diff(rows) > 0).all() and rows.max() < 1000
    np.testing.assert_array_equal(rows, sample_rows(1000, 100, 7))
    assert not np.array_equal(rows, sample_rows(1000, 100, 8))
    for images in (None, 1000, 2000):
        np.testing.assert_array_equal(sample_rows(1000, images, 7), np.arange(1000))


def test_the_table_is_the_definition() -> None:
    rng = np.random.default_rng(0)
    drops = {m: rng.random((20, 6)).astype(np.float32) for m in ("random", "saliency")}
    for drop in drops.values():
        drop[:, 0] = 0
    table = aopc_table(drops, 0.95).set_index(["method", "step"])
    z = scipy.stats.norm.ppf(0.975)
    for method, drop in drops.items():
        for step in range(6):
            own = [sum(float(drop[i, k]) for k in range(step + 1)) / (step + 1) for i in range(20)]
            chance = [
                sum(float(drops["random"][i, k]) for k in range(step + 1)) / (step + 1) for i in range(20)
            ]
            row, paired = table.loc[(method, step)], np.subtract(own, chance)
            assert row["n"] == 20
            assert row["aopc"] == pytest.approx(np.mean(own))
            assert row["high"] - row["aopc"] == pytest.approx(z * scipy.stats.sem(own))
            assert row["aopc"] - row["low"] == pytest.approx(z * scipy.stats.sem(own))
            assert row["relative"] == pytest.approx(paired.mean())
            assert row["relative_high"] - row["relative"] == pytest.approx(z * scipy.stats.sem(paired))
            assert row["mean_drop"] == pytest.approx(drop[:, step].mean())
    assert (table.loc["random"][["relative", "relative_low", "relative_high"]] == 0).all(axis=None)
