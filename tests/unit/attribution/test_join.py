"""Maps of shards: put together they are those of one job."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from signsight.attribution.join import join_maps
from signsight.attribution.run import Settings, explain_set
from signsight.core.errors import UserError
from signsight.data.shards import Shard
from small_models import few, gap, image_set, pictures

CPU = torch.device("cpu")
COUNT, SIZE, BATCH = 11, 16, 2


@pytest.mark.parametrize("method", ["random", "smooth_grad", "rise"])
@pytest.mark.parametrize("shards", [2, 4, 20])
def test_maps_of_shards_are_those_of_one_job(method: str, shards: int, tmp_path: Path) -> None:
    """Of methods that draw; in four shards of up to 3 images batches of 2 are others than in the whole."""
    images = image_set(tmp_path / "images", pictures(COUNT, SIZE), np.arange(COUNT) % 5)
    chosen = Settings(method, "true", "logit", None, BATCH, few(method, SIZE), 5)
    explain_set(gap(), images, chosen, CPU, tmp_path / "whole.npy")
    files = [tmp_path / f"{number}.npy" for number in range(shards)]
    for number, file in enumerate(files):
        explain_set(gap(), images.share(Shard(number, shards)), chosen, CPU, file)
    join_maps(files, tmp_path / "joined.npy")
    whole, joined = np.load(tmp_path / "whole.npy"), np.load(tmp_path / "joined.npy")
    assert joined.dtype == whole.dtype and joined.shape == whole.shape
    np.testing.assert_allclose(joined, whole, rtol=1e-5, atol=1e-6)
    head = slice(0, 128)  # the header of the file
    assert (tmp_path / "joined.npy").read_bytes()[head] == (tmp_path / "whole.npy").read_bytes()[head]


def test_where_batches_align_the_files_are_the_same(tmp_path: Path) -> None:
    images = image_set(tmp_path / "images", pictures(12, SIZE), np.arange(12) % 5)
    chosen = Settings("smooth_grad", "true", "logit", None, BATCH, few("smooth_grad", SIZE), 5)
    explain_set(gap(), images, chosen, CPU, tmp_path / "whole.npy")
    files = [tmp_path / f"{number}.npy" for number in range(3)]
    for number, file in enumerate(files):
        explain_set(gap(), images.share(Shard(number, 3)), chosen, CPU, file)
    join_maps(files, tmp_path / "joined.npy")
    assert (tmp_path / "joined.npy").read_bytes() == (tmp_path / "whole.npy").read_bytes()


def test_maps_of_another_size_are_refused(tmp_path: Path) -> None:
    for size in (4, 5):
        np.save(tmp_path / f"{size}.npy", np.zeros((2, size, size), np.float32))
    with pytest.raises(UserError, match=r"5.npy and .*4.npy are of different maps; delete both"):
        join_maps([tmp_path / "4.npy", tmp_path / "5.npy"], tmp_path / "joined.npy")
    assert not (tmp_path / "joined.npy").exists()
