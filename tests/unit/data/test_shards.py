"""Shards: a partition of the images into parts of nearly equal size, and image sets of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from signsight.data.shards import ALL, Shard, grouped, shard_names, shard_of
from small_models import image_set, pictures


@pytest.mark.parametrize(("size", "count"), [(103, 10), (8, 8), (3, 8), (0, 2), (7, 1)])
def test_shards_are_a_partition_into_nearly_equal_parts(size: int, count: int) -> None:
    rows = np.arange(size) * 3
    parts = [Shard(number, count).of(rows) for number in range(count)]
    np.testing.assert_array_equal(np.concatenate(parts), rows)
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_names_of_shards_are_those_of_files() -> None:
    assert shard_names(3) == ["1-of-3", "2-of-3", "3-of-3"]
    assert [shard_of(name) for name in shard_names(3)] == [Shard(0, 3), Shard(1, 3), Shard(2, 3)]
    assert shard_of(None) == ALL and ALL.bounds(7) == (0, 7)


def test_files_of_a_group_are_those_of_its_methods_one_by_one() -> None:
    assert grouped(["a1", "a2", "b1", "b2"], 2) == [["a1", "a2"], ["b1", "b2"]]


@pytest.mark.parametrize("count", [1, 3, 9])
def test_a_share_of_an_image_set_has_its_images_and_rows(count: int, tmp_path: Path) -> None:
    stored, truth = pictures(7, 12), np.arange(7) % 3
    whole = image_set(tmp_path, stored, truth)
    shares = [whole.share(Shard(number, count)) for number in range(count)]
    assert sum(map(len, shares)) == 7
    for share in shares:
        rows = [int(name[5:10]) for name in share.index["image_id"]]
        assert len(share) == len(rows) and share.size == (12, 12)
        np.testing.assert_array_equal(share.images.read(0, len(share)), stored[rows])
        np.testing.assert_array_equal(share.class_ids, truth[rows])
        np.testing.assert_array_equal(share.take(range(len(share))), stored[rows])
    batches = [batch for share in shares for batch in share.batches(2)]
    np.testing.assert_array_equal(np.concatenate(batches), stored)
