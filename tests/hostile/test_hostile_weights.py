"""Files of weights that are none, lie, or would run code: one sentence each, and nothing is ever run."""

from __future__ import annotations

import io
import json
import os
import pickle
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch
from torch import nn

from signsight.core.errors import UserError
from signsight.models.checkpoint import load, save
from signsight.models.classifier import new_classifier
from signsight.models.states import load_weights

CANARY = "canary"


class Runs:
    """Its pickle makes a folder called CANARY when it is loaded."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (CANARY,)


def network() -> nn.Module:
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(16, 3))


STATE = network().state_dict()


def pth(value: object, **options: Any) -> bytes:
    file = io.BytesIO()
    torch.save(value, file, **options)
    return file.getvalue()


def zipped(files: dict[str, bytes], how: int = zipfile.ZIP_STORED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", how) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def script() -> bytes:
    out = io.BytesIO()
    torch.jit.save(torch.jit.trace(nn.Linear(2, 2), torch.zeros(1, 2)), out)
    return out.getvalue()


def tensors(header: dict[str, Any] | bytes, data: bytes = b"", length: int | None = None) -> bytes:
    """A safetensors file with this header, which may lie."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def one(shape: list[int], offsets: list[int], kind: str = "F32") -> dict[str, Any]:
    return {"0.weight": {"dtype": kind, "shape": shape, "data_offsets": offsets}}


def changed(**new: torch.Tensor) -> dict[str, torch.Tensor]:
    return dict(STATE) | {key.replace("__", "."): value for key, value in new.items()}


