"""What a run is made from: the data set, the network and its weights, the training."""

from __future__ import annotations

import glob
from functools import cached_property
from pathlib import Path
from typing import Any

from signsight.config.choices import Config, has_field, training_settings
from signsight.data.centre import Mode, centre_mode
from signsight.data.dataset import facts
from signsight.data.listing import leads_outside
from signsight.data.source import is_address, local_folder, reads_folder
from signsight.models.class_names import read_classes
from signsight.models.names import torchvision_names
from signsight.models.weights import PARTS, Origin, origin, preprocessing
from signsight.plan.keys import key_of

MOST_CLASSES = 100  # of a confusion matrix, where the network may have more of them than the data set


class Inputs:
    """The data set and the network of a config (of `config.rules.complete`), as rules name them."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.root = f"{config['results']}/{config['experiment']}"
        self.about = facts(config["data"]["name"])
        self.trained: bool = config["model"]["train"]
        self.has_data: bool = self.about["pictures"]
        self.test = f"{self.root}/crop/test"
        self.classes = f"{self.root}/crop/classes.csv"
        self.findings = f"{self.root}/crop/pictures_report.csv"

    @cached_property
    def data_set(self) -> dict[str, Any]:
        """The data set as the params of a job name it."""
        name = self.config["data"]["name"]
        return {"data_set": name, "parameters": self.config["data"].get(name, {})}

    @property
    def source(self) -> str | None:
        """Where the archives or the pictures of the data set are."""
        return self.config["data"]["source"] or self.about["server"]

    @cached_property
    def folder(self) -> str | None:
        """The user's folder that pictures are read from, where there are no archives."""
        source = self.config["data"]["source"]
        return source if reads_folder(self.config["data"]["name"], source) else None

    @property
    def read(self) -> tuple[str, ...]:
        """Patterns of what the data set reads in `folder` beside pictures and CSV files."""
        told = {key: glob.escape(str(value)) for key, value in self.data_set["parameters"].items()}
        patterns = (pattern.format(**told) for pattern in self.about["read"])
        return tuple(pattern for pattern in patterns if not leads_outside(pattern))

    @property
    def local_source(self) -> Path | None:
        """The local folder that archives are copied from, if they are."""
        return None if is_address(self.source or "") else local_folder(self.source)

    @cached_property
    def cache(self) -> str:
        """Folder of the data set's archives, shared by all experiments that have the same."""
        drawn = self.data_set["parameters"] | {"seed": self.config["seed"]}
        key = key_of(drawn if self.about["drawn"] else self.source)
        return f"{self.config['cache']}/{self.config['data']['name']}/{key}"

    @property
    def archives(self) -> list[str]:
        """Names of the archives that are downloaded."""
        return [] if self.folder else list(self.about["archives"])

    @property
    def drawn(self) -> list[str]:
        """The archives that the data set draws."""
        return [f"{self.cache}/{name}" for name in self.about["drawn"]]

    def checksum(self, archive: str) -> str | None:
        """What the config asks of an archive; None takes it unchecked."""
        asked = self.config["data"]["checksums"]
        if asked == "none":
            return None
        return (self.about["archives"] if asked == "official" else asked)[archive]

    def crop_inputs(self, part: str) -> dict[str, str]:
        """What a part of the data set is cut from; a set that takes a network's classes needs their table."""
        inputs = {} if self.folder else self.about["inputs"].get(part, {})
        named = {key: f"{self.cache}/{name}" for key, name in inputs.items()}
        return named | ({"classes": self.classes} if self.about["model_classes"] else {})

    @property
    def own_pictures(self) -> bool:
        """Whether the data set is a folder of the user's own pictures, which are all looked at first."""
        return self.about["source"] == "folder"

    @property
    def parts(self) -> list[str]:
        """The parts of the data set that are used."""
        return ["train", "test"] if self.trained else ["test"]

    @property
    def has_masks(self) -> bool:
        """Whether there are truth masks of the pictures."""
        return self.about["truth"] == "masks"

    @property
    def model_classes(self) -> bool:
        """Whether the data set takes the classes of a network that is used as it is."""
        return not self.trained and self.about["model_classes"]

    @property
    def own_classes(self) -> bool:
        """Whether the network's classes are the data set's, as far as the config tells, or few."""
        if not self.model_classes:
            return True
        if self.class_names is not None:
            return len(self.class_names) <= MOST_CLASSES
        return self.weights.kind == "folder" or self.config["model"]["name"] not in torchvision_names()

    @cached_property
    def runs(self) -> dict[int, str]:
        """Seed of the training -> prefix of the folders of its model; the first one's is empty."""
        seeds = self.config["model"]["seeds"] or [self.config["seed"]]
        return {seed: f"seeds/{seed}/" if number else "" for number, seed in enumerate(seeds)}

    @property
    def other_runs(self) -> list[str]:
        """The prefixes of the further models."""
        return [prefix for prefix in self.runs.values() if prefix]

    def training_seed(self, run: str) -> int:
        """Seed of the training of a run."""
        return next(seed for seed, prefix in self.runs.items() if prefix == run)

    @cached_property
    def weights(self) -> Origin:
        """Where the weights that the network has before any training come from."""
        model = self.config["model"]
        return origin(model["name"], model["weights"], train=self.trained)

    @property
    def weight_files(self) -> list[str]:
        """The files that `model.weights` stands for."""
        found = self.weights
        cached = f"{self.config['cache']}/weights/{key_of(found.base)}/{found.name}"
        parts = [f"{found.place}/{part}" for part in PARTS]
        return {"random": [], "download": [cached], "file": [found.place], "folder": parts}[found.kind]

    @property
    def named_weights(self) -> str | None:
        """The name of the weights in torchvision; None for any others."""
        named = self.config["model"]["weights"]
        return named if self.weights.kind == "download" and named != self.weights.place else None

    @property
    def fit(self) -> Mode:
        """How pictures become squares; their centre is cut as the named weights were evaluated."""
        model, asked = self.config["model"], self.config["data"]["fit"]
        if asked != "centre_crop" or self.named_weights is None:
            return asked
        return centre_mode(*preprocessing(model["name"], self.named_weights))

    @property
    def field(self) -> dict[str, Any] | None:
        """What lies around the pictures, and the seed of their places in it; None where nothing does."""
        return (
            self.config["data"]["field"] | {"seed": self.config["seed"]} if has_field(self.config) else None
        )

    @property
    def published(self) -> dict[str, str]:
        """What was published of the pictures as they are, in files by name."""
        return {} if has_field(self.config) else self.about["published"]

    @property
    def cropped(self) -> bool:
        """Whether all that is left of a picture is its object."""
        return self.config["data"]["crop_to_roi"] or not self.about["roi"]

    @property
    def told_network(self) -> dict[str, Any]:
        """What figures say of the network: its `name`, its `weights`, and whether these are `random`."""
        found, random = self.weights, self.weights.kind == "random"
        named = found.place if found.kind == "folder" else self.named_weights or Path(found.place).name
        if self.trained:
            words = "trained in this run" + ("" if random else f", from the weights {named}")
        else:
            words = "random weights" if random else f"weights {named}"
        name = self.config["model"]["name"]
        return {"name": name, "weights": words, "random": random and not self.trained}

    @property
    def network(self) -> dict[str, Any]:
        """The network as the params of a job name it."""
        model = self.config["model"]
        return {"network": model["name"]} | {key: model[key] for key in ("parameters", "channels")}

    @property
    def trained_network(self) -> dict[str, Any]:
        """The network, and the file of the weights that its training starts from."""
        files = self.weight_files
        return self.network | {"name": self.network["network"], "weights": files[0] if files else None}

    @property
    def class_names(self) -> list[str] | None:
        """The names that `model.classes` gives to the outputs of the network."""
        classes = self.config["model"]["classes"]
        return None if classes is None else read_classes(classes)

    @property
    def training(self) -> dict[str, Any]:
        """All settings of the training."""
        return training_settings(self.config)

    @property
    def rotate(self) -> dict[str, Any]:
        """Rotation of the table of examples; where the training draws the angles, their spread is its own."""
        when, sd = (self.config["data"]["rotate"][key] for key in ("when", "sd"))
        return {"when": when, "sd": sd if when == "once" else 0}

    def part_seed(self, part: str) -> int | None:
        """The seed of what is drawn for a part of the data set; None where nothing is."""
        sampled = part == "test" and self.config["data"]["images"] is not None
        return self.config["seed"] if self.about["seeded"] or sampled else None

    @property
    def examples(self) -> list[str]:
        """The table of training examples, where there is a training."""
        return [f"{self.root}/examples/examples.csv"] if self.trained else []

    @property
    def history(self) -> list[str]:
        """The history of the training, where there is one."""
        return [f"{self.root}/train/history.csv"] if self.trained else []
