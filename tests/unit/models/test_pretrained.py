"""Networks that are taken as they are: where their weights come from, and that nothing is lost on the way."""

from __future__ import annotations

import hashlib
import json
import re
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
import torchvision
from safetensors.torch import save_file
from torchvision.transforms import v2

import tiny_imagenette
from signsight.config.rules import complete
from signsight.config.schema import load_schema
from signsight.core.errors import UserError
from signsight.data.download import fetch
from signsight.models import checkpoint
from signsight.models.classifier import new_classifier
from signsight.models.names import torchvision_names
from signsight.models.pretrained import HALF, adopt, pretrained_classifier
from signsight.models.weights import Origin, hash_in_name, origin, weights_url

torch.set_num_threads(1)
SCHEMA = load_schema(Path(__file__).parents[3] / "config" / "schema.yaml")
IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def pixels(size: int, count: int = 2, seed: int = 0) -> torch.Tensor:
    return torch.rand(count, 3, size, size, generator=torch.Generator().manual_seed(seed))


def same(first: torch.nn.Module, second: torch.nn.Module) -> bool:
    one, other = first.state_dict(), second.state_dict()
    return one.keys() == other.keys() and all(torch.equal(one[key], other[key]) for key in one)


# Where weights come from


def test_addresses_are_those_of_torchvision() -> None:
    for name in torchvision_names():
        for weights, entry in torchvision.models.get_model_weights(name).__members__.items():
            assert weights_url(name, weights) == entry.url
            digits = hash_in_name(entry.url)
            assert digits and f"-{digits}." in entry.url, entry.url
            assert origin(name, weights, train=False) == Origin("download", entry.url, f"sha256:{digits}")


def test_the_kinds_of_weights(tmp_path: Path) -> None:
    assert origin("compact", None, train=True) == origin("alexnet", None, train=False) == Origin("random")
    url = "http://127.0.0.1:80/models/alexnet-0123abcd.pth"
    there = origin("alexnet", url, train=True)
    assert (there.base, there.name, there.checksum) == (
        "http://127.0.0.1:80/models", "alexnet-0123abcd.pth", "sha256:0123abcd",
    )  # fmt: skip
    file = tmp_path / "own.safetensors"
    file.touch()
    for network, train in (("alexnet", True), ("compact", True), ("compact", False)):
        assert origin(network, str(file), train=train) == Origin("file", str(file))
    assert origin("compact", url, train=False) == there
    (tmp_path / "model.safetensors").touch()
    with pytest.raises(UserError, match=r"has no model\.json; give a folder like"):
        origin("compact", str(tmp_path), train=False)
    (tmp_path / "model.json").touch()
    assert origin("compact", str(tmp_path), train=False) == Origin("folder", str(tmp_path))
    with pytest.raises(UserError, match=r"set 'model\.train: false'"):
        origin("compact", str(tmp_path), train=True)
    for network, weights, words in (
        ("alexnet", "IMAGENET1K_V2", "did you mean 'IMAGENET1K_V1'"),
        ("alexnet", "https://example.org/alexnet.pth", "first digits of its sha256"),
        ("alexnet", str(tmp_path / "no.pth"), "does not exist; correct its path"),
        ("compact", "DEFAULT", "'compact' is not a torchvision network"),
    ):
        with pytest.raises(UserError, match=words) as caught:
            origin(network, weights, train=True)
        assert "\n" not in str(caught.value) and "'model.weights'" in str(caught.value)


def test_a_download_is_checked_by_the_beginning_of_its_sha256(tmp_path: Path) -> None:
    data = b"weights" * 1000
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "net.pth").write_bytes(data)
    digits = hashlib.sha256(data).hexdigest()
    wrong = f"{int(digits[0], 16) ^ 1:x}{digits[1:]}"
    with tiny_imagenette.server(tmp_path / "there") as address:
        for source in (address, str(tmp_path / "there")):
            for length in (8, 10, 40, 64):
                fetch(source, "net.pth", tmp_path / f"{length}.pth", checksum=f"sha256:{digits[:length]}")
                assert (tmp_path / f"{length}.pth").read_bytes() == data
                with pytest.raises(UserError, match=f"sha256 {digits}, expected is {wrong[:length]},"):
                    fetch(source, "net.pth", tmp_path / "no.pth", checksum=f"sha256:{wrong[:length]}")
        assert not (tmp_path / "no.pth").exists()
        for checksum in (f"sha256:{digits[:7]}", digits[:8], f"md5:{digits[:8]}", f"sha256:{digits}0"):
            with pytest.raises(UserError, match="neither md5"):
                fetch(address, "net.pth", tmp_path / "no.pth", checksum=checksum)


