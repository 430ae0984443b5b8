"""From a server with an archive and weights to attribution maps: a network that is taken as it is."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import safetensors.torch
import torch
import torchvision
from PIL import Image
from torchvision.transforms import v2

import tiny_imagenette
from signsight.data.sets.imagenette import CLASS_NAMES, IMAGENETTE
from tiny_workflow import Workflow

SIZE, NETWORK = 64, "squeezenet1_1"
MEMBERS = tiny_imagenette.members(train=2, val=2)
PUBLISHED = torchvision.models.SqueezeNet1_1_Weights.DEFAULT


class Served:
    """A finished run, the files on the server, and the config that names them."""

    def __init__(self, folder: Path, address: str) -> None:
        self.workflow = Workflow(folder)
        archive = tiny_imagenette.write_archive(folder / "server/data", MEMBERS)
        self.weights = tiny_imagenette.write_weights(folder / "server/models", NETWORK)
        self.address = address
        self.config: dict[str, Any] = {
            "experiment": "tiny",
            "device": "cpu",
            "data": {
                "name": "imagenette",
                "source": f"{address}/data",
                "checksums": {IMAGENETTE: hashlib.md5(archive.read_bytes()).hexdigest()},
                "size": SIZE,
                "fit": "centre_crop",
                "images": 8,
                "retries": 0,
            },
            "model": {"name": NETWORK, "weights": f"{address}/models/{self.weights.name}", "train": False},
            "attribution": {"methods": ["random", "saliency"], "target": "true", "score": "logit"},
            "evaluation": {"metrics": []},
            "masking": {"methods": []},
            "geometry": {"rotation": [], "perspective_vertical": [], "perspective_horizontal": []},
        }

    def changed(self, group: str, **keys: Any) -> dict[str, Any]:
        """The config with some keys of a group replaced, as another experiment."""
        return self.config | {"experiment": "other", group: self.config[group] | keys}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("imagenette")
    (folder / "server").mkdir()
    with tiny_imagenette.server(folder / "server") as address:
        served = Served(folder, address)
        done = served.workflow.run(served.config)
        assert done.returncode == 0, done.stdout[-6000:]
        yield served


def test_the_maps_are_those_of_torchvisions_own_pipeline(served: Served) -> None:
    results = served.workflow.results
    index = pd.read_csv(results / "crop/test/index.csv")
    categories = PUBLISHED.meta["categories"]
    assert len(index) == 8 and index["image_id"].is_unique
    network = torchvision.models.get_model(NETWORK, weights=None).eval()
    network.load_state_dict(torch.load(served.weights, weights_only=True))
    maps = np.load(results / "attribute/saliency/maps.npy")
    assert (
        maps.shape == (8, SIZE, SIZE) and np.load(results / "attribute/random/maps.npy").shape == maps.shape
    )
    cut = v2.Compose([v2.Resize(round(SIZE * 256 / 224)), v2.CenterCrop(SIZE)])
    for row, (source, class_id) in enumerate(zip(index["source"], index["class_id"], strict=True)):
        assert categories[class_id] == CLASS_NAMES[source.split("/")[-2]]
        image = cut(Image.open(io.BytesIO(MEMBERS[source])).convert("RGB"))
        pixels = (v2.functional.pil_to_tensor(image)[None] / 255).requires_grad_()
        transforms = PUBLISHED.transforms()
        logits = network(v2.functional.normalize(pixels, transforms.mean, transforms.std))
        (gradient,) = torch.autograd.grad(logits[0, class_id], pixels)
        expected = gradient[0].abs().amax(0).numpy()
        np.testing.assert_allclose(maps[row], expected, atol=1e-5 * expected.max())


def test_nothing_of_a_training_is_made(served: Served) -> None:
    results = served.workflow.results
    assert {file.name for file in (results / "train").iterdir()} == {"model.safetensors", "model.json"}
    assert not (results / "crop/train").exists() and not (results / "examples").exists()
    assert len(pd.read_csv(results / "crop/classes.csv")) == 1000
    assert {file.stem for file in (results / "figures").iterdir()} == {"overview"}
    summary = (results / "summary.md").read_text()
    assert "| Test images | 8 |" in summary and "Training" not in summary and "Kept epoch" not in summary
    assert served.workflow.planned(served.config) == {}


def test_a_larger_sample_makes_only_what_depends_on_it(served: Served) -> None:
    data = served.config["data"] | {"images": None}
    planned = served.workflow.planned(served.config | {"data": data})
    assert planned["crop"] == 1 and planned["attribute"] == 2
    assert not {"download", "download_weights", "pretrained", "classes", "train", "examples"} & set(planned)


def test_an_earlier_model_is_explained_on_its_classes(served: Served) -> None:
    config = served.changed("model", weights="results/tiny/train")
    planned = served.workflow.planned(config)
    assert planned["pretrained"] == 1 and not {"download", "download_weights"} & set(planned)
    done = served.workflow.run(config, "attributions")
    assert done.returncode == 0, done.stdout[-4000:]
    again = served.workflow.folder / "results/other/attribute/saliency/maps.npy"
    assert np.array_equal(np.load(again), np.load(served.workflow.results / "attribute/saliency/maps.npy"))


def test_training_begins_with_the_weights_and_has_ten_classes(served: Served) -> None:
    config = served.changed("model", train=True) | {
        "training": {"epochs": 1, "batch_size": 8, "learning_rate": 1e-9, "optimizer": "sgd"}
    }
    planned = served.workflow.planned(config)
    assert planned["train"] == planned["examples"] == 1 and planned["crop"] == 2
    assert not {"download", "download_weights"} & set(planned), "the cache is for all experiments"
    done = served.workflow.run(config | {"experiment": "ten"}, "model")
    assert done.returncode == 0, done.stdout[-4000:]
    made = served.workflow.folder / "results/ten"
    assert pd.read_csv(made / "crop/train/index.csv")["class_id"].tolist() == [
        i for i in range(10) for _ in "ab"
    ]
    assert json.loads((made / "train/model.json").read_text())["classes"] == list(CLASS_NAMES.values())
    after = safetensors.torch.load_file(made / "train/model.safetensors")["network.features.0.weight"]
    before = torch.load(served.weights, weights_only=True)["features.0.weight"]
    torch.testing.assert_close(after, before, rtol=0, atol=1e-4)


def test_without_a_data_set_only_the_own_photographs_are_explained(served: Served) -> None:
    folder = served.workflow.folder / "photographs"
    folder.mkdir()
    (folder / "one.jpg").write_bytes(tiny_imagenette.picture(1))
    photographs = {"source": "photographs", "methods": ["saliency"]}
    config = served.config | {"experiment": "none", "real_examples": photographs}
    config["data"] = {"name": "none", "size": SIZE}
    planned = set(served.workflow.planned(config))
    made = {"pretrained", "album_pictures", "album_maps", "photographs"}
    assert planned == made | {"explorer_document", "explorer_page"}


@pytest.mark.parametrize(
    ("group", "keys", "words"),
    [
        ("data", {"checksums": "official"}, "expected is 3df6f0d01a2c9592104656642f5e78a3"),
        ("model", {"weights": "{address}/models/wrong-01234567.pth"}, "expected is 01234567"),
        ("model", {"weights": "IMAGENET1K_V9"}, "did you mean 'IMAGENET1K_V1'?"),
    ],
)
def test_faults_end_in_a_sentence(served: Served, group: str, keys: dict[str, str], words: str) -> None:
    (served.weights.parent / "wrong-01234567.pth").write_bytes(b"not what the name says")
    filled = {key: value.format(address=served.address) for key, value in keys.items()}
    target = f"results/faults/{'crop/test/images.npy' if group == 'data' else 'train/model.json'}"
    config = served.changed(group, **filled) | {"experiment": "faults", "cache": "faults"}
    done = served.workflow.run(config, target)
    assert done.returncode == 1
    assert words in done.stdout and "Traceback" not in done.stdout
    cache = served.workflow.folder / "faults"
    assert not [file for file in cache.rglob("*") if file.name.startswith("wrong") and file.suffix == ".pth"]
