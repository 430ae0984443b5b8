"""Weights from files as people have them: read without running code, fitted to a network, checked."""

from __future__ import annotations

import argparse
import itertools
import pickletools
import re
import reprlib
import warnings
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.torch
import torch
from torch import nn

from signsight.core.errors import UserError

Tensors = Mapping[str, torch.Tensor]
Wrong = Mapping[str, tuple[tuple[int, ...], tuple[int, ...]]]  # name -> shape in the file, in the network

HOW = "in a Python that you trust with it, write torch.save(model.state_dict(), 'weights.pth') and give that"
AGAIN = "download it or make it again"
ADVICE = (
    "correct 'model.weights', 'model.name' or, where the network is made for one size of the pictures, "
    "'data.size'"
)
# Where checkpoints keep the weights, the trained ones before their running means.
NESTS = ("state_dict", "model_state_dict", "model", "net", "network", "params", "ema")
PREFIXES = ("module.", "model.", "network.", "net.")
# Published weights of DenseNet have names with dots that torch no longer allows.
OLD_DENSENET = re.compile(r"(.*denselayer\d+\.(?:norm|relu|conv))\.([12]\..*)")
FLOATS = (torch.float32, torch.float16, torch.bfloat16, torch.float64)
MAGIC = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."  # of torch's files before 1.6, which hold five pickles
# What training scripts store beside the weights; making these runs no code of the file.
HARMLESS: list[Any] = [
    argparse.Namespace,
    np.dtype,
    *{type(np.dtype(kind)) for kind in "?bhilqBHILQefdU"},
    np._core.multiarray.scalar,
    (np._core.multiarray.scalar, "numpy.core.multiarray.scalar"),
]


class OtherHead(UserError):
    """Weights that fit a network but for its number of classes; `classes`: that of the file."""

    def __init__(self, message: str, classes: int) -> None:
        super().__init__(message)
        self.classes = classes


def load_weights(
    network: nn.Module,
    file: Path | str,
    *,
    classes: int | None = None,
    new_head: bool = False,
    advice: str = ADVICE,
) -> None:
    """Load the weights in `file` into `network`, in the network's own precision, on its own device.

    Prefixes of the names (`module.`, `model.`, ...) are taken off where the network then fits better,
    auxiliary heads that the network does not have are left out, and counts of batches may be missing.
    classes: the network's number of classes, which tells its last layer from others. new_head: keep
    that layer as it is where the file has it for another number of classes. UserError, which ends in
    `advice`, for weights of another network; OtherHead for weights of another number of classes;
    UserError for weights that are not finite, or of a type that loses values.
    """
    own = {name: v for name, v in network.state_dict().items() if isinstance(v, torch.Tensor)}
    tensors = _renamed(read_tensors(Path(file)), own)
    _check_values(tensors, own, file)
    shapes = {name: (tuple(v.shape), tuple(own[name].shape)) for name, v in tensors.items() if name in own}
    wrong = {name: pair for name, pair in shapes.items() if pair[0] != pair[1]}
    state = OrderedDict((name, value) for name, value in tensors.items() if name not in wrong)
    # torch keeps the versions of modules beside the tensors, safetensors does not, and MNASNet needs them.
    state._metadata = getattr(tensors, "_metadata", network.state_dict()._metadata)  # type: ignore[attr-defined]
    try:
        missing, extra = network.load_state_dict(state, strict=False)
    except Exception as fault:  # modules may have hooks of their own that refuse a state
        raise UserError(
            f"{file} holds the weights of another network ({first_sentence(fault)}); {advice}."
        ) from fault
    loaded = {own[name].data_ptr() for name in state if name in own}
    missing = [
        name
        for name in missing
        if name not in wrong
        and not name.endswith("num_batches_tracked")
        and not (name in own and own[name].data_ptr() in loaded)  # tied weights are stored once
    ]
    if not missing and not extra and (others := _classes(wrong, classes)):
        if not new_head:
            raise _other_head(file, others, classes, advice)
    elif missing or extra or wrong:
        raise UserError(
            f"{file} holds the weights of another network ({_differences(missing, extra, wrong)}); {advice}."
        )