# ImageNet's networks


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_an_imagenet_network_says_what_torchvisions_says(tmp_path: Path, suffix: str) -> None:
    file = tiny_imagenette.write_weights(tmp_path)
    network = torchvision.models.squeezenet1_1(weights=None).eval()
    network.load_state_dict(torch.load(file, weights_only=True))
    if suffix == ".safetensors":
        state, file = torch.load(file, weights_only=True), file.with_suffix(suffix)
        save_file(state, file)
    model = pretrained_classifier("squeezenet1_1", 64, weights=file)
    published = torchvision.models.SqueezeNet1_1_Weights.DEFAULT
    images = pixels(64)
    normalised = v2.functional.normalize(images, published.transforms().mean, published.transforms().std)
    with torch.no_grad():
        torch.testing.assert_close(model(images), network(normalised))
        checkpoint.save(model, tmp_path / "model", {"weights": file.name})
        again = checkpoint.load(tmp_path / "model")
        torch.testing.assert_close(again(images), network(normalised))
    assert again.classes == tuple(published.meta["categories"]) and not again.training
    assert json.loads((tmp_path / "model/model.json").read_text())["weights"] == file.name


def test_random_weights_depend_on_the_seed_alone() -> None:
    state = torch.random.get_rng_state()
    one, again, other = (pretrained_classifier("squeezenet1_1", 64, weights=None, seed=s) for s in (1, 1, 2))
    assert same(one, again) and not same(one, other)
    assert torch.equal(state, torch.random.get_rng_state())
    assert len(one.classes) == 1000
    assert one.mean.tolist() == pytest.approx(IMAGENET_MEAN) and one.std.tolist() == pytest.approx(
        IMAGENET_STD
    )


@pytest.mark.parametrize("kind", [torchvision.models.GoogLeNet, torchvision.models.Inception3])
def test_networks_that_normalise_inside_get_that_from_outside(kind: Any) -> None:
    images = pixels(8)
    normalised = v2.functional.normalize(images, IMAGENET_MEAN, IMAGENET_STD)
    inside = kind._transform_input(SimpleNamespace(transform_input=True), normalised)
    half = torch.tensor(HALF["googlenet"])[:, None, None]
    torch.testing.assert_close((images - half) / half, inside)


def test_old_names_of_densenet_and_versions_of_mnasnet(tmp_path: Path) -> None:
    network = torchvision.models.densenet121(weights=None)
    old = OrderedDict(
        (re.sub(r"(denselayer\d+\.(?:norm|relu|conv))(\d)", r"\1.\2", key), value)
        for key, value in network.state_dict().items()
    )
    assert "features.denseblock1.denselayer1.norm.1.weight" in old
    torch.save(old, tmp_path / "densenet.pth")
    assert same(pretrained_classifier("densenet121", 64, weights=tmp_path / "densenet.pth").network, network)
    model = pretrained_classifier("mnasnet0_5", 64, weights=None)
    checkpoint.save(model, tmp_path / "mnasnet", {})
    assert same(checkpoint.load(tmp_path / "mnasnet"), model)
    file = tmp_path / "mnasnet/weights.safetensors"
    save_file(model.network.state_dict(), file)
    assert same(pretrained_classifier("mnasnet0_5", 64, weights=file), model)


def test_weights_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    file = tiny_imagenette.write_weights(tmp_path)
    with pytest.raises(UserError, match=r"another network .*'model\.weights'"):
        pretrained_classifier("mobilenet_v3_small", 64, weights=file)
    file.write_bytes(file.read_bytes()[:5000])
    with pytest.raises(UserError, match="cannot be read as weights"):
        pretrained_classifier("squeezenet1_1", 64, weights=file)
    with pytest.raises(UserError, match="IMAGENET1K_FEATURES', which has no classifier"):
        pretrained_classifier("vgg16", 64, weights=None, named="IMAGENET1K_FEATURES")
    with pytest.raises(UserError, match="1000 classes and the data set 2"):
        pretrained_classifier("squeezenet1_1", 64, weights=None, data_classes=["cat", "dog"])


