"""Training of a detector on a scene set: epochs in one cycle of the learning rate, with exact resume."""

from __future__ import annotations

import hashlib
import json
import logging
import math
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from signsight.core.errors import UserError
from signsight.core.files import write_csv
from signsight.core.rng import generator
from signsight.detection import checkpoint
from signsight.detection.build import BACKGROUND
from signsight.detection.detector import Detector
from signsight.detection.scene import EDGES
from signsight.detection.scene_set import TABLES, SceneSet
from signsight.models import resume
from signsight.models.classifier import to_pixels
from signsight.models.optimisation import learning_rate, make_optimizer
from signsight.models.states import load_weights

log = logging.getLogger("signsight")

LOSSES = ("loss_objectness", "loss_rpn_box_reg", "loss_classifier", "loss_box_reg")
FIXED = {"optimizer": "adamw", "schedule": "one_cycle"}
SCALES = (0.8, 0.9, 1.1, 1.25)  # of the pictures in training, beside 1
LARGEST = 10.0  # norm to which the gradient is cut: that of the first steps can be far larger


def train(
    scenes: SceneSet,
    *,
    detector: Mapping[str, Any],
    settings: Mapping[str, Any],
    seed: int,
    device: torch.device,
    folder: Path | str,
    resume_folder: Path | str,
) -> pd.DataFrame:
    """Train a detector and leave its checkpoint and `history.csv` in `folder`.

    scenes: its objects that are not difficult are learned, all classes of the set. detector: `name`,
    `parameters` and, where wanted, `weights`, a file to start from. settings: `epochs`, `batch_size`,
    `learning_rate` (the peak of one cycle), `weight_decay`, `brightness` (largest change of brightness and
    contrast, as a share). resume_folder: holds the state after every epoch and is deleted at the end; a
    training that was killed goes on from there and ends, on the CPU with the same number of threads, in the
    same weights.

    Returns the history: epoch (from 1), loss (the sum), its parts, learning_rate (of the last step), seconds.
    UserError for a set without objects and a loss that is not finite.
    """
    folder, resume_folder = Path(folder), Path(resume_folder)
    annotated = [picture for picture in scenes.annotated if len(_objects(scenes, picture))]
    if not annotated:
        raise UserError(f"{scenes.folder} has no objects to learn; take other pictures for the training.")
    classes = [BACKGROUND, *scenes.classes]
    mark = _fingerprint([dict(detector), dict(settings), classes, seed], scenes)
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(int(generator(seed, "detector").integers(2**62)))
        weights, parameters = detector.get("weights"), detector.get("parameters") or {}
        made = checkpoint.new_detector(detector["name"], parameters, classes, frozen=bool(weights))
        if weights:
            advice = "correct 'detection.detector'"
            load_weights(made.network, weights, classes=len(classes), new_head=True, advice=advice)
        run = _Run(made.to(device), scenes, annotated, {**FIXED, **settings}, seed, device)
        history = run.go(resume_folder, mark)
    checkpoint.save(made.eval(), folder, {"training": {**settings, "seed": seed, "pictures": len(annotated)}})
    table = pd.DataFrame(history, columns=["epoch", "loss", *LOSSES, "learning_rate", "seconds"])
    write_csv(folder / "history.csv", table)
    resume.forget(resume_folder)
    return table


def _objects(scenes: SceneSet, picture: str) -> pd.DataFrame:
    found = scenes.objects(picture)
    return found[found["difficult"] == 0]


def _fingerprint(config: Any, scenes: SceneSet) -> str:
    """Digest of everything that decides a training."""
    digest = hashlib.blake2b(json.dumps(config, sort_keys=True).encode(), digest_size=16)
    files = [*(scenes.folder / name for name in TABLES), *sorted((scenes.folder / "pictures").iterdir())]
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()