def read_tensors(file: Path) -> Tensors:
    """Tensors by name in a .safetensors file or a file of torch.save, of which nothing is run.

    Of a checkpoint it is the part with the weights, at most two levels deep. UserError, which says
    what the file is, for anything else.
    """
    try:
        with file.open("rb") as stream:
            head = stream.read(1024)
    except FileNotFoundError as fault:
        raise UserError(f"{file} does not exist; train the model or correct the path.") from fault
    except OSError as fault:
        raise UserError(f"{file} cannot be read ({fault.strerror}); correct the path.") from fault
    if head[8:9] == b"{" and int.from_bytes(head[:8], "little") < 1 << 32:
        return _read(file, safetensors.torch.load_file)
    if head.startswith(b"PK\x03\x04"):
        _check_zip(file)
    elif head.startswith(b"\x80"):
        _check_pickle(file, head)
    else:
        raise UserError(f"{file} {_foreign(head)}.")
    value = _read(file, _torch_load)
    if (found := _weights_in(value)) is None:
        raise UserError(f"{file} holds {_described(value)} instead of weights by name; {HOW}.")
    return found


def first_sentence(fault: BaseException) -> str:
    """The first sentence of an error's message, or the error's kind where it has none."""
    return re.split(r"\. |\n", str(fault))[0].rstrip(".: ") or type(fault).__name__


# What a file is


def _foreign(head: bytes) -> str:
    """What a file that begins with `head` is, and what to do; the end of a sentence."""
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if not head:
        return f"is empty; {AGAIN}"
    if start.startswith(b"version https://git-lfs"):
        return "is a pointer of Git LFS in place of the weights; get them with `git lfs pull`"
    if start.startswith((b"<!doctype", b"<html", b"<?xml")):
        return "is a web page in place of the weights; download the file itself"
    if head.startswith(b"\x89HDF"):
        return "is an HDF5 file, as Keras writes them; only weights of torch can be read"
    if start and all(byte >= 32 or byte in b"\t\r\n\f" for byte in start):
        return "is a text file, no file of weights; correct the path"
    return f"is neither a .safetensors file nor one of torch.save, or it is truncated; {AGAIN}"


def _check_zip(file: Path) -> None:
    try:
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
    except Exception as fault:  # whatever broken bytes lead to
        raise _truncated(file, fault) from fault
    names = {entry.filename.partition("/")[2] for entry in entries}
    if "constants.pkl" in names:
        raise UserError(f"{file} is a TorchScript program, which would run code; {HOW}.")
    if "data.pkl" not in names:
        raise UserError(f"{file} is a zip archive without weights of torch; {HOW}.")
    if sum(entry.file_size for entry in entries) > 2 * file.stat().st_size:
        raise UserError(f"{file} is compressed, unlike files of torch.save; {HOW}.")


def _check_pickle(file: Path, head: bytes) -> None:
    """UserError unless the pickles of torch's old format are there to their ends."""
    old = head.startswith(MAGIC)
    try:
        with file.open("rb") as stream:
            for _ in range(5 if old else 1):
                for _ in pickletools.genops(stream):
                    pass
    except Exception as fault:  # whatever broken bytes lead to
        raise _truncated(file, fault) from fault
    if not old:
        raise UserError(f"{file} is a pickle that torch.save did not write, which could run code; {HOW}.")


def _truncated(file: Path, fault: BaseException) -> UserError:
    return UserError(
        f"{file} cannot be read as weights, it may be truncated ({first_sentence(fault)}); {AGAIN}."
    )


def _torch_load(file: Path) -> object:
    with torch.serialization.safe_globals(HARMLESS), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torch.load(file, map_location="cpu", weights_only=True)


def _read(file: Path, reader: Callable[[Path], Any]) -> Any:
    try:
        return reader(file)
    except Exception as fault:  # a foreign file may lead to any
        # torch's own words end in advice to load the file with whatever code it holds.
        if "weights_only" in str(fault):
            raise UserError(
                f"{file} holds more than weights, such as a whole network, so that loading it would run "
                f"code; {HOW}."
            ) from None
        raise _truncated(file, fault) from fault


def _weights_in(value: object, depth: int = 2) -> Tensors | None:
    """The tensors by name in what a file holds, or None."""
    if not isinstance(value, Mapping):
        return None
    for key in NESTS if depth else ():
        if found := _weights_in(value.get(key), depth - 1):
            return found
    if value and all(isinstance(k, str) and isinstance(v, torch.Tensor) for k, v in value.items()):
        return value
    return {k: v for k, v in value.items() if isinstance(k, str) and isinstance(v, torch.Tensor)} or None


def _described(value: object) -> str:
    if isinstance(value, torch.Tensor):
        return "a single tensor"
    if isinstance(value, Mapping):
        keys = ", ".join(reprlib.repr(key) for key in itertools.islice(value, 3))
        return f"a table with the keys {keys}" if keys else "an empty table"
    return f"an object of type {type(value).__name__}"


