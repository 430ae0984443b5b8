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
    "stickers": {"methods": []},
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