class _Run:
    """One training under way."""

    def __init__(
        self,
        detector: Detector,
        scenes: SceneSet,
        pictures: Sequence[str],
        settings: Mapping[str, Any],
        seed: int,
        device: torch.device,
    ) -> None:
        self.network, self.scenes, self.pictures = detector.network, scenes, list(pictures)
        self.settings, self.seed, self.device = settings, seed, device
        self.optimizer = make_optimizer(self.network, settings)
        self.steps = math.ceil(len(self.pictures) / settings["batch_size"])
        self.side = self.network.transform.min_size

    def go(self, folder: Path, mark: str) -> list[dict[str, float]]:
        """All epochs that are left, with the state stored in `folder` after each."""
        history: list[dict[str, float]] = []
        if state := resume.restore(folder, mark):
            history = state["history"]
            self.network.load_state_dict(state["network"])
            self.optimizer.load_state_dict(state["optimizer"])
            log.info("the training continues after epoch %d", len(history))
        begin, start, epochs = len(history), time.perf_counter(), self.settings["epochs"]
        for epoch in range(begin, epochs):
            history.append(self.epoch(epoch))
            each = (time.perf_counter() - start) / (epoch + 1 - begin)
            log.info(
                "epoch %d/%d: loss %.4f; %.1f s, %d:%02d min left",
                epoch + 1, epochs, history[-1]["loss"], history[-1]["seconds"],
                *divmod(round(each * (epochs - epoch - 1)), 60),
            )  # fmt: skip
            state = {
                "network": self.network.state_dict(),
                "optimizer": self.optimizer.state_dict(),
                "history": history,
            }
            resume.store(folder, mark, state)
        return history

    def epoch(self, epoch: int) -> dict[str, float]:
        """One pass over the pictures; a row of the history."""
        start = time.perf_counter()
        # All draws of an epoch come from its number, so that a resume needs no generator's state.
        torch.manual_seed(int(generator(self.seed, "detector epoch", epoch).integers(2**62)))
        order = generator(self.seed, "detector order", epoch).permutation(len(self.pictures))
        total = dict.fromkeys(LOSSES, 0.0)
        # The last of torchvision's sizes is that of every picture outside training.
        self.network.transform.min_size = (*(round(s * self.side[-1]) for s in SCALES), self.side[-1])
        self.network.train()
        for number, rows in enumerate(np.array_split(order, self.steps)):
            step = epoch * self.steps + number
            rate = learning_rate(self.settings, step, self.settings["epochs"] * self.steps)
            for name, value in self.step([self.pictures[row] for row in rows], rate, epoch).items():
                total[name] = total.get(name, 0.0) + value * len(rows)
        self.network.eval()
        self.network.transform.min_size = self.side
        losses = {name: value / len(order) for name, value in total.items()}
        loss = sum(losses.values())
        if not math.isfinite(loss):
            raise UserError(
                f"The loss was not finite in epoch {epoch + 1}; set 'detection.training.learning_rate' below "
                f"{self.settings['learning_rate']}."
            )
        values = {"epoch": epoch + 1, "loss": loss, **losses, "learning_rate": rate}
        return values | {"seconds": time.perf_counter() - start}

    def step(self, pictures: list[str], rate: float, epoch: int) -> dict[str, float]:
        """One optimiser step on these pictures; the parts of the loss."""
        images, targets = zip(*(self.example(picture, epoch) for picture in pictures), strict=True)
        losses = self.network(list(images), list(targets))
        self.optimizer.zero_grad()
        sum(losses.values()).backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), LARGEST)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.step()
        return {name: value.item() for name, value in losses.items()}

    def example(self, picture: str, epoch: int) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """The picture (3, H, W) in [0, 1] under another light, and its boxes and labels."""
        pixels = to_pixels(self.scenes.picture(picture)[None], self.device)[0]
        span = self.settings["brightness"]
        contrast, light = generator(self.seed, "light", epoch, picture).uniform(1 - span, 1 + span, 2)
        mean = pixels.mean()
        pixels = ((pixels - mean) * contrast + mean * light).clamp(0, 1)
        found = _objects(self.scenes, picture)
        boxes = torch.tensor(found[list(EDGES)].to_numpy(np.float32), device=self.device)
        labels = torch.tensor(found["class_id"].to_numpy() + 1, device=self.device)
        return pixels, {"boxes": boxes, "labels": labels}