# Fitting to a network


def _without(prefix: str) -> Callable[[str], str | None]:
    return lambda name: name.removeprefix(prefix) if name.startswith(prefix) else None


# Each gives a name's new form, or None for a tensor that it leaves out.
RENAMINGS: tuple[Callable[[str], str | None], ...] = (
    *map(_without, PREFIXES),
    lambda name: name.replace("_orig_mod.", ""),
    lambda name: OLD_DENSENET.sub(r"\1\2", name),
)


def _renamed(tensors: Tensors, own: Tensors) -> Tensors:
    """`tensors` by the names that most of `own` have, without auxiliary heads that it lacks.

    A prefix taken off leaves out what does not have it, such as the weights of a loss.
    """
    best, forms = tensors, [tensors]
    for _ in range(3):
        forms = [new for form in forms for change in RENAMINGS if (new := _changed(form, change))]
        best = max([best, *forms], key=lambda form: len(form.keys() & own.keys()))
    if all(name in own or not name.lower().startswith("aux") for name in best):
        return best
    return {name: value for name, value in best.items() if name in own or not name.lower().startswith("aux")}


def _changed(form: Tensors, change: Callable[[str], str | None]) -> Tensors | None:
    """`form` by changed names; None where that changes nothing, leaves nothing or makes two of one name."""
    pairs = [(new, value) for name, value in form.items() if (new := change(name))]
    changed = dict(pairs)
    return changed if pairs and len(changed) == len(pairs) and changed.keys() != form.keys() else None


def _check_values(tensors: Tensors, own: Tensors, file: Path | str) -> None:
    """UserError for values that are not finite, or whose type cannot become that of `own` as it should."""
    for name, value in tensors.items():
        kind = own[name].dtype if name in own else value.dtype
        if not _converts(value, kind):
            raise UserError(
                f"{file} holds {name!r} as {_kind(value.dtype)} and the network has it as {_kind(kind)}; "
                "save the weights as they were before they were converted."
            )
        # A buffer may be infinite by design, a mask for example.
        if kind in FLOATS and not (finite := value.to(kind).isfinite()).all():
            same = name in own and own[name].shape == value.shape
            if not same or (~finite & own[name].cpu().isfinite()).any():
                raise UserError(
                    f"{file} holds values in {name!r} that are not finite, as a training that failed leaves "
                    "them; give other weights."
                )


def _kind(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


def _converts(value: torch.Tensor, kind: torch.dtype) -> bool:
    if value.layout is not torch.strided or value.is_quantized:
        return False
    if value.dtype == kind:
        return True
    if kind.is_floating_point:
        return value.dtype in FLOATS  # integers would be quantised weights without their scale
    return not value.is_complex() and torch.equal(value.to(kind).to(value.dtype), value)


def _classes(wrong: Wrong, classes: int | None) -> int | None:
    """The file's number of classes, where tensors differ in their rows alone: one a class, or several.

    (A detector has four for the edges of each class's box, or some for every anchor.)
    """
    found = set()
    for file, own in wrong.values():
        if not classes or not file or own[1:] != file[1:] or own[0] % classes:
            return None
        each = own[0] // classes
        found.add(file[0] // each if file[0] % each == 0 else None)
    return found.pop() if len(found) == 1 else None


def _other_head(file: Path | str, others: int, classes: int | None, advice: str) -> UserError:
    if others == 1:
        return UserError(
            f"{file} holds weights for a single logit, which is not supported; give the network two outputs, "
            "one for each class."
        )
    hint = "name the classes of the weights in the config key 'model.classes' (a list or a file)"
    return OtherHead(
        f"{file} holds weights for {others} classes and the network has {classes}; "
        f"{hint if advice is ADVICE else advice}.",
        others,
    )


def _differences(missing: list[str], extra: list[str], wrong: Wrong) -> str:
    """At most three of the tensors that differ, of every kind of difference, and how many more there are."""
    kinds = (
        [f"{reprlib.repr(name)} is missing" for name in missing],
        [f"{reprlib.repr(name)} is unknown to the network" for name in extra],
        [f"{reprlib.repr(name)} has shape {file} instead of {own}" for name, (file, own) in wrong.items()],
    )
    told = [text for row in itertools.zip_longest(*kinds) for text in row if text]
    more = f" and {len(told) - 3} more" if len(told) > 3 else ""
    return ", ".join(told[:3]) + more