# Networks of users


class Linear(torch.nn.Module):
    """Logits linear in the pixels, of 2 x 2 of them."""

    def __init__(self, classes: int, channels: int = 3) -> None:
        super().__init__()
        self.head = torch.nn.Linear(4 * channels, classes)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.head(images.flatten(1))


DECLARED = {"mean": (0.25, 0.5, 0.75), "std": (0.5, 0.25, 0.125)}


@pytest.fixture
def own(tmp_path: Path, registered: Callable[..., None]) -> Path:
    """The weights of a network `own` for three classes; `bare` is the same without a normalisation."""
    registered("own", Linear, **DECLARED)
    registered("bare", Linear)
    torch.manual_seed(3)
    torch.save({"state_dict": Linear(3).state_dict()}, tmp_path / "own.pth")
    return tmp_path / "own.pth"


ABC = ["a", "b", "c"]


def test_a_network_of_a_user_is_taken_as_it_is(own: Path, tmp_path: Path) -> None:
    plain, images = Linear(3), pixels(2)
    plain.load_state_dict(torch.load(own, weights_only=True)["state_dict"])
    expected = plain(
        (images - torch.tensor([0.25, 0.5, 0.75])[:, None, None])
        / torch.tensor([0.5, 0.25, 0.125])[:, None, None]
    )
    for names in ({"classes": ABC}, {"data_classes": ABC}, {"classes": ABC, "data_classes": ABC}):
        model = pretrained_classifier("own", 2, weights=own, **names)
        assert model.classes == tuple(ABC) and not model.training
        torch.testing.assert_close(model(images), expected)
    checkpoint.save(model, tmp_path / "model", {})
    torch.testing.assert_close(checkpoint.load(tmp_path / "model")(images), expected)
    given = pretrained_classifier("bare", 2, weights=own, classes=ABC, mean=[0.0] * 3, std=[1.0] * 3)
    torch.testing.assert_close(given(images), plain(images))
    other = pretrained_classifier("own", 2, weights=own, classes=ABC, mean=[0.0] * 3)
    assert (other.mean.tolist(), other.std.tolist()) == ([0.0] * 3, [0.5, 0.25, 0.125])


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({}, r"classes of 'own' are not known; give them in the config key 'model\.classes'"),
        ({"data_classes": ["a", "b"]}, r"weights for 3 classes and the network has 2; .*'model\.classes'"),
        (
            {"classes": ABC, "data_classes": ["a", "c", "b"]},
            "Class 1 is 'b' for the model and 'c' in the data",
        ),
        ({"classes": ABC, "network": "bare"}, r"normalisation .*'bare'.*'model\.mean' and 'model\.std'"),
        ({"classes": ABC, "mean": [120.0, 110.0, 100.0]}, r"The mean of the normalisation is \[120\.0"),
        ({"classes": ABC, "weights": None}, r"'model\.weights' is null, so 'own' would know nothing"),
        ({"classes": ABC, "channels": 1, "mean": [0.5], "std": [0.5]}, "'head.weight' has shape"),
    ],
)
def test_facts_that_are_not_known_or_contradict(own: Path, asked: dict[str, Any], words: str) -> None:
    given = {"network": "own", "size": 2, "weights": own} | asked
    with pytest.raises(UserError, match=words) as caught:
        pretrained_classifier(given.pop("network"), given.pop("size"), **given)
    assert "\n" not in str(caught.value)


