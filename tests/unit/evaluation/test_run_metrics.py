"""Metrics over image sets: samples, shards, streaming, and files that are whole or not there."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from signsight.attribution import run as attribution
from signsight.core.errors import UserError
from signsight.core.files import ArrayFile
from signsight.data.imageset import ImageSet
from signsight.data.shards import Shard
from signsight.evaluation import run
from signsight.evaluation.metrics.block import Block, Result
from signsight.evaluation.nulls import NULLS
from signsight.evaluation.run import Settings, evaluate_set, join_answers, judged, sample_rows
from small_models import gap, image_set, pictures

CPU = torch.device("cpu")
COUNT, SIZE = 11, 12
DELETION = Settings("deletion", {"steps": 5}, "predicted", 0, 8)


@pytest.fixture
def data(tmp_path: Path) -> tuple[ImageSet, ArrayFile]:
    np.save(tmp_path / "maps.npy", np.random.default_rng(0).random((COUNT, SIZE, SIZE), dtype=np.float32))
    return image_set(tmp_path / "in", pictures(COUNT, SIZE), np.arange(COUNT) % 4), ArrayFile(
        tmp_path / "maps.npy"
    )


def answers(file: Path) -> dict[str, np.ndarray]:
    """The arrays of a result."""
    with np.load(file) as stored:
        return dict(stored)


def test_a_small_sample_is_part_of_a_larger() -> None:
    samples = [sample_rows(1000, images, 7) for images in (10, 100, 999, None)]
    for small, large in pairwise(samples):
        assert set(small) < set(large) and (np.diff(large) > 0).all()
    np.testing.assert_array_equal(sample_rows(1000, 100, 7), samples[1])
    assert not np.array_equal(sample_rows(1000, 100, 8), samples[1])
    for images in (None, 1000, 2000):
        np.testing.assert_array_equal(sample_rows(1000, images, 7), np.arange(1000))


@pytest.mark.parametrize(
    "settings",
    [
        DELETION,
        Settings("region_perturbation", {"region": 4, "steps": 9, "repetitions": 2}, "predicted", 0, 8),
        Settings("grid_masking", {"grid": 3, "max_cells": 2}, "true", 0, 8),
    ],
    ids=lambda settings: settings.metric,
)
@pytest.mark.parametrize("shards", [3, 20])
def test_merged_shards_are_the_whole(
    settings: Settings, shards: int, data: tuple[ImageSet, ArrayFile], tmp_path: Path
) -> None:
    """Also where a shard has no image."""
    model, rows = gap(5, SIZE), sample_rows(COUNT, 9, 0)
    evaluate_set(settings, model, *data, rows, CPU, tmp_path / "whole.npz")
    files = [tmp_path / f"{shard}.npz" for shard in range(shards)]
    for shard, file in enumerate(files):
        evaluate_set(settings, model, *data, Shard(shard, shards).of(rows), CPU, file)
    join_answers(files, tmp_path / "joined.npz")
    whole, merged = answers(tmp_path / "whole.npz"), answers(tmp_path / "joined.npz")
    assert whole.keys() == merged.keys()
    np.testing.assert_array_equal(merged["rows"], rows)
    assert merged["ids"].tolist() == [f"test/{row:05d}.ppm" for row in rows]
    for name, values in whole.items():
        assert merged[name].dtype == values.dtype
        if values.dtype.kind == "f":
            np.testing.assert_allclose(merged[name], values, atol=2e-6)
        else:
            np.testing.assert_array_equal(merged[name], values)


@pytest.mark.parametrize("shards", [1, 4])
def test_null_maps_get_what_the_metric_says_of_them(
    shards: int, data: tuple[ImageSet, ArrayFile], tmp_path: Path
) -> None:
    """Class 3 has two images and the others three, so every image has a null map of each kind."""
    model, rows = gap(5, SIZE), sample_rows(COUNT, 9, 0)
    asked = rows[[0, 2, 3, 7]]
    files = [tmp_path / f"{shard}.npz" for shard in range(shards)]
    for shard, file in enumerate(files):
        own = Shard(shard, shards).of(rows)
        evaluate_set(DELETION, model, *data, own, CPU, file, null_rows=asked)
    join_answers(files, tmp_path / "joined.npz")
    found, places = answers(tmp_path / "joined.npz"), np.flatnonzero(np.isin(rows, asked))
    for kind, null in NULLS.items():
        _, make = null.make(data[1], data[0].class_ids, 0)
        swapped = np.zeros((COUNT, SIZE, SIZE), np.float32)
        swapped[asked] = make(asked)
        np.save(tmp_path / f"{kind}.npy", swapped)
        evaluate_set(
            DELETION, model, data[0], ArrayFile(tmp_path / f"{kind}.npy"), asked, CPU, tmp_path / "direct.npz"
        )
        values = found[f"null_{kind}_deletion_auc"]
        assert np.flatnonzero(np.isfinite(values)).tolist() == places.tolist()
        np.testing.assert_allclose(
            values[places], answers(tmp_path / "direct.npz")["value_deletion_auc"], atol=2e-6
        )
    evaluate_set(DELETION, model, *data, rows, CPU, tmp_path / "without.npz")
    assert not any(name.startswith("null_") for name in answers(tmp_path / "without.npz"))


def test_shards_of_another_evaluation_are_refused(data: tuple[ImageSet, ArrayFile], tmp_path: Path) -> None:
    for steps in (5, 6):
        settings = Settings("deletion", {"steps": steps}, "predicted", 0, 8)
        evaluate_set(settings, gap(5, SIZE), *data, np.arange(2), CPU, tmp_path / f"{steps}.npz")
    with pytest.raises(UserError, match="different evaluations"):
        join_answers([tmp_path / "5.npz", tmp_path / "6.npz"], tmp_path / "joined.npz")
    assert not (tmp_path / "joined.npz").exists()


def test_a_result_without_images_is_refused(data: tuple[ImageSet, ArrayFile], tmp_path: Path) -> None:
    evaluate_set(DELETION, gap(5, SIZE), *data, np.arange(0), CPU, tmp_path / "none.npz")
    with pytest.raises(UserError, match=r"none.npz holds no image"):
        join_answers([tmp_path / "none.npz"], tmp_path / "joined.npz")


def with_metric(monkeypatch: pytest.MonkeyPatch, metric: Callable[..., Result]) -> None:
    monkeypatch.setattr(run.metrics, "get", lambda name: metric)


def test_an_interrupted_shard_leaves_the_others_and_no_file(
    data: tuple[ImageSet, ArrayFile], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    evaluate_set(DELETION, gap(5, SIZE), *data, np.arange(5), CPU, tmp_path / "out" / "0.npz")
    before = (tmp_path / "out" / "0.npz").read_bytes()

    def stopped(block: Block, **_: Any) -> Result:
        raise KeyboardInterrupt

    with_metric(monkeypatch, stopped)
    with pytest.raises(KeyboardInterrupt):
        evaluate_set(DELETION, gap(5, SIZE), *data, np.arange(5, COUNT), CPU, tmp_path / "out" / "1.npz")
    assert [file.name for file in (tmp_path / "out").iterdir()] == ["0.npz"]
    assert (tmp_path / "out" / "0.npz").read_bytes() == before


def test_blocks_are_bounded_and_in_order(
    data: tuple[ImageSet, ArrayFile], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "BLOCK_BYTES", 4 * 12 * SIZE * SIZE)
    images, maps = data
    seen: list[Block] = []

    def metric(block: Block) -> Result:
        seen.append(block)
        return Result({"q": block.truth.astype(np.float64)}, labels=["a", "b"])

    with_metric(monkeypatch, metric)
    settings = Settings("deletion", {}, "true", 5, 8)
    regions = np.random.default_rng(2).integers(0, 3, (COUNT, SIZE, SIZE), dtype=np.uint8)
    np.save(tmp_path / "masks.npy", regions)
    rows = np.array([1, 2, 4, 5, 6, 8, 9, 10])
    evaluate_set(
        settings, None, images, maps, rows, CPU, tmp_path / "o.npz", ArrayFile(tmp_path / "masks.npy")
    )
    assert [len(block.ids) for block in seen] == [4, 4]
    for name, source in (
        ("images", pictures(COUNT, SIZE)),
        ("maps", np.load(maps.path)),
        ("regions", regions),
    ):
        np.testing.assert_array_equal(np.concatenate([getattr(b, name) for b in seen]), source[rows])
    stored = answers(tmp_path / "o.npz")
    np.testing.assert_array_equal(stored["value_q"], rows % 4)
    assert stored["labels"].tolist() == ["a", "b"]


def test_the_method_is_run_again(data: tuple[ImageSet, ArrayFile], tmp_path: Path) -> None:
    """Each block's explain knows its own classes; the metric's own seed and images reach the method."""
    images, _ = data
    model = gap(5, SIZE)
    method = attribution.Settings("saliency", "predicted", "logit", None, 4, {}, 0)
    attribution.explain_set(model, images, method, CPU, tmp_path / "own.npy")
    explainer = partial(attribution.explainer, settings=method, device=CPU)
    for copies in (1, 8):
        settings = Settings("stability", {"seeds": 2, "copies": 1}, "predicted", 0, copies)
        out = tmp_path / f"{copies}.npz"
        maps = ArrayFile(tmp_path / "own.npy")
        evaluate_set(settings, model, images, maps, np.arange(COUNT), CPU, out, explainer=explainer)
    few, many = (answers(tmp_path / f"{copies}.npz") for copies in (1, 8))
    np.testing.assert_allclose(few["value_seed_repeatability"], 1, atol=1e-6)  # nothing is drawn
    for name in few:
        if name.startswith("value_"):
            np.testing.assert_allclose(few[name], many[name], rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("size", [32, 224, 10_000])
@pytest.mark.parametrize("batch_size", [1, 64, 1024])
def test_a_block_is_bounded_whatever_the_images(size: int, batch_size: int) -> None:
    count = run.block_size((size, size), batch_size)
    assert count == 1 or (count <= 8 * batch_size and count * size * size * 12 <= 64 << 20)


def test_a_metric_of_objects_needs_their_masks(data: tuple[ImageSet, ArrayFile], tmp_path: Path) -> None:
    settings = Settings("localisation", {}, "predicted", 0, 8)
    with pytest.raises(UserError, match="'localisation' needs to know where the objects are"):
        evaluate_set(settings, None, *data, np.arange(2), CPU, tmp_path / "out.npz")


def test_what_tables_need_imports_no_torch() -> None:
    code = "import sys, signsight.evaluation.run; print('torch' in sys.modules)"
    folder = Path(__file__).parents[3] / "workflow_scripts"
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, cwd=folder, capture_output=True, text=True
    )
    assert done.stdout == "False\n"


def test_quantities_come_in_the_order_of_their_declaration() -> None:
    """In a set they would come in another one in every process, and so would the arrays of a file."""
    about = {"quantities": {q: {"direction": "higher"} for q in "dbca"} | {"none": {}}}
    assert judged(about) == ["d", "b", "c", "a"]
