"""Where `model.weights` come from: torchvision's by name, an address, a file, or a trained model's folder.

Needs no torch: names and addresses of torchvision's weights are read from its source files.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from signsight.core.errors import UserError
from signsight.core.words import nearest
from signsight.data.source import is_address
from signsight.models.names import torchvision_files, torchvision_names

PARTS = ("model.safetensors", "model.json")  # of a trained model's folder


@dataclass(frozen=True)
class Origin:
    """Where weights come from. kind: `random` when there are none.

    place: the address, file or folder; checksum: of a download, the beginning of its sha256.
    """

    kind: Literal["random", "download", "file", "folder"]
    place: str = ""
    checksum: str = ""

    @property
    def base(self) -> str:
        """Address without the file's name, of a download."""
        return self.place.rpartition("/")[0]

    @property
    def name(self) -> str:
        """Name of the file, of a download."""
        return self.place.rpartition("/")[2]


def origin(network: str, weights: str | None, *, train: bool, group: str = "model", part: str = "") -> Origin:
    """What the config keys `weights`, `name` and `train` of `group` say of the weights.

    part: of torchvision's models, "detection" or, for classifiers, "". UserError for a name that the
    network does not have, an address without a checksum in its file name, a file or folder that is not
    there, and what does not go together.
    """
    if weights is None:
        return Origin("random")
    named = weights in _addresses(network, part)
    if not is_address(weights) and (
        "/" in weights or Path(weights).suffix or (Path(weights).exists() and not named)
    ):
        return _local(Path(weights), train, group)
    if "/" not in weights and network not in torchvision_names(part):
        raise UserError(
            f"Config key '{group}.weights' is {weights!r}, but {network!r} is not a torchvision network; "
            f"give a file, an address, the folder of a trained model with '{group}.train: false', or null."
        )
    url = weights if "/" in weights else weights_url(network, weights, group, part)
    digits = hash_in_name(url)
    if digits is None:
        raise UserError(
            f"Config key '{group}.weights' is {weights!r}, whose file name does not end in the first digits "
            "of its sha256 (name-0123abcd.pth); rename it on the server, or download it and give the file."
        )
    return Origin("download", url, f"sha256:{digits}")


def _local(path: Path, train: bool, group: str) -> Origin:
    where = f"Config key '{group}.weights' is {str(path)!r}"
    if path.is_dir():
        if train:
            raise UserError(
                f"{where}, the folder of a trained model, which is used as it is; set '{group}.train: "
                "false', or give a file to start the training from."
            )
        for part in PARTS:
            if not (path / part).is_file():
                raise UserError(f"{where}, which has no {part}; give a folder like results/demo/train.")
        return Origin("folder", str(path))
    if not path.is_file():
        raise UserError(f"{where}, which does not exist; correct its path.")
    return Origin("file", str(path))


def weights_url(network: str, weights: str, group: str = "model", part: str = "") -> str:
    """Address of the weights that torchvision calls `weights` ('DEFAULT', 'IMAGENET1K_V1', ...).

    UserError with the near misses when its model `network` has no such weights.
    """
    known = _addresses(network, part)
    if weights not in known:
        raise UserError(
            f"Config key '{group}.weights' is {weights!r}, which {network!r} does not have; "
            + nearest(weights, known)
        )
    return known[weights]


def hash_in_name(url: str) -> str | None:
    """The first digits of the sha256 that a file name ends in ('alexnet-owt-7be5be79.pth'), or None."""
    found = re.search(r"-([0-9a-f]{8,64})\.[A-Za-z]+$", url)
    return found[1] if found else None


def preprocessing(network: str, weights: str) -> tuple[int, int, str]:
    """How torchvision's classifier `network` was evaluated with its `weights`.

    Pixels to which the shorter side of a picture is resized, those of the square that is kept, and the way of
    resampling.
    """
    return _told(network)[weights][1]


def _addresses(network: str, part: str = "") -> dict[str, str]:
    """Name of weights -> address, of one of torchvision's models."""
    return {name: address for name, (address, _) in _told(network, part).items()}


@cache
def _told(network: str, part: str = "") -> dict[str, tuple[str, tuple[int, int, str]]]:
    """Name of weights -> address and preprocessing, of one of torchvision's models."""
    for file in torchvision_files(part):
        text = file.read_text(encoding="utf-8")
        if not re.search(rf"^def {re.escape(network)}\(", text, re.MULTILINE):
            continue
        nodes = {node.name: node for node in ast.parse(text).body if hasattr(node, "name")}
        function = nodes[network]
        if isinstance(function, ast.FunctionDef) and (group := _enum_of(function)) in nodes:
            return _members(nodes[group])
    return {}


def _enum_of(function: ast.FunctionDef) -> str:
    """The class that the argument `weights: Optional[...]` names, or ''."""
    for argument in (*function.args.args, *function.args.kwonlyargs):
        if argument.arg == "weights" and argument.annotation is not None:
            return next((n.id for n in ast.walk(argument.annotation) if _is_group(n)), "")
    return ""


def _is_group(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id.endswith("_Weights")


def _members(group: ast.AST) -> dict[str, tuple[str, tuple[int, int, str]]]:
    """`NAME = Weights(url="...", transforms=...)` and `DEFAULT = NAME` of an enum of weights."""
    found: dict[str, tuple[str, tuple[int, int, str]]] = {}
    for node in getattr(group, "body", []):
        if not isinstance(node, ast.Assign) or not isinstance(node.targets[0], ast.Name):
            continue
        name = node.targets[0].id
        if isinstance(node.value, ast.Name):
            found[name] = found[node.value.id]
        elif isinstance(node.value, ast.Call):
            given = {word.arg: word.value for word in node.value.keywords}
            found[name] = ast.literal_eval(given["url"]), _preprocessing(given.get("transforms"))
    return found


def _preprocessing(node: ast.AST | None) -> tuple[int, int, str]:
    """Of `partial(ImageClassification, crop_size=224, resize_size=232, interpolation=...)`."""
    words = {word.arg: word.value for word in getattr(node, "keywords", [])}
    sizes = [
        getattr(words.get(key), "value", usual) for key, usual in (("resize_size", 256), ("crop_size", 224))
    ]
    way = getattr(words.get("interpolation"), "attr", "BILINEAR").lower()
    return sizes[0], sizes[1], way
