"""Accuracy of training with all defaults on three small folders of real pictures, beside a hand-tuned run.

    OMP_NUM_THREADS=1 PYTHONPATH=workflow_scripts:tests/bench python tests/bench/bench_small_folders.py SHARED

SHARED is the folder with plants/, cifar10/ and gtsrb-sample/. `--tune` also runs a grid of hand-made settings
on the first seed; small_folders.csv beside this file keeps its accuracies. Bound: the defaults, in the mean
over three seeds, reach 0.9 of the best of the grid, which is chosen on the test pictures.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import math
import tempfile
import time
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from small_folders import FOLDERS

from signsight.core.job import keep_freed_memory
from signsight.data.crop import Cut, crop
from signsight.data.dataset import Options, data_set
from signsight.data.examples import TRAINING, make_examples
from signsight.data.imageset import ImageSet, open_image_set
from signsight.models import checkpoint
from signsight.models.classifier import forward_batches
from signsight.models.training import train

SIZE, SEEDS, BOUND = 32, (2020, 1, 2), 0.9
KEPT = Path(__file__).with_name("small_folders.csv")
HEAD = ("folder", "batch_size", "learning_rate", "examples_seen", "seed", "accuracy", "test_pictures")
GRID = [*itertools.product((6_000, 16_000), (8, 16), (0.02, 0.05))]
Setting = tuple[int, int, float]


class Folder:
    """One of the folders, as the rules crop and examples make it ready for the training of a seed."""

    def __init__(self, name: str, shared: Path, place: Path) -> None:
        self.name, self.place, self.source = name, place / name, place / name / "pictures"
        FOLDERS[name](shared, self.source)

    def sets(self, seed: int) -> tuple[ImageSet, ImageSet, pd.DataFrame]:
        """Training pictures, test pictures, and the table of examples."""
        made = data_set({"data_set": "folder", "parameters": {}})
        folders = {part: self.place / f"{part}-{seed}" for part in ("train", "test")}
        for part, folder in folders.items():
            if not folder.exists():
                crop(made.part(part, {}, Options(str(self.source), seed=seed)), folder, Cut(SIZE))
        training = open_image_set(folders["train"])
        examples = make_examples(
            training.index,
            flip_lr={},
            flip_tb={},
            mirror=False,
            balance=None,
            rotate="epoch",
            rotate_sd=0.0,
            split_by="track",
            validation_fraction=0.15,
            seed=seed,
        )
        return training, open_image_set(folders["test"]), examples

    def accuracy(self, seed: int, setting: Setting | None) -> tuple[float, int, float]:
        """Test accuracy of the network that is trained so (None: with all defaults), the number of test
        pictures, and the CPU seconds of the training."""
        training, test, examples = self.sets(seed)
        settings: dict[str, Any] = {"augmentation": {"rotation": 8.0}}  # the default of `data.rotate.sd`
        if setting:
            seen, batch, rate = setting
            epochs = math.ceil(seen / (examples["subset"] == TRAINING).sum())
            settings |= {"epochs": epochs, "batch_size": batch, "learning_rate": rate}
        begun = time.process_time()
        train(
            training,
            examples,
            model={"name": "compact"},
            classes=[str(number) for number in sorted(set(training.class_ids))],
            settings=settings,
            seed=seed,
            device=torch.device("cpu"),
            folder=self.place / "model",
            resume_folder=self.place / "resume",
        )
        took = time.process_time() - begun
        model = checkpoint.load(self.place / "model")
        logits = torch.cat(list(forward_batches(model, test.images.batches(256), "cpu")))
        return float((logits.argmax(1).numpy() == test.class_ids).mean()), len(test), took


class Table:
    """The table of hand-made settings, row by row in KEPT, where a run that was broken off goes on."""

    def __init__(self) -> None:
        if not KEPT.exists():
            KEPT.write_text(",".join(HEAD) + "\n", encoding="utf-8")
        with KEPT.open(encoding="utf-8", newline="") as file:
            self.known = {tuple(row[:5]): float(row[5]) for row in csv.reader(file) if row[5] != HEAD[5]}

    def accuracy(self, folder: Folder, seed: int, setting: Setting) -> float:
        """As the table has it, or of a training that adds a row."""
        seen, batch, rate = setting
        key = tuple(map(str, (folder.name, batch, rate, seen, seed)))
        if key not in self.known:
            accuracy, count, _ = folder.accuracy(seed, setting)
            self.known[key] = round(accuracy, 4)
            with KEPT.open("a", encoding="utf-8") as file:
                file.write(",".join((*key, f"{accuracy:.4f}", str(count))) + "\n")
        return self.known[key]


def best_of(table: pd.DataFrame, name: str) -> pd.Series:
    """The best hand-made setting, with its accuracy."""
    own = table[table["folder"] == name].reset_index(drop=True)
    return own.loc[own["accuracy"].idxmax()]


def main() -> None:
    """Run the defaults, and with --tune the grid; print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("shared", type=Path)
    parser.add_argument("--tune", action="store_true")
    parser.add_argument("--only", choices=list(FOLDERS), nargs="+", default=list(FOLDERS))
    options = parser.parse_args()
    torch.set_num_threads(1)
    keep_freed_memory()
    with tempfile.TemporaryDirectory() as place:
        folders = [Folder(name, options.shared, Path(place)) for name in options.only]
        kept = Table()
        for folder in folders:
            found = [folder.accuracy(seed, None) for seed in SEEDS]
            for setting in GRID if options.tune else []:
                kept.accuracy(folder, SEEDS[0], setting)
            mean, best = sum(one[0] for one in found) / len(found), best_of(pd.read_csv(KEPT), folder.name)
            each, took = ", ".join(f"{one[0]:.1%}" for one in found), max(one[2] for one in found)
            setting = f"batch {best['batch_size']}, rate {best['learning_rate']:g}"
            print(f"{folder.name}: defaults {mean:.1%} ({each}; {took:.0f} CPU s or less)", flush=True)
            print(
                f"  tuned by hand {best['accuracy']:.1%} ({setting}, {best['examples_seen']} examples seen)"
            )
            print(f"  share {mean / best['accuracy']:.2f}, bound {BOUND}", flush=True)


if __name__ == "__main__":
    main()
