"""Finished pictures are kept, found again in the same state alone, and never half-written."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from signsight.core.files import file_digest
from signsight.features.made import Store


def test_what_is_put_is_found_again_in_the_same_state_alone(tmp_path: Path) -> None:
    store = Store(tmp_path, {"seed": 1})
    store.put("a/0", {"picture": np.arange(6, dtype=np.uint8).reshape(1, 2, 3), "score": np.float64(0.1)})
    found = Store(tmp_path, {"seed": 1}).get("a/0")
    assert found["picture"].tolist() == [[[0, 1, 2], [3, 4, 5]]] and float(found["score"]) == 0.1
    assert Store(tmp_path, {"seed": 2}).get("a/0") is None
    assert store.get("a/1") is None


def test_a_broken_file_counts_as_none(tmp_path: Path) -> None:
    store = Store(tmp_path, {})
    store.put("a", {"picture": np.zeros((8, 8, 3))})
    (file,) = tmp_path.glob("*.npz")
    file.write_bytes(file.read_bytes()[:100])
    assert store.get("a") is None
    file.write_bytes(b"")
    assert store.get("a") is None


def test_what_is_no_longer_wanted_goes(tmp_path: Path) -> None:
    old, store = Store(tmp_path, {"seed": 1}), Store(tmp_path, {"seed": 2})
    for name in ("a", "b"):
        old.put(name, {"x": np.zeros(1)})
        store.put(name, {"x": np.ones(1)})
    store.keep_only(["b"])
    assert store.get("b") is not None and store.get("a") is None and old.get("b") is None
    assert len(list(tmp_path.iterdir())) == 1


def test_the_digest_of_a_file_is_that_of_its_bytes(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    assert file_digest(tmp_path / "a").startswith("ba7816bf8f01cfea")  # sha256 of "abc", FIPS 180-2