FILES: dict[str, tuple[Callable[[], bytes], str]] = {
    "nothing": (lambda: b"", "is empty"),
    "one byte": (lambda: b"\x80", "truncated"),
    "zeros": (lambda: bytes(10_000), "is neither a .safetensors file nor one of torch.save"),
    "text": (lambda: b"hello\n", "is a text file"),
    "a web page": (lambda: b"\n <!DOCTYPE html><html>", "is a web page"),
    "XML": (lambda: b"<?xml version='1.0'?>", "is a web page"),
    "an LFS pointer": (lambda: b"version https://git-lfs.github.com/spec/v1\n", "`git lfs pull`"),
    "HDF5": (lambda: b"\x89HDF\r\n\x1a\n" + bytes(100), "is an HDF5 file"),
    "a gzip": (lambda: b"\x1f\x8b\x08" + bytes(100), "is neither"),
    "a pickle that runs code": (lambda: pickle.dumps(Runs()), "could run code"),
    "a pickle of protocol 0": (lambda: pickle.dumps(Runs(), protocol=0), "is a text file"),
    "code in torch's file": (lambda: pth({"a": Runs()}), "would run code"),
    "code beside weights": (lambda: pth({"state_dict": STATE, "extra": Runs()}), "would run code"),
    "code in torch's old file": (
        lambda: pth({"a": Runs()}, _use_new_zipfile_serialization=False), "would run code",
    ),
    "a whole network": (lambda: pth(network()), "would run code"),
    "TorchScript": (script, "is a TorchScript program"),
    "a stray zip": (lambda: zipped({"a.txt": b"x"}), "is a zip archive without weights"),
    "a zip of nothing": (lambda: zipped({}), "truncated"),
    "a bomb": (lambda: zipped({"x/data.pkl": bytes(50_000_000)}, zipfile.ZIP_DEFLATED), "is compressed"),
    "a pickle in a zip": (lambda: zipped({"x/data.pkl": pickle.dumps(Runs())}), "truncated"),
    "integer keys": (lambda: pth({0: torch.ones(1), 1: torch.ones(2)}), "holds a table with the keys 0, 1"),
    "a list": (lambda: pth([torch.ones(1)]), "holds an object of type list"),
    "a tensor": (lambda: pth(torch.ones(3)), "holds a single tensor"),
    "an empty table": (lambda: pth({}), "holds an empty table"),
    "no tensors": (lambda: pth({"epoch": 3}), "holds a table with the keys 'epoch'"),
    "a long header": (lambda: tensors(b"{}", length=1 << 31), "truncated"),
    "a header beyond the file": (lambda: tensors(b"{}", length=5000), "truncated"),
    "a header that is no JSON": (lambda: tensors(b"{nonsense}"), "truncated"),
    "no tensors in safetensors": (lambda: tensors({}), "another network"),
    "offsets beyond the file": (lambda: tensors(one([1], [0, 4000]), bytes(4)), "truncated"),
    "offsets that overlap": (
        lambda: tensors(one([1], [0, 4]) | {"b": one([1], [0, 4])["0.weight"]}, bytes(8)), "truncated",
    ),
    "offsets backwards": (lambda: tensors(one([1], [4, 0]), bytes(4)), "truncated"),
    "a shape beyond memory": (lambda: tensors(one([1 << 40], [0, 4]), bytes(4)), "truncated"),
    "a negative shape": (lambda: tensors(one([-1], [0, 4]), bytes(4)), "truncated"),
    "an unknown type": (lambda: tensors(one([1], [0, 4], "Q3"), bytes(4)), "truncated"),
    "truncated": (lambda: pth(STATE)[:-300], "truncated"),
    "truncated safetensors": (lambda: safetensors.torch.save(STATE)[:-10], "truncated"),
    "NaN": (lambda: pth(changed(**{"0__bias": torch.full((4,), torch.nan)})), "in '0.bias' that"),
    "infinity": (lambda: pth(changed(**{"3__bias": torch.full((3,), torch.inf)})), "in '3.bias' that"),
    "half too large": (
        lambda: pth(changed(**{"3__bias": torch.full((3,), 1e300, dtype=torch.float64)})), "not finite",
    ),
    "int8": (lambda: pth({k: v.to(torch.int8) for k, v in STATE.items()}), "as int8"),
    "bool": (lambda: pth({k: v.bool() for k, v in STATE.items()}), "as bool"),
    "complex": (lambda: pth({k: v.to(torch.complex64) for k, v in STATE.items()}), "as complex64"),
    "sparse": (lambda: pth(changed(**{"3__weight": torch.eye(3, 16).to_sparse()})), "'3.weight' as float32"),
    "transposed": (
        lambda: pth(changed(**{"3__weight": torch.ones(16, 3)})),
        r"'3.weight' has shape \(16, 3\) instead of \(3, 16\)",
    ),
    "many missing": (lambda: pth({"0.weight": STATE["0.weight"]}), "is missing.* and [0-9]+ more"),
    "many unknown": (lambda: pth({f"x{n}": torch.ones(1) for n in range(500)}), "and [0-9]+ more"),
    "a name of a page": (lambda: pth({"x" * 100_000: torch.ones(1)}), "another network"),
    "other classes": (
        lambda: pth(changed(**{"3__weight": torch.ones(7, 16), "3__bias": torch.ones(7)})), "for 7 classes",
    ),
    "a single logit": (
        lambda: pth(changed(**{"3__weight": torch.ones(1, 16), "3__bias": torch.ones(1)})), "a single logit",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_no_weights(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    make, words = FILES[name]
    content = make()
    Path("net.pth").write_bytes(content)
    with pytest.raises(UserError, match=words) as caught:
        load_weights(network(), Path("net.pth"), classes=3)
    message = str(caught.value)
    assert "\n" not in message and len(message) < 700 and message.endswith("."), message
    assert os.listdir() == ["net.pth"], "code of the file was run"  # noqa: PTH208
    assert Path("net.pth").read_bytes() == content


EDITS: dict[str, tuple[Any, str]] = {
    "no JSON": ("{", "is not JSON"),
    "a list": ([], "lacks 'architecture'"),
    "text for a size": ({"size": "24"}, "gives 'size' as '24'"),
    "a size of zero": ({"size": 0}, "gives 'size' as 0"),
    "an immense size": ({"size": 10**9}, "gives 'size' as 1000000000"),
    "null for classes": ({"classes": None}, "gives 'classes' as None"),
    "numbers for classes": ({"classes": [1, 2]}, r"gives 'classes' as \[1, 2\]"),
    "one class": ({"classes": ["a"]}, "gives 'classes'"),
    "more classes": ({"classes": ["a", "b", "c"]}, "for 2 classes and the network has 3"),
    "a mean of text": ({"mean": ["x", 0, 0]}, "gives 'mean'"),
    "a mean of NaN": ({"mean": [float("nan"), 0, 0]}, "mean of the normalisation"),
    "a std of zero": ({"std": [0, 1, 1]}, "std of the normalisation"),
    "one mean": ({"mean": [0.5]}, "mean of the normalisation"),
    "two channels": ({"channels": 2}, "networks take 1"),
    "another network": ({"architecture": "resnet18"}, "'resnet18' does not take these parameters"),
    "an unknown network": ({"architecture": "nonsense"}, "nonsense"),
    "a network of Python": ({"architecture": "os.system"}, "os.system"),
    "an unknown parameter": ({"parameters": {"depth": 3}}, "'depth'"),
    "an immense parameter": ({"parameters": {"width": 10**7}}, "between 1 and 512"),
    "a parameter of text": ({"parameters": {"width": "x"}}, "cannot be built"),
}


@pytest.mark.parametrize("name", EDITS)
def test_a_model_json_that_was_edited(name: str, tmp_path: Path) -> None:
    save(new_classifier("compact", {"width": 4}, ["a", "b"], 24, [0.5] * 3, [0.2] * 3), tmp_path, {})
    about = tmp_path / "model.json"
    change, words = EDITS[name]
    whole = json.loads(about.read_text())
    edited = whole | change if isinstance(change, dict) else change
    about.write_text(edited if isinstance(edited, str) else json.dumps(edited))
    with pytest.raises(UserError, match=words) as caught:
        load(tmp_path)
    message = str(caught.value)
    assert "\n" not in message and len(message) < 700, message


def test_the_normalisation_has_one_place(tmp_path: Path) -> None:
    """An edited mean is the one that counts, since the weights have none of their own."""
    save(new_classifier("compact", {"width": 4}, ["a", "b"], 24, [0.5] * 3, [0.2] * 3), tmp_path, {})
    assert not any("mean" in key and "running" not in key for key in safetensors.torch.load_file(
        tmp_path / "model.safetensors"))  # fmt: skip
    about = json.loads((tmp_path / "model.json").read_text())
    (tmp_path / "model.json").write_text(json.dumps(about | {"mean": [0.25] * 3}))
    assert load(tmp_path).mean.tolist() == [0.25] * 3
