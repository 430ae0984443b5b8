"""A network taken as it is: with ImageNet weights, with random ones, or as an earlier experiment left it."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import torch
import torchvision

from signsight.core.errors import UserError
from signsight.core.files import atomic
from signsight.core.rng import generator
from signsight.models import checkpoint
from signsight.models.classifier import Classifier, new_classifier

# torchvision's GoogLeNet and Inception undo ImageNet's normalisation inside; here theirs stands in its place.
HALF = {"googlenet": (0.5, 0.5, 0.5), "inception_v3": (0.5, 0.5, 0.5)}


def imagenet_classifier(
    network: str,
    size: int,
    *,
    weights: Path | str | None,
    named: str = "DEFAULT",
    seed: int = 0,
    classes: Sequence[str] | None = None,
) -> Classifier:
    """torchvision's classifier `network` for size x size pixels, its 1,000 classes and its normalisation.

    weights: a file with its state (.pth or .safetensors); None draws random ones from `seed`. named:
    which of torchvision's weights they are, for the names of the classes, mean and std. classes:
    names of the data set's classes, None when the data set takes those of the model. UserError for
    weights that do not fit, and for some without classes or with others than the data set.
    """
    published = torchvision.models.get_model_weights(network)[named]
    own, transforms = published.meta.get("categories"), published.transforms()
    if not own:
        raise UserError(
            f"Config key 'model.weights' is {named!r}, without a classifier for {network!r}; take others."
        )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(generator(seed, "weights").integers(2**62)))
        model = new_classifier(
            network,
            {} if weights is None else {"weights": str(weights)},
            own,
            size,
            HALF.get(network, transforms.mean),
            HALF.get(network, transforms.std),
        )
    if classes is not None:
        checkpoint.check_fits(model, classes, (size, size))
    return model.eval()


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
