"""Arrays of the explorer's document: 8 bits within half a step, differences undone, the same file again."""

from __future__ import annotations

import base64
import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from signsight.core.errors import UserError
from signsight.explorer.blobs import Blob, decoded, encoded, packed, quantised, read_document, write_document


@pytest.mark.parametrize("scale", [1e-30, 1e-3, 1, 7e8])
def test_a_quantised_value_is_within_half_a_step(scale: float) -> None:
    maps = (np.random.default_rng(0).standard_normal((6, 9, 7)) * scale).astype(np.float32)
    values, largest, missing = quantised(maps)
    found = values / 127 * largest[:, None, None]
    assert (np.abs(found - maps) <= largest[:, None, None] / 254 * (1 + 1e-9)).all()
    np.testing.assert_allclose(largest, np.abs(maps).max((1, 2)))
    assert values.dtype == np.int8 and not missing.any()
    assert (np.abs(values).max((1, 2)) == 127).all() and values.min() >= -127


def test_maps_of_zeros_and_of_no_numbers_are_missing_and_others_are_not() -> None:
    maps = np.zeros((4, 3, 3), np.float32)
    maps[1, 0, 0], maps[2, 1, 1], maps[3, 2, 2] = np.nan, np.inf, -1e-20
    values, scale, missing = quantised(maps)
    assert missing.tolist() == [True, True, True, False]
    assert not values[:3].any() and not scale[:3].any() and values[3, 2, 2] == -127


@pytest.mark.parametrize("delta", [True, False, None])
@pytest.mark.parametrize("dtype", ["int8", "uint8"])
@pytest.mark.parametrize("shape", [(5,), (3, 4), (2, 3, 17), (0, 4)])
def test_differences_are_undone(dtype: str, shape: tuple[int, ...], delta: bool | None) -> None:
    limits = np.iinfo(dtype)
    array = np.random.default_rng(1).integers(limits.min, limits.max, shape, dtype, endpoint=True)
    blob = encoded(array, delta)
    assert (blob.dtype, blob.shape) == (dtype, shape) and blob.delta in (
        (delta,) if delta is not None else (True, False)
    )
    np.testing.assert_array_equal(decoded(blob), array)


def test_differences_are_those_of_neighbours_modulo_256() -> None:
    blob = encoded(np.array([[-128, 127, 0], [5, 5, 4]], np.int8), delta=True)
    assert list(gzip.decompress(blob.data)) == [128, 255, 129, 5, 0, 255]


@pytest.mark.parametrize("dtype", ["uint16", "float32"])
def test_other_numbers_are_stored_as_they_are(dtype: str) -> None:
    array = np.array([[0, 1, 40_000], [3, 2, 65_535]], dtype)
    blob = encoded(array)
    assert (
        not blob.delta and gzip.decompress(blob.data) == array.astype(f"<{np.dtype(dtype).str[1:]}").tobytes()
    )
    np.testing.assert_array_equal(decoded(blob), array)


def test_nan_of_float32_stays() -> None:
    np.testing.assert_array_equal(decoded(encoded(np.array([np.nan, 1], np.float32))), [np.nan, 1])


def test_differences_are_taken_where_they_pay() -> None:
    ramp = np.tile(np.arange(200, dtype=np.uint8), (50, 1))
    noise = np.random.default_rng(2).integers(0, 4, (50, 200), np.uint8)
    assert encoded(ramp).delta and not encoded(noise).delta


def test_other_types_are_refused() -> None:
    with pytest.raises(ValueError, match="float64"):
        encoded(np.zeros(3))


def test_a_document_is_strict_json_with_short_numbers() -> None:
    tree = {
        "a": np.array([np.nan, np.inf, 1 / 3]),
        "scale": [1 / 3],
        "b": np.bool_(True),
        "n": np.int16(4),
        "c": (None, "ü<"),
    }
    text, blobs = packed(tree)
    assert json.loads(text, parse_constant=pytest.fail) == {
        "a": [None, None, 0.333333], "scale": [0.333333333], "b": True, "n": 4, "c": [None, "ü<"],
    }  # fmt: skip
    assert blobs == []


def test_blobs_are_numbered_in_their_order() -> None:
    one, two = encoded(np.arange(3, dtype=np.uint8)), encoded(np.zeros(2, np.float32))
    text, blobs = packed({"x": [one, {"y": two}]})
    told = json.loads(text)
    assert [told["x"][0]["blob"], told["x"][1]["y"]["blob"]] == [0, 1] and blobs == [one, two]
    assert told["x"][1]["y"] == {"blob": 1, "dtype": "float32", "shape": [2], "delta": False}


def test_a_document_comes_back_and_its_file_is_the_same_again(tmp_path: Path) -> None:
    blob = encoded(np.arange(12, dtype=np.int8).reshape(3, 4))
    tree = {"one": {"values": blob, "scale": [0.5]}, "two": [1, None, "text"]}
    for name in ("a.zip", "b.zip"):
        write_document(tmp_path / name, tree)
    assert read_document(tmp_path / "a.zip") == tree
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    assert isinstance(read_document(tmp_path / "a.zip")["one"]["values"], Blob)


@pytest.mark.parametrize("content", [b"", b"no zip", base64.b64decode("UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA==")])
def test_another_file_is_refused_in_one_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.zip").write_bytes(content)
    with pytest.raises(UserError, match=r"x\.zip is not a document of an explorer .*; make it again\."):
        read_document(tmp_path / "x.zip")
