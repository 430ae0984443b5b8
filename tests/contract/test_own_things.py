"""The contract tests on plugins: unusual things pass, faulty ones are found, wrong plugins are refused."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tiny_workflow import ROOT

HEAD = '''"""Things for the contract tests."""
import io

import numpy as np
import pandas as pd
import torch
from PIL import Image
from torch import nn

from signsight.attribution.gradient import pixel_gradient
from signsight.core.errors import UserError
from signsight.core.registry import data_sets, methods, metrics, networks, replacements
from signsight.data.class_table import named_classes
from signsight.data.dataset import DataSet, Part
from signsight.evaluation.metrics.block import Result

WORD = "nothing"


'''
UNUSUAL = '''@networks.register("plain")
def plain(classes):
    """No map, no ReLU, and a size of its own."""
    layers = nn.AdaptiveAvgPool2d(6), nn.Flatten(), nn.Linear(108, 16), nn.Tanh()
    return nn.Sequential(*layers, nn.Linear(16, classes))


@methods.register("picky", signed=True, needs="gradient", layer="target", paper=WORD, measures=WORD,
    misleads=WORD)
def picky(task, images, targets, ids):
    """Refuses what has no batch normalisation."""
    if not any(isinstance(module, nn.BatchNorm2d) for module in task.model.modules()):
        raise UserError("Picky needs a network with batch normalisation; take 'gradient'.")
    return pixel_gradient(task, images, targets).sum(1)


@methods.register("border", signed=False, needs="nothing", paper=WORD, measures=WORD, misleads=WORD)
def border(task, images, targets, ids):
    """High at the border."""
    maps = torch.ones(len(images), *images.shape[2:])
    maps[:, 2:-2, 2:-2] = 0
    return maps


QUANTITY = {"direction": "higher", "low": 0, "high": None, "chance": None, "label": "Own", "means": "nothing"}


@metrics.register("inside", label="Inside", needs="regions", source="nowhere", x="",
    quantities={"inside_share": QUANTITY})
def inside(block):
    """Share of the relevance in the object, NaN without relevance."""
    maps = np.clip(block.maps, 0, None).astype(float)
    with np.errstate(invalid="ignore"):
        return Result({"inside_share": (maps * (block.regions > 0)).sum((1, 2)) / maps.sum((1, 2))})


@metrics.register("spread_of_maps", label="Spread", needs="model", source="nowhere", x="",
    quantities={"spread_value": {"direction": None, "low": 0, "high": None, "chance": None, "label": "Own",
                                 "means": "nothing"}})
def spread_of_maps(block):
    """Looks at the maps alone."""
    return Result({"spread_value": block.maps.std((1, 2)).astype(float)})


@metrics.register("again", label="Again", needs="method", source="nowhere", x="",
    quantities={"again_difference": QUANTITY})
def again(block):
    """How far a second run of the method is from the first."""
    maps = block.explain(block.model, block.images, block.ids, block.seed)
    return Result({"again_difference": np.abs(maps - block.maps).mean((1, 2)).astype(float)})


@replacements.register("salt", random=True, source="nowhere")
def salt(image, rng):
    """Black or white pixels by chance."""
    return np.repeat(rng.random((*image.shape[:2], 1)) < 0.5, 3, axis=2).astype(np.float32)


class Shades:
    """Grey pictures, made when they are read."""

    def read(self, source):
        file = io.BytesIO()
        Image.new("L", (20, 20), int(source)).save(file, "PNG")
        return file.getvalue()

    def place(self, source):
        return f"shade {source}"


@data_sets.register("shades", label="shades", about="Grey pictures, which are drawn as they are read.")
class ShadesData(DataSet):
    """Dark and bright."""

    def part(self, name, files, options):
        """Odd shades for the training, even ones for the test."""
        shades = range(1 if name == "train" else 0, 256, 2)
        ids = [str(shade) for shade in shades]
        numbers = [int(shade > 127) for shade in shades]
        rows = {"image_id": ids, "class_id": numbers, "track": ids, "source": ids}
        return Part(pd.DataFrame(rows), Shades())

    def class_table(self, options):
        """Two classes."""
        return named_classes(["dark", "bright"])
'''
FAULTY = '''@networks.register("of_the_batch")
class OfTheBatch(nn.Module):
    """Takes the mean of the batch away."""

    def __init__(self, classes):
        super().__init__()
        self.layer = nn.Linear(3, classes)

    def forward(self, images):
        logits = self.layer(images.mean((2, 3)))
        return logits - logits.mean(0) + 1


@methods.register("of_the_batch", signed=True, needs="gradient", paper=WORD, measures=WORD, misleads=WORD)
def of_the_batch(task, images, targets, ids):
    """Scaled by the largest value of the batch."""
    maps = pixel_gradient(task, images, targets).sum(1)
    return maps / maps.abs().max()


@metrics.register("wrong_way", label="Wrong", needs="regions", source="nowhere", x="",
    quantities={"wrong_share": {"direction": "lower", "low": 0, "high": 0.5, "chance": None, "label": "Own",
                                "means": "nothing"}})
def wrong_way(block):
    """Better for a worse map, and above its range."""
    maps = (block.maps - block.maps.min((1, 2), keepdims=True)).astype(float)
    return Result({"wrong_share": (maps * (block.regions > 0)).sum((1, 2)) / maps.sum((1, 2))})


@replacements.register("bright", random=False, source="nowhere")
def bright(image, rng):
    """Above the range."""
    return image + 0.5


@data_sets.register("one_class", label="one", about="Class ids that no class has.")
class OneClass(DataSet):
    """The same pictures for training and test."""

    def part(self, name, files, options):
        """Three pictures."""
        ids = ["a", "b", "b"]
        rows = {"image_id": ids, "class_id": [0, 1, 2], "track": ids, "source": ids}
        return Part(pd.DataFrame(rows), None)

    def class_table(self, options):
        """Two classes."""
        return named_classes(["x", "y"])
'''
FOUND = (  # tests that the faulty things must fail
    "test_an_image_does_not_see_its_batch[of_the_batch]",
    "test_maps_keep_the_promise_alone_and_in_any_batch[of_the_batch-gap]",
    "test_maps_are_not_normalised[of_the_batch]",
    "test_answers_are_complete_and_within_their_range[wrong_way]",
    "test_the_true_contributions_are_the_best_map[wrong_way-wrong_share]",
    "test_it_is_a_picture_and_leaves_the_image[bright]",
    "test_records_are_whole[train-one_class]",
    "test_parts_are_the_same_again_and_apart[train-one_class]",
)


def checked(folder: Path, code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The contract tests of a plugin, run as `make contract` runs them."""
    file = folder / "things.py"
    file.write_text(HEAD + code, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"]
    return subprocess.run(
        [*command, "tests/contract", "--plugin", str(file), *arguments],
        cwd=ROOT,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def test_unusual_things_keep_the_contract(tmp_path: Path) -> None:
    done = checked(tmp_path, UNUSUAL)
    assert done.returncode == 0, done.stdout[-5000:]
    assert "skipped" not in done.stdout and int(re.search(r"(\d+) passed", done.stdout)[1]) > 90


def test_faulty_things_are_found(tmp_path: Path) -> None:
    done = checked(tmp_path, FAULTY, "-k", "gap or not attribution or normalised")
    missed = [name for name in FOUND if not re.search(rf"FAILED .*{re.escape(name)}", done.stdout)]
    assert done.returncode == 1 and not missed, (missed, done.stdout[-3000:])


def test_a_wrong_plugin_is_refused_in_a_sentence(tmp_path: Path) -> None:
    done = checked(tmp_path, "")
    assert done.returncode == 4 and "Traceback" not in done.stdout
    assert "things.py registers nothing; decorate your things with one of" in done.stdout
