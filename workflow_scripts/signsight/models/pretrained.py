"""A network taken as it is: with weights from a file, random ones, or those of an earlier experiment."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from signsight.core.errors import UserError
from signsight.core.files import atomic
from signsight.core.rng import generator
from signsight.models import checkpoint
from signsight.models.classifier import Classifier, new_classifier
from signsight.models.names import networks, torchvision_names
from signsight.models.states import OtherHead, load_weights

# torchvision's GoogLeNet and Inception undo ImageNet's normalisation inside; here theirs stands in its place.
HALF = {"googlenet": (0.5, 0.5, 0.5), "inception_v3": (0.5, 0.5, 0.5)}


def pretrained_classifier(
    network: str,
    size: int,
    *,
    weights: Path | str | None,
    named: str | None = None,
    parameters: Mapping[str, Any] | None = None,
    channels: int = 3,
    classes: Sequence[str] | None = None,
    data_classes: Sequence[str] | None = None,
    same_classes: bool = True,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
    seed: int = 0,
) -> Classifier:
    """The network `network` for size x size pixels as its weights make it, in evaluation mode.

    weights: a file; None draws random ones from `seed`, for torchvision's networks. named: which of
    torchvision's weights they are, None for others. classes: names of the network's classes; without
    them a network of torchvision has ImageNet's if the weights fit those, and any other network those
    of the data set, `data_classes` (None when it has none). same_classes: whether the two have to be
    the same; otherwise the data set checks that all of its own are among those of the network. mean,
    std: of the normalisation; without them torchvision's, or those that the network is registered
    with. UserError for weights that do not fit, for facts that nothing tells, and for classes that
    differ from those of the data set.
    """
    if weights is None and network not in torchvision_names():
        raise UserError(
            f"Config key 'model.weights' is null, so {network!r} would know nothing; give a file with its "
            "weights."
        )
    imagenet = None if classes else _categories(network, named)
    own = classes or imagenet or data_classes
    mean = mean or _declared(network, named, "mean")
    std = std or _declared(network, named, "std")

    def made(names: Sequence[str]) -> Classifier:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(int(generator(seed, "weights").integers(2**62)))
            model = new_classifier(network, parameters or {}, names, size, mean, std, channels)
        if weights is not None:
            load_weights(model.network, weights, classes=len(names))
        return model

    if own is None:
        raise UserError(
            f"The names of the classes of {network!r} are not known; give them in the config key "
            "'model.classes' (a list or a file)."
        )
    try:
        model = made(own)
    except OtherHead as fault:
        if own is not imagenet or named or len(data_classes or ()) != fault.classes:
            raise
        model = made(data_classes)  # fine-tuned on the data set's classes
    if data_classes is not None and same_classes:
        checkpoint.check_fits(model, data_classes, (size, size))
    return model.eval()


def _categories(network: str, named: str | None) -> list[str] | None:
    """ImageNet's classes, for a network of torchvision; UserError for named weights without a classifier."""
    if network not in torchvision_names():
        return None
    categories = _published(network, named).meta.get("categories")
    if not categories:
        raise UserError(
            f"Config key 'model.weights' is {named!r}, which has no classifier for {network!r}; take others."
        )
    return categories


def _published(network: str, named: str | None) -> Any:
    """What torchvision tells of its weights for a network."""
    import torchvision  # as in torchvision_networks.py

    return torchvision.models.get_model_weights(network)[named or "DEFAULT"]


def _declared(network: str, named: str | None, what: str) -> Sequence[float]:
    """`what`, mean or std, of the normalisation that belongs to a network; UserError where none is known."""
    if network in torchvision_names():
        transforms = _published(network, named).transforms()
        return HALF.get(network, getattr(transforms, what))
    declared = networks.about(network).get(what)
    if declared is None:
        raise UserError(
            f"The normalisation that the weights of {network!r} were trained with is not known; give "
            "'model.mean' and 'model.std' for pixels in [0, 1], one number for each channel."
        )
    return declared  # type: ignore[return-value]


def adopt(
    source: Path | str, folder: Path | str, *, network: str, size: int, classes: Sequence[str] | None
) -> None:
    """Copy the trained model in `source` to `folder`, after a check that it is what the config says.

    network: its architecture; size: of the pictures; classes: names of the data set's classes, None
    when the data set takes those of the model. UserError where they differ.
    """
    model = checkpoint.load(source)
    if model.architecture != network:
        raise UserError(
            f"Config key 'model.name' is {network!r}, but {source} holds a {model.architecture!r}; "
            f"write 'name: {model.architecture}'."
        )
    if model.size != size:
        raise UserError(
            f"Config key 'data.size' is {size}, but the model in {source} takes pictures of {model.size} px; "
            f"write 'size: {model.size}'."
        )
    if classes is not None:
        checkpoint.check_fits(model, classes, (size, size))
    for name in (checkpoint.WEIGHTS, checkpoint.ABOUT):
        with atomic(Path(folder) / name) as part:
            shutil.copyfile(Path(source) / name, part)
