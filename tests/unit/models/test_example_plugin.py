"""The plugin of docs/own-network.md: a network that the published weights fit and that knows its pictures."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from PIL import Image

from signsight.core.registry import networks, plugins, use_plugins
from signsight.models.classifier import forward_batches, new_classifier
from signsight.models.pretrained import pretrained_classifier

ROOT = Path(__file__).parents[3]
PLUGIN = ROOT / "docs/examples/resnet20.py"
CIFAR = ROOT.parent / "shared/cifar10"


@pytest.fixture(autouse=True)
def used() -> Iterator[None]:
    before = plugins()
    use_plugins([PLUGIN])
    yield
    use_plugins(before)


def published() -> dict[str, tuple[int, ...]]:
    """Names and shapes of the published weights."""
    shapes: dict[str, tuple[int, ...]] = {"conv1.weight": (16, 3, 3, 3)}

    def norm(name: str, planes: int) -> None:
        parts = ("weight", "bias", "running_mean", "running_var")
        shapes.update({f"{name}.{part}": (planes,) for part in parts})
        shapes[f"{name}.num_batches_tracked"] = ()

    norm("bn1", 16)
    for stage, (before, planes) in enumerate(((16, 16), (16, 32), (32, 64)), 1):
        for block in range(3):
            name, first = f"layer{stage}.{block}", planes if block else before
            shapes[f"{name}.conv1.weight"] = (planes, first, 3, 3)
            shapes[f"{name}.conv2.weight"] = (planes, planes, 3, 3)
            norm(f"{name}.bn1", planes)
            norm(f"{name}.bn2", planes)
    return shapes | {"linear.weight": (10, 64), "linear.bias": (10,)}


def test_it_is_found_by_its_name() -> None:
    assert networks.own() == ["resnet20"] and networks.file("resnet20") == PLUGIN
    assert networks.about("resnet20")["mean"] == (0.485, 0.456, 0.406)


def test_the_page_shows_the_plugin_and_the_config_as_they_are() -> None:
    page = (ROOT / "docs/own-network.md").read_text(encoding="utf-8")
    for language, file in (("python", PLUGIN), ("yaml", ROOT / "config/own-network.yaml")):
        assert f"```{language}\n{file.read_text(encoding='utf-8')}```" in page


def test_it_has_the_names_and_shapes_of_the_published_weights() -> None:
    state = networks.get("resnet20")(10).state_dict()
    assert {name: tuple(value.shape) for name, value in state.items()} == published()
    floats = sum(value.numel() for name, value in state.items() if not name.endswith("tracked"))
    assert floats == 269_722 + 2 * 688  # parameters, and the means and variances of the 19 normalisations


def test_it_halves_the_picture_twice() -> None:
    model = new_classifier("resnet20", {}, list("abcdefghij"), 32, [0.5] * 3, [0.5] * 3)
    layers = [getattr(model.network, f"layer{stage}") for stage in (1, 2, 3)]
    seen: list[tuple[int, ...]] = []
    for layer in layers:
        layer.register_forward_hook(lambda _, __, out: seen.append(tuple(out.shape[1:])))
    with torch.no_grad():
        assert model(torch.rand(2, 3, 32, 32)).shape == (2, 10)
    assert seen == [(16, 32, 32), (32, 16, 16), (64, 8, 8)]
    assert model.target_layer() == "network.layer3"


@pytest.mark.skipif(not CIFAR.is_dir(), reason="the pictures are no part of the project")
def test_it_knows_its_pictures() -> None:
    """Published: 8.27 % error on all 10,000 test pictures."""
    config = yaml.safe_load((ROOT / "config/own-network.yaml").read_text(encoding="utf-8"))
    table = pd.read_csv(CIFAR / "labels.csv").head(200)
    images = np.stack([np.asarray(Image.open(CIFAR / name)) for name in table["file"]])
    names, weights = config["model"]["classes"], CIFAR / config["model"]["weights"]
    assert [names[one] for one in table["class_id"]] == table["class_name"].tolist()
    model = pretrained_classifier("resnet20", 32, weights=weights, classes=names)
    logits = torch.cat(list(forward_batches(model, np.array_split(images, 4), "cpu")))
    assert (logits.argmax(1).numpy() == table["class_id"].to_numpy()).mean() > 0.9
