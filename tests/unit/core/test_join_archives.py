"""Archives of shards: put together they are what one job stores, whatever the size of a piece or a text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from signsight.core import archives
from signsight.core.archives import arrays_of, join_archives
from signsight.core.errors import UserError

RNG = np.random.default_rng(0)
IDS = np.array([f"{'x' * n}{n}" for n in range(9)])  # the longest ones are in the last shards


def whole(axis: int) -> dict[str, Any]:
    """Arrays of nine images, which are counted along an axis; `x` and `names` belong to all."""
    sizes = [(9, 4), (9,), (9, 2, 3)] if axis == 0 else [(3, 9), (3, 9, 2), (3, 9, 1)]
    rows = {
        f"a{n}": RNG.random(size).astype([np.float32, np.float64, np.int16][n])
        for n, size in enumerate(sizes)
    }
    ids = IDS if axis == 0 else np.stack([IDS] * 3)
    return rows | {"ids": ids, "x": np.arange(5.0), "names": np.array([], np.str_)}


def stored(folder: Path, arrays: dict[str, Any], axis: int, parts: list[slice]) -> list[Path]:
    """Files of the parts of the arrays."""
    files = []
    for number, part in enumerate(parts):
        place = (slice(None),) * axis + (part,)
        own = {name: array if name in ("x", "names") else array[place] for name, array in arrays.items()}
        own["ids"] = own["ids"].astype(np.str_) if part == slice(0, 9) else np.array(own["ids"].tolist())
        files.append(folder / f"{number}.npz")
        np.savez(files[-1], **own)
    return files


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("piece", [1, 40, 1 << 20])
def test_joined_archives_are_what_one_job_stores(
    axis: int, piece: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "PIECE_BYTES", piece)
    arrays = whole(axis)
    np.savez(tmp_path / "whole.npz", **arrays)
    files = stored(tmp_path, arrays, axis, [slice(0, 4), slice(4, 5), slice(5, 9)])
    join_archives(files, tmp_path / "joined.npz", axis, ("x", "names"), "a0")
    with np.load(tmp_path / "whole.npz") as one, np.load(tmp_path / "joined.npz") as joined:
        assert list(one) == list(joined)
        for name in one:
            assert one[name].dtype == joined[name].dtype
            np.testing.assert_array_equal(one[name], joined[name])
    assert (tmp_path / "whole.npz").stat().st_size == (tmp_path / "joined.npz").stat().st_size


def test_a_shard_without_images_may_lack_what_others_have(tmp_path: Path) -> None:
    arrays = whole(0)
    (file,) = stored(tmp_path, arrays, 0, [slice(0, 9)])
    np.savez(tmp_path / "none.npz", a0=np.empty((0, 4), np.float32), ids=np.array([], np.str_))
    for order in ([tmp_path / "none.npz", file], [file, tmp_path / "none.npz"]):
        join_archives(order, tmp_path / "joined.npz", 0, ("x", "names"), "a0")
        with np.load(tmp_path / "joined.npz") as joined:
            np.testing.assert_array_equal(joined["a2"], arrays["a2"])


def test_arrays_are_read_within_the_archive(tmp_path: Path) -> None:
    arrays = whole(0)
    np.savez(tmp_path / "a.npz", **arrays)
    found = arrays_of(tmp_path / "a.npz")
    assert list(found) == list(arrays)
    for name, array in arrays.items():
        np.testing.assert_array_equal(found[name].read(0, len(array)), array)
    np.testing.assert_array_equal(found["a1"].part(2, 6).read(1, 3), arrays["a1"][3:5])


def test_damaged_and_foreign_archives_are_refused(tmp_path: Path) -> None:
    """A byte of the data that has changed, and arrays of something else."""
    np.savez(tmp_path / "a.npz", a0=np.arange(1000.0))
    whole = bytearray((tmp_path / "a.npz").read_bytes())
    whole[4000] ^= 1
    (tmp_path / "a.npz").write_bytes(whole)
    np.savez(tmp_path / "b.npz", other=np.arange(3))
    for name, words in (("a", "a0.npy is damaged"), ("b", "b.npz is not of this evaluation")):
        with pytest.raises(UserError, match=words):
            join_archives([tmp_path / f"{name}.npz"], tmp_path / "joined.npz", 0, ("x",), "a0")


def test_what_is_no_archive_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.npz").write_bytes(b"PK nothing")
    with pytest.raises(UserError, match=r"a.npz cannot be read .*; delete it and run again"):
        arrays_of(tmp_path / "a.npz")
