"""A folder of pictures takes the same path: image sets, examples, a torchvision network, maps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from tiny_workflow import Workflow

CONFIG: dict[str, Any] = {
    "experiment": "tiny",
    "device": "cpu",
    "data": {"name": "folder", "source": "pictures", "size": 32, "folder": {"test_fraction": 0.4}},
    "model": {"name": "resnet18"},
    "training": {"epochs": 1, "batch_size": 8},
    "attribution": {"methods": ["random", "grad_cam"]},
    "evaluation": {"parameters": {"region_perturbation": {"region": 4, "steps": 2}}},
    "geometry": {"rotation": [-30, 30], "perspective_vertical": [], "perspective_horizontal": []},
}


def test_folder_of_pictures_up_to_the_maps(tmp_path: Path) -> None:
    workflow = Workflow(tmp_path)
    rng = np.random.default_rng(0)
    for name in ("cat", "dog"):
        (tmp_path / "pictures" / name).mkdir(parents=True)
        for number in range(10):
            noise = rng.integers(0, 256, (40, 30, 3), dtype=np.uint8)
            Image.fromarray(noise).save(tmp_path / "pictures" / name / f"{number}.png")
    done = workflow.run(CONFIG, "data", "attributions")
    assert done.returncode == 0, done.stdout[-4000:]
    index = pd.read_csv(workflow.results / "crop/test/index.csv")
    assert index["class_id"].value_counts().to_dict() == {0: 4, 1: 4}
    assert pd.read_csv(workflow.results / "crop/classes.csv")["name"].tolist() == ["cat", "dog"]
    assert np.load(workflow.results / "attribute/grad_cam/maps.npy").shape == (8, 32, 32)
    planned = workflow.planned(CONFIG)
    assert "stock" not in planned and "sticker" not in planned and planned["warp"] == 2


def test_pictures_of_some_classes_of_a_network_that_is_used_as_it_is(tmp_path: Path) -> None:
    """Only a folder `test`, one picture a class: nothing is held out, and numbers are the network's."""
    workflow = Workflow(tmp_path)
    for number, name in enumerate(("tench", "red fox", "volcano")):
        (tmp_path / "photographs/test" / name).mkdir(parents=True)
        noise = np.random.default_rng(number).integers(0, 256, (40, 30, 3), dtype=np.uint8)
        Image.fromarray(noise).save(tmp_path / "photographs/test" / name / "1.png")
    config = CONFIG | {
        "stages": [],
        "data": {"name": "folder", "source": "photographs", "size": 32, "fit": "centre_crop"},
        "model": {"name": "squeezenet1_1", "train": False},
        "attribution": {"methods": ["random", "saliency"]},
    }
    del config["geometry"], config["training"]
    done = workflow.run(config, "evaluation", "attributions")
    assert done.returncode == 0, done.stdout[-4000:]
    index = pd.read_csv(workflow.results / "crop/test/index.csv")
    names = pd.read_csv(workflow.results / "crop/classes.csv")["name"]
    assert len(names) == 1000 and names[index["class_id"]].tolist() == ["red fox", "tench", "volcano"]
    clean = pd.read_csv(workflow.results / "tables/clean.csv")
    assert clean["n"].max() == 3
    assert np.load(workflow.results / "attribute/saliency/maps.npy").shape == (3, 32, 32)
    planned = workflow.planned(config)
    assert "train" not in planned and "examples" not in planned
    renamed = tmp_path / "photographs/test/Tench"
    (tmp_path / "photographs/test/tench").rename(renamed)
    failed = workflow.run(config, "data")
    assert failed.returncode and "class folder 'Tench', which is no class of the network" in failed.stdout
