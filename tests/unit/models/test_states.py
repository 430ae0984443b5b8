"""Weights as people have them: every common file is read, anything else is named for what it is."""

from __future__ import annotations

import argparse
import io
import pickle
import warnings
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch
from torch import nn

from signsight.core.errors import UserError
from signsight.models.states import OtherHead, load_weights, read_tensors

State = dict[str, torch.Tensor]


def network(classes: int = 3, seed: int = 0, width: int = 4) -> nn.Module:
    torch.manual_seed(seed)
    body = nn.Sequential(OrderedDict(conv=nn.Conv2d(3, width, 3), norm=nn.BatchNorm2d(width)))
    return nn.Sequential(OrderedDict(body=body, head=nn.Linear(width, classes)))


STATE: State = {key: value.clone() for key, value in network(seed=1).state_dict().items()}
BARE = {key: value for key, value in STATE.items() if not key.endswith("num_batches_tracked")}


def prefixed(prefix: str, state: State = STATE) -> State:
    return {prefix + key: value for key, value in state.items()}


def bytes_of(value: object, **options: Any) -> bytes:
    file = io.BytesIO()
    torch.save(value, file, **options)
    return file.getvalue()


def loaded(data: bytes, folder: Path, name: str = "weights.pth", **options: Any) -> State:
    (folder / name).write_bytes(data)
    other = network()
    load_weights(other, folder / name, classes=3, **options)
    return other.state_dict()


def same(one: State, other: State) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[key], other[key]) for key in one)


def assert_refused(data: bytes, folder: Path, words: str) -> None:
    with pytest.raises(UserError, match=words) as caught:
        loaded(data, folder)
    message = str(caught.value)
    assert (
        message.startswith(str(folder / "weights.pth")) and "\n" not in message and message.count(". ") == 0
    )
    assert "weights_only" not in message and "safe_globals" not in message


# What is read

LIGHTNING = {
    "state_dict": prefixed("model.") | {"loss.weight": torch.ones(3)},
    "hyper_parameters": {"lr": 0.1, "model": {"width": 4}},
    "callbacks": {"ModelCheckpoint": {"best_model_score": torch.tensor(0.5)}},
    "optimizer_states": [{"state": {0: {"step": torch.tensor(1.0)}}, "param_groups": [{"lr": 0.1}]}],
    "epoch": 7,
    "pytorch-lightning_version": "2.5",
}


@pytest.mark.parametrize(
    "value",
    [
        STATE,
        OrderedDict(STATE),
        network(seed=1).state_dict(),
        BARE,
        *({key: STATE, "epoch": 3} for key in ("state_dict", "model", "model_state_dict", "net", "params")),
        {"ema": STATE, "network": STATE, "optimizer": {"state": {0: torch.ones(1)}}},
        {"ema": prefixed("", {k: v + 1 for k, v in STATE.items()}), "model": STATE},
        {"model": {"state_dict": STATE, "epoch": 1}, "lr": 0.1},
        *(prefixed(prefix) for prefix in ("module.", "model.", "_orig_mod.", "network.", "net.")),
        prefixed("model._orig_mod."),
        prefixed("module.model.net."),
        prefixed("_orig_mod.module.", BARE),
        {key.replace("body.", "body._orig_mod."): value for key, value in STATE.items()},
        STATE | {"aux.head.weight": torch.ones(2, 2), "AuxLogits.fc.bias": torch.ones(2)},
        LIGHTNING,
        {"state_dict": STATE, "best": np.float64(0.9), "args": argparse.Namespace(lr=0.1)},
    ],
)
@pytest.mark.parametrize("zipped", [True, False])
def test_weights_are_found(tmp_path: Path, value: object, zipped: bool) -> None:
    before = network().state_dict()
    found = loaded(bytes_of(value, _use_new_zipfile_serialization=zipped), tmp_path)
    counts = {key: before[key] for key in STATE.keys() - BARE.keys()}
    assert same(found, STATE) or same(found, STATE | counts)


def test_safetensors_by_content_and_not_by_name(tmp_path: Path) -> None:
    for state in (STATE, prefixed("model.", BARE)):
        data = safetensors.torch.save(state)
        for name in ("a.safetensors", "a.bin"):
            found = loaded(data, tmp_path, name)
            assert all(torch.equal(found[key], STATE[key]) for key in BARE)


def test_a_prefix_of_the_network_itself_stays(tmp_path: Path) -> None:
    own = nn.ModuleDict({"model": network()})
    torch.save(prefixed("model."), tmp_path / "a.pth")
    load_weights(own, tmp_path / "a.pth")
    assert same(own["model"].state_dict(), STATE)


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16, torch.float64])
def test_other_precisions_become_the_networks(tmp_path: Path, kind: torch.dtype) -> None:
    state = {key: value.to(kind) for key, value in STATE.items()}  # the count of batches too
    found = loaded(bytes_of(state), tmp_path)
    assert found["body.conv.weight"].dtype == torch.float32
    assert found["body.norm.num_batches_tracked"].dtype == torch.int64
    assert all(torch.equal(found[key], state[key].to(found[key].dtype)) for key in found)