def test_a_fine_tuned_network_of_torchvision_has_its_own_classes(tmp_path: Path) -> None:
    network = torchvision.models.squeezenet1_1(weights=None, num_classes=3)
    torch.save(network.state_dict(), tmp_path / "three.pth")
    weights = tmp_path / "three.pth"
    for names in ({"classes": ABC}, {"data_classes": ABC}):
        model = pretrained_classifier("squeezenet1_1", 64, weights=weights, **names)
        assert same(model.network, network) and model.classes == tuple(ABC)
        assert model.mean.tolist() == pytest.approx(IMAGENET_MEAN)
    for names in ({}, {"data_classes": ["a", "b"]}):
        with pytest.raises(
            UserError, match=r"weights for 3 classes and the network has 1000; name .*'model\.classes'"
        ):
            pretrained_classifier("squeezenet1_1", 64, weights=weights, **names)


def test_the_data_set_may_have_some_of_the_classes(tmp_path: Path) -> None:
    """Its names count only where the network has none; it checks itself whether they are the network's."""
    network = torchvision.models.squeezenet1_1(weights=None, num_classes=3)
    torch.save(network.state_dict(), tmp_path / "three.pth")
    asked = {"weights": tmp_path / "three.pth", "same_classes": False}
    some = pretrained_classifier("squeezenet1_1", 64, classes=ABC, data_classes=["c", "a"], **asked)
    assert some.classes == tuple(ABC)
    own = pretrained_classifier("squeezenet1_1", 64, data_classes=["x", "y", "z"], **asked)
    assert own.classes == ("x", "y", "z")
    named = {"weights": None, "data_classes": ["tench", "cock"], "same_classes": False}
    assert len(pretrained_classifier("squeezenet1_1", 64, **named).classes) == 1000


# A model of an earlier experiment


@pytest.fixture
def trained(tmp_path: Path) -> Path:
    model = new_classifier("compact", {}, ["cat", "dog"], 32, (0.1, 0.2, 0.3), (0.4, 0.5, 0.6))
    checkpoint.save(model, tmp_path / "trained", {"epoch": 7})
    return tmp_path / "trained"


@pytest.mark.parametrize("classes", [["cat", "dog"], None])
def test_a_trained_model_is_taken_over(trained: Path, tmp_path: Path, classes: list[str] | None) -> None:
    adopt(trained, tmp_path / "new", network="compact", size=32, classes=classes)
    assert {file.name for file in (tmp_path / "new").iterdir()} == {"model.safetensors", "model.json"}
    for file in trained.iterdir():
        assert (tmp_path / "new" / file.name).read_bytes() == file.read_bytes()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"network": "stn3"}, "'model.name' is 'stn3', but .* holds a 'compact'; write 'name: compact'"),
        ({"size": 48}, "'data.size' is 48, but .* write 'size: 32'"),
        ({"classes": ["cat", "bird"]}, "Class 1 is 'dog' for the model and 'bird' in the data set"),
    ],
)
def test_a_model_that_does_not_fit_the_config_is_refused(
    trained: Path, tmp_path: Path, changes: dict[str, Any], words: str
) -> None:
    asked = {"network": "compact", "size": 32, "classes": ["cat", "dog"]} | changes
    with pytest.raises(UserError, match=words):
        adopt(trained, tmp_path / "new", **asked)
    assert not (tmp_path / "new").exists()


# Keys of the config that contradict each other


@pytest.mark.parametrize(
    ("config", "keys"),
    [
        ({"data": {"name": "none"}}, ["'model.train'", "'none'"]),
        ({"model": {"train": False}}, ["'model.weights'", "'compact'"]),
        ({"model": {"train": False, "name": "alexnet", "seeds": [1, 2]}}, ["'model.seeds'", "'model.train'"]),
        ({"data": {"fit": "centre_crop"}}, ["'data.fit'"]),
        ({"data": {"name": "imagenette", "checksums": {}}}, ["'data.checksums'", "imagenette2-320.tgz"]),
        ({"data": {"images": 0}}, ["'data.images'"]),
    ],
)
def test_keys_that_contradict_each_other(config: dict[str, Any], keys: list[str]) -> None:
    with pytest.raises(UserError) as caught:
        complete(config, SCHEMA)
    assert all(key in str(caught.value) for key in keys) and "\n" not in str(caught.value)


def test_without_a_data_set_its_stages_ask_for_nothing() -> None:
    config = {
        "data": {"name": "none"},
        "model": {"name": "alexnet", "train": False},
        "attribution": {"methods": ["saliency"]},
    }
    assert complete(config, SCHEMA)["model"]["weights"] is None
