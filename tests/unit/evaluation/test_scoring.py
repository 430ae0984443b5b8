"""Scoring: the same as a plain loop, whatever the batch, and pictures of another size resampled."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from signsight.data.shards import Shard
from signsight.evaluation.accuracy import join_predictions
from signsight.evaluation.scoring import fitting_batches, save_predictions, score_set, score_sets
from small_models import gap, image_set, pictures

CPU = torch.device("cpu")
COUNT, SIZE = 23, 16
TRUTH = np.arange(COUNT) % 5


@pytest.mark.parametrize("batch_size", [1, 7, 100])
def test_predictions_are_those_of_a_plain_loop(tmp_path: Path, batch_size: int) -> None:
    model, images = gap().train(), pictures(COUNT, SIZE)
    kept = image_set(tmp_path, images, TRUTH)
    predicted, own, confidence, columns, top, top_ids = score_set(model, kept, CPU, batch_size, [1, 4])
    assert model.training
    model.eval()
    for n, image in enumerate(images):
        with torch.no_grad():
            shares = model(torch.tensor(image).permute(2, 0, 1)[None] / 255).softmax(1)[0]
        assert predicted[n] == shares.argmax()
        assert own[n] == pytest.approx(float(shares[TRUTH[n]]), rel=1e-5)
        assert confidence[n] == pytest.approx(float(shares.max()), rel=1e-5)
        np.testing.assert_allclose(columns[n], shares[[1, 4]], rtol=1e-5)
        np.testing.assert_allclose(top[n], sorted(shares.tolist(), reverse=True)[:5], rtol=1e-5)
        np.testing.assert_allclose(shares[top_ids[n].astype(int)], top[n], rtol=1e-5)
    assert (predicted.dtype, own.dtype, confidence.dtype) == (np.int16, np.float32, np.float32)


def test_several_sets_keep_their_names_and_order(tmp_path: Path) -> None:
    model, names = gap(), ["7", "-90", "none"]
    folders = {name: tmp_path / name for name in names}
    for seed, folder in enumerate(folders.values()):
        image_set(folder, pictures(COUNT, SIZE, seed), TRUTH)
    together = score_sets(model, folders, CPU, 8)
    assert together.sets == names and together.predicted.shape == (3, COUNT)
    for row, name in enumerate(names):
        alone = score_sets(model, {name: folders[name]}, CPU, 5)
        np.testing.assert_array_equal(together.predicted[row], alone.predicted[0])
        np.testing.assert_allclose(together.probability[row], alone.probability[0], rtol=1e-5)
    save_predictions(tmp_path / "p.npz", together)
    with np.load(tmp_path / "p.npz") as stored:
        assert stored["sets"].tolist() == names
        np.testing.assert_array_equal(stored["predicted"], together.predicted)
        np.testing.assert_array_equal(stored["confidence"], together.confidence)


@pytest.mark.parametrize("side", [64, 9])
def test_pictures_of_another_size_are_resampled(
    tmp_path: Path, side: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("signsight.evaluation.scoring.READ_BYTES", 4 * side * side * 3)
    images = pictures(COUNT, side)
    batches = list(fitting_batches(image_set(tmp_path, images, TRUTH), SIZE, 10))
    assert max(map(len, batches)) == 4  # memory is bounded by READ_BYTES
    expected = [np.asarray(Image.fromarray(i).resize((SIZE, SIZE), Image.Resampling.LANCZOS)) for i in images]
    np.testing.assert_array_equal(np.concatenate(batches), np.stack(expected))


def test_pictures_of_the_right_size_are_untouched(tmp_path: Path) -> None:
    images = pictures(COUNT, SIZE)
    batches = list(fitting_batches(image_set(tmp_path, images, TRUTH), SIZE, 10))
    assert [len(batch) for batch in batches] == [10, 10, 3]
    np.testing.assert_array_equal(np.concatenate(batches), images)


def test_columns_of_the_classes_that_the_images_have_are_kept_where_asked(tmp_path: Path) -> None:
    images = image_set(tmp_path / "in", pictures(COUNT, SIZE), 1 + 2 * (TRUTH % 2))
    found = score_sets(gap(), {"test": tmp_path / "in"}, CPU, 8, columns=True)
    assert found.column_ids.tolist() == [1, 3] and found.columns.shape == (1, COUNT, 2)
    own = np.where(images.class_ids == 1, found.columns[0, :, 0], found.columns[0, :, 1])
    np.testing.assert_array_equal(own, found.probability[0])
    save_predictions(tmp_path / "p.npz", found)
    with np.load(tmp_path / "p.npz") as stored:
        np.testing.assert_array_equal(stored["columns"], found.columns)
    save_predictions(tmp_path / "q.npz", score_sets(gap(), {"test": tmp_path / "in"}, CPU, 8))
    with np.load(tmp_path / "q.npz") as stored:
        assert set(stored) == {"sets", "predicted", "probability", "confidence"}


@pytest.mark.parametrize("shards", [2, 30])
def test_predictions_of_shards_are_those_of_one_job(shards: int, tmp_path: Path) -> None:
    """Of two sets, with columns of the classes that the images of all shards have; also of no images."""
    folders = {name: tmp_path / name for name in ("none", "7")}
    for seed, folder in enumerate(folders.values()):
        image_set(folder, pictures(COUNT, SIZE, seed), np.sort(TRUTH))
    save_predictions(tmp_path / "whole.npz", score_sets(gap(), folders, CPU, 8, columns=True))
    files = [tmp_path / f"{number}.npz" for number in range(shards)]
    for number, file in enumerate(files):
        found = score_sets(gap(), folders, CPU, 8, columns=True, shard=Shard(number, shards))
        save_predictions(file, found)
    join_predictions(files, tmp_path / "joined.npz")
    with np.load(tmp_path / "whole.npz") as whole, np.load(tmp_path / "joined.npz") as joined:
        assert list(whole) == list(joined)
        for name in whole:
            assert whole[name].dtype == joined[name].dtype and whole[name].shape == joined[name].shape
            if whole[name].dtype.kind == "f":
                np.testing.assert_allclose(joined[name], whole[name], rtol=1e-5)
            else:
                np.testing.assert_array_equal(joined[name], whole[name])