def test_hooks_of_modules_may_rename(tmp_path: Path) -> None:
    """As those of torchvision's ViT do with the names of its published weights."""

    class Renaming(nn.Linear):
        def _load_from_state_dict(self, state: State, prefix: str, *rest: Any) -> None:
            state[f"{prefix}weight"] = state.pop(f"{prefix}kernel")
            super()._load_from_state_dict(state, prefix, *rest)

    own, state = nn.Sequential(Renaming(2, 2)), {"0.kernel": torch.eye(2), "0.bias": torch.ones(2)}
    torch.save(state, tmp_path / "a.pth")
    load_weights(own, tmp_path / "a.pth")
    assert torch.equal(own[0].weight, torch.eye(2))


def test_shared_weights_may_be_stored_once(tmp_path: Path) -> None:
    own = nn.Sequential(nn.Linear(2, 2, False), nn.Linear(2, 2, False))
    own[1].weight = own[0].weight
    torch.save({"0.weight": torch.eye(2)}, tmp_path / "a.pth")
    load_weights(own, tmp_path / "a.pth")
    assert torch.equal(own[1].weight, torch.eye(2))


def test_an_infinite_mask_is_no_fault(tmp_path: Path) -> None:
    own, other = nn.Linear(2, 2), nn.Linear(2, 2)
    for module in (own, other):
        module.register_buffer("mask", torch.full((2, 2), -torch.inf).triu(1))
    torch.save(own.state_dict(), tmp_path / "a.pth")
    load_weights(other, tmp_path / "a.pth")
    assert same(other.state_dict(), own.state_dict())


# What does not fit


def test_tensors_that_differ_are_named(tmp_path: Path) -> None:
    lacking = {key: value for key, value in STATE.items() if key != "head.bias"}
    assert_refused(
        bytes_of(lacking), tmp_path, r"another network \('head\.bias' is missing\); correct 'model\.weights'"
    )
    assert_refused(bytes_of(STATE | {"x": torch.ones(1)}), tmp_path, r"\('x' is unknown to the network\)")
    wide = {f"w{n}": torch.ones(1) for n in range(9)}
    assert_refused(
        bytes_of(wide), tmp_path, r"\('body\.conv\.weight' is missing, 'w0' is unknown .*, .* and 14 more\)"
    )
    shapes = r"'body\.conv\.weight' has shape \(5, 3, 3, 3\) instead of \(4, 3, 3, 3\), .* and 4 more"
    assert_refused(bytes_of(network(width=5).state_dict()), tmp_path, shapes)


def test_another_number_of_classes(tmp_path: Path) -> None:
    data = bytes_of(network(classes=7, seed=1).state_dict())
    words = r"weights for 7 classes and the network has 3; name .* 'model\.classes' \(a list or a file\)"
    assert_refused(data, tmp_path, words)
    with pytest.raises(OtherHead) as caught:
        loaded(data, tmp_path)
    assert caught.value.classes == 7
    before, found = network().state_dict(), loaded(data, tmp_path, new_head=True)
    assert torch.equal(found["head.weight"], before["head.weight"])
    assert torch.equal(found["body.conv.weight"], network(classes=7, seed=1).body.conv.weight)
    assert same(loaded(bytes_of(STATE), tmp_path, new_head=True), STATE)
    single = bytes_of(network(classes=1).state_dict())
    assert_refused(single, tmp_path, "a single logit, which is not supported; give the network two outputs")


def test_rows_that_are_no_classes(tmp_path: Path) -> None:
    """Position embeddings of another size of the pictures, for example."""
    own, other = (nn.ModuleDict({"places": nn.Embedding(n, 2), "head": nn.Linear(2, 3)}) for n in (5, 10))
    torch.save(other.state_dict(), tmp_path / "a.pth")
    with pytest.raises(
        UserError, match=r"'places\.weight' has shape \(10, 2\) instead of \(5, 2\).*'data\.size'"
    ):
        load_weights(own, tmp_path / "a.pth", classes=3)


@pytest.mark.parametrize("kind", [torch.int8, torch.bool, torch.complex64, torch.int64])
def test_types_that_lose_the_weights(tmp_path: Path, kind: torch.dtype) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        state = STATE | {"head.weight": STATE["head.weight"].to(kind)}
    assert_refused(
        bytes_of(state), tmp_path, rf"'head\.weight' as {str(kind)[6:]} and the network has it as float32"
    )


def test_counts_that_are_no_whole_numbers(tmp_path: Path) -> None:
    state = STATE | {"body.norm.num_batches_tracked": torch.tensor(2.5)}
    assert_refused(
        bytes_of(state), tmp_path, r"num_batches_tracked' as float32 and the network has it as int64"
    )


@pytest.mark.parametrize("value", [torch.nan, torch.inf])
def test_weights_that_are_not_finite(tmp_path: Path, value: float) -> None:
    bad = STATE["body.norm.running_var"].clone()
    bad[1] = value
    assert_refused(
        bytes_of(STATE | {"body.norm.running_var": bad}),
        tmp_path,
        r"'body\.norm\.running_var' that are not finite",
    )
    large = STATE | {"head.bias": torch.full((3,), 1e300, dtype=torch.float64)}
    assert_refused(bytes_of(large), tmp_path, r"'head\.bias' that are not finite")


# Files of other kinds


class Sly:
    """An object whose pickle runs code."""

    def __reduce__(self) -> tuple[Callable[..., object], tuple[str]]:
        return exec, ("raise SystemExit",)


def torchscript() -> bytes:
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.save(torch.jit.script(network()), file)
    return file.getvalue()


def npz() -> bytes:
    file = io.BytesIO()
    np.savez(file, a=np.ones(3))
    return file.getvalue()


def compressed() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/data.pkl", bytes(100_000))
    return file.getvalue()


HOW = r"; in a Python that you trust with it, write torch\.save\(model\.state_dict\(\), 'weights\.pth'\)"
OLD = {"_use_new_zipfile_serialization": False}
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:0123\nsize 1099231\n"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (bytes_of(network()), f"such as a whole network, so that loading it would run code{HOW}"),
        (bytes_of(network(), **OLD), f"such as a whole network, so that loading it would run code{HOW}"),
        (bytes_of({"state_dict": STATE, "x": Sly()}), f"would run code{HOW}"),
        (bytes_of({"state_dict": STATE, "x": Sly()}, **OLD), f"would run code{HOW}"),
        (torchscript(), f"is a TorchScript program, which would run code{HOW}"),
        (pickle.dumps(STATE), f"is a pickle that torch.save did not write, which could run code{HOW}"),
        (pickle.dumps(Sly()), f"is a pickle that torch.save did not write, which could run code{HOW}"),
        (
            bytes_of({0: torch.ones(1), 1: torch.ones(1)}),
            f"a table with the keys 0, 1 instead of weights by name{HOW}",
        ),
        (
            bytes_of({"epoch": 3, "loss": 0.1}),
            "a table with the keys 'epoch', 'loss' instead of weights by name",
        ),
        (bytes_of(torch.ones(3)), "a single tensor instead of weights by name"),
        (bytes_of([torch.ones(3)]), "an object of type list instead of weights by name"),
        (bytes_of({}), "an empty table instead of weights by name"),
        (npz(), "is a zip archive without weights of torch"),
        (compressed(), "is compressed, unlike files of torch.save"),
        (POINTER, "is a pointer of Git LFS .*`git lfs pull`"),
        (b"\n<!DOCTYPE html>\n<html>", "is a web page in place of the weights; download the file itself"),
        (b"<html><body>404</body></html>", "is a web page"),
        (b"", "is empty; download it or make it again"),
        (b"these are my weights\n", "is a text file, no file of weights; correct the path"),
        (b'{"conv.weight": [1, 2]}', "is a text file"),
        (b"\x89HDF\r\n\x1a\n" + bytes(100), "is an HDF5 file, as Keras writes them"),
        (b"\x08\x07\x12\x00\x01\x02" * 50, "is neither a .safetensors file nor one of torch.save"),
        (b"\x80\x02}q\x00(X", "may be truncated"),
        (b"PK\x03\x04 half", "may be truncated"),
    ],
)
def test_what_is_no_weights_is_named(tmp_path: Path, data: bytes, words: str) -> None:
    assert_refused(data, tmp_path, words)


@pytest.mark.parametrize(
    "data",
    [bytes_of(STATE), bytes_of(STATE, **OLD), safetensors.torch.save(STATE)],
    ids=["zip", "old", "safe"],
)
def test_truncated_files(tmp_path: Path, data: bytes) -> None:
    for keep in (7, 16, 40, 200, 600, len(data) - 1):
        assert_refused(data[:keep], tmp_path, "truncated")


@pytest.mark.parametrize("data", [bytes_of(STATE), bytes_of(STATE, **OLD), safetensors.torch.save(STATE)])
def test_damaged_files_end_in_a_sentence(tmp_path: Path, data: bytes) -> None:
    """A byte of the head, the body or the tail is another one; values may be, too, and that is not seen."""
    rng = np.random.default_rng(0)
    for _ in range(60):
        broken = bytearray(data)
        broken[rng.integers(-300, 300)] = rng.integers(256)
        try:
            loaded(bytes(broken), tmp_path)
        except UserError as fault:
            assert "\n" not in str(fault) and "weights_only" not in str(fault)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"does not exist; .*correct the path"):
        read_tensors(tmp_path / "no.pth")
    with pytest.raises(UserError, match=r"cannot be read \(Is a directory\); correct the path"):
        read_tensors(tmp_path)
