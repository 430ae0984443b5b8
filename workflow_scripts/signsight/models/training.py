"""Training: epochs over examples, validation, early stopping, exact resume, the best checkpoint."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch.nn import functional

from signsight.core.errors import UserError
from signsight.core.files import file_digest, write_csv
from signsight.core.rng import generator
from signsight.data.imageset import ImageSet
from signsight.models import checkpoint, resume
from signsight.models.adapted import adapted
from signsight.models.augment import Draws, augment, draw
from signsight.models.classifier import (
    Classifier,
    forward_batches,
    mean_and_std,
    new_classifier,
    to_pixels,
)
from signsight.models.names import torchvision_names
from signsight.models.optimisation import learning_rate, make_optimizer, uses_bfloat16
from signsight.models.presets import resolve
from signsight.models.replay import Forward, recorded
from signsight.models.states import load_weights
from signsight.models.store import Store

log = logging.getLogger("signsight")

COLUMNS = ("row", "class_id", "flip", "angle", "subset")
IN_MEMORY = 1 << 30  # bytes of pixels up to which an image set is held instead of read by batches
HISTORY = (
    "epoch",
    "train_loss",
    "train_accuracy",
    "validation_loss",
    "validation_accuracy",
    "learning_rate",
    "steps",
    "batch_size",
    "seconds",
    "kept",
)


FILES = (checkpoint.WEIGHTS, checkpoint.ABOUT, "history.csv")  # what a training leaves


@dataclass
class Progress:
    """What a training has reached: one row an epoch, and the best weights so far (on the CPU)."""

    history: list[dict[str, float]]
    best: dict[str, torch.Tensor]
    best_epoch: int

    def patient(self, patience: int) -> bool:
        """Whether to go on: of the last `patience` epochs (0: any number) one was a new best."""
        accuracy = [row["validation_accuracy"] for row in self.history]
        return not patience or len(accuracy) - 1 - int(np.argmax(accuracy)) < patience

    def is_best(self, keep: str) -> bool:
        """Whether the last epoch is the one to keep: the "last" one, or the "best" one by validation
        accuracy, then by validation loss."""
        if keep == "last":
            return True
        *before, last = [(-r["validation_accuracy"], r["validation_loss"]) for r in self.history]
        return math.isnan(last[0]) or all(last <= earlier for earlier in before)


def train(
    images: ImageSet,
    examples: pd.DataFrame,
    *,
    model: Mapping[str, Any],
    classes: Sequence[str],
    settings: Mapping[str, Any],
    seed: int,
    device: torch.device,
    folder: Path | str,
    resume_folder: Path | str,
    store: Store | None = None,
) -> pd.DataFrame:
    """Train a classifier and leave its best checkpoint and `history.csv` in `folder`.

    images: square pictures. examples: one row an example, with `row` (into `images`), `class_id`
    (after the flip), `flip` ('', 'lr', 'tb'), `angle` (degrees, counter-clockwise), `subset`
    ('train' or 'validation'). Validation looks once at every unflipped validation image, as it is;
    without any, the last epoch counts as the best. model: `name` of the network and, where
    wanted, its `parameters`, `channels` (1 or 3) and `weights`, a file to start from (a classifier of
    torchvision keeps a new head where that of the file has other classes). classes: names by class
    id. settings: as `presets.resolve` takes them; what they leave open goes by the number of examples
    (`adapted`). resume_folder: holds the state after every epoch
    and is deleted at the end; a training that was killed goes on from there and ends, on the CPU with
    the same number of threads, in the same weights bit for bit. store: of trained networks; one whose
    training was the same in all is taken from there, and a new one is kept in it.

    Returns the history: epoch (from 1), train_loss, train_accuracy (of the augmented batches, while
    the weights move), validation_loss, validation_accuracy (0..1), learning_rate (of the last
    step), steps (up to its end), batch_size (the most examples in a step), seconds, kept (whether its
    weights are those of the checkpoint). UserError for examples that do not fit and for a loss that is
    not finite.
    """
    folder, resume_folder = Path(folder), Path(resume_folder)
    check_examples(images, examples, len(classes))
    training = examples[examples["subset"] == "train"].reset_index(drop=True)
    validation = examples[(examples["subset"] == "validation") & (examples["flip"] == "")]
    validation = validation.drop_duplicates("row")
    settings = resolve(settings)
    settings, chosen = adapted(
        settings,
        examples=min(len(training), settings["examples_per_epoch"] or len(training)),
        validation=len(validation),
        pretrained=bool(model.get("weights")),
    )
    if chosen:
        log.info("%s", chosen)
    if settings["patience"] and validation.empty:
        raise UserError(
            "training.patience needs a validation subset; set it to 0 or keep some tracks for it."
        )
    bfloat16 = uses_bfloat16(settings["amp"], device)
    config = {
        "model": dict(model) | _start(model),
        "classes": list(classes),
        "settings": settings,
        "seed": seed,
        "bfloat16": bfloat16,
    }
    mark, channels = resume.fingerprint(config, images, examples), model.get("channels", 3)
    if store and store.take(mark, folder, FILES):
        resume.forget(resume_folder)
        return pd.read_csv(folder / FILES[-1])
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(int(generator(seed, "weights").integers(2**62)))
        classifier = new_classifier(
            model["name"],
            model.get("parameters") or {},
            classes,
            images.size[0],
            *mean_and_std(images, training["row"].to_numpy(), channels),
            channels,
        )
        if weights := model.get("weights"):
            new_head = model["name"] in torchvision_names()
            load_weights(classifier.network, weights, classes=len(classes), new_head=new_head)
        classifier.to(device, memory_format=torch.channels_last)
        run = _Run(classifier, Pixels(images), training, validation, settings, seed, device, bfloat16)
        progress = run.go(resume_folder, mark)
    classifier.load_state_dict(progress.best)
    history = pd.DataFrame(progress.history, columns=HISTORY[:-1])
    history["kept"] = history["epoch"] == progress.best_epoch
    best = progress.history[progress.best_epoch - 1]
    about = {
        "training": {
            **settings,
            "seed": seed,
            "bfloat16": bfloat16,
            "examples": len(training),
            "chosen": chosen,
            "epochs_run": len(history),
            "best_epoch": progress.best_epoch,
            "digest": mark,
        },
        "weights": model.get("weights"),
        "validation_accuracy": _number(best["validation_accuracy"]),
    }
    write_csv(folder / FILES[-1], history)
    checkpoint.save(classifier, folder, about)
    if store:
        store.keep(mark, folder, FILES)
    resume.forget(resume_folder)
    return history


def check_examples(images: ImageSet, examples: pd.DataFrame, classes: int) -> None:
    """UserError unless `examples` has its columns and fits the images and the number of classes."""
    missing = [column for column in COLUMNS if column not in examples]
    if missing:
        raise UserError(f"The examples lack the column {missing[0]!r}; make them again.")
    if images.size[0] != images.size[1]:
        raise UserError(
            f"{images.folder} has images of {images.size[0]} x {images.size[1]} px; "
            "networks take square ones, so crop them to one side length."
        )
    if not (examples["subset"] == "train").any():
        raise UserError("The examples have none in the subset 'train'; keep fewer for validation.")
    if not examples["row"].between(0, len(images) - 1).all():
        raise UserError(
            f"The examples name rows beyond the {len(images)} images of {images.folder}; make them again."
        )
    if not examples["class_id"].between(0, classes - 1).all():
        raise UserError(
            f"The examples name class ids beyond the {classes} classes of the data set; "
            "correct the class names or the examples."
        )


class Pixels:
    """Rows of an image set: held in memory if they are few, read when asked for if not."""

    def __init__(self, images: ImageSet) -> None:
        self._images = images
        few = int(np.prod(images.images.shape, dtype=np.int64)) <= IN_MEMORY
        self._held = images.images.read(0, len(images)) if few else None

    def take(self, rows: np.ndarray) -> np.ndarray:
        """(len(rows), H, W, 3) uint8."""
        return self._images.take(rows) if self._held is None else self._held[rows]

    def batches(self, rows: np.ndarray, size: int) -> Iterator[np.ndarray]:
        """The images of `rows`, `size` at a time."""
        for start in range(0, len(rows), size):
            yield self.take(rows[start : start + size])


class _Run:
    """One training under way."""

    def __init__(
        self,
        classifier: Classifier,
        pixels: Pixels,
        training: pd.DataFrame,
        validation: pd.DataFrame,
        settings: Mapping[str, Any],
        seed: int,
        device: torch.device,
        bfloat16: bool,
    ) -> None:
        self.classifier, self.pixels, self.settings = classifier, pixels, settings
        self.seed, self.device, self.bfloat16 = seed, device, bfloat16
        self.rows = training["row"].to_numpy(np.int64)
        self.targets = torch.from_numpy(training["class_id"].to_numpy(np.int64, copy=True))
        self.flips = training["flip"].to_numpy(object)
        self.angles = training["angle"].to_numpy(np.float32)
        self.validation_rows = validation["row"].to_numpy(np.int64)
        self.validation_targets = torch.from_numpy(validation["class_id"].to_numpy(np.int64, copy=True))
        self.optimizer = make_optimizer(classifier, settings)
        self.each = min(settings["examples_per_epoch"] or len(self.rows), len(self.rows))
        self.steps = math.ceil(self.each / settings["batch_size"])
        self.replays: dict[int, Forward] = {}

    def go(self, folder: Path, mark: str) -> Progress:
        """All epochs that are left, with the state stored in `folder` after each."""
        progress = Progress([], {}, 0)
        if state := resume.restore(folder, mark):
            progress = Progress(state["history"], state["best"], state["best_epoch"])
            self.classifier.load_state_dict(state["classifier"])
            self.optimizer.load_state_dict(state["optimizer"])
            log.info("the training continues after epoch %d", len(progress.history))
        epochs, begin = self.settings["epochs"], len(progress.history)
        start = time.perf_counter()
        sizes = {self.each // self.steps, -(-self.each // self.steps)}
        self.replays = recorded(self.classifier, sizes, self.bfloat16)
        for epoch in range(begin, epochs):
            if progress.history and not progress.patient(self.settings["patience"]):
                log.info("no better validation accuracy for some epochs; stopped early")
                break
            progress.history.append(self.epoch(epoch))
            if progress.is_best(self.settings["keep"]):
                progress.best_epoch = epoch + 1
                progress.best = _copy(self.classifier.state_dict())
            each = (time.perf_counter() - start) / (epoch + 1 - begin)
            self.report(progress, each * (epochs - epoch - 1))
            state = {
                "classifier": self.classifier.state_dict(),
                "optimizer": self.optimizer.state_dict(),
                "history": progress.history,
                "best": progress.best,
                "best_epoch": progress.best_epoch,
            }
            resume.store(folder, mark, state)
        return progress

    def epoch(self, epoch: int) -> dict[str, float]:
        """One pass over the examples and one validation; a row of the history."""
        start = time.perf_counter()
        # All draws of an epoch come from its number, so that a resume needs no generator's state.
        torch.manual_seed(int(generator(self.seed, "dropout", epoch).integers(2**62)))
        order = order_of(self.seed, epoch, len(self.rows), self.each)
        draws = draw(self.settings["augmentation"], self.flips, self.angles, self.seed, epoch)
        self.classifier.train()
        total = torch.zeros(2, device=self.device)
        # Pieces of even size: a last batch of one image would upset batch normalisation.
        for number, rows in enumerate(np.array_split(order, self.steps)):
            rate = learning_rate(
                self.settings, epoch * self.steps + number, self.settings["epochs"] * self.steps
            )
            total += self.step(rows, draws, rate)
        loss, accuracy = (total / self.each).tolist()
        if not math.isfinite(loss):
            raise UserError(
                f"The loss was not finite in epoch {epoch + 1}; "
                f"set training.learning_rate below {self.settings['learning_rate']}."
            )
        validation_loss, validation_accuracy = self.validate()
        values = (epoch + 1, loss, accuracy, validation_loss, validation_accuracy, rate)
        taken = ((epoch + 1) * self.steps, self.settings["batch_size"], time.perf_counter() - start)
        return dict(zip(HISTORY[:-1], (*values, *taken), strict=True))

    def step(self, rows: np.ndarray, draws: Draws, rate: float) -> torch.Tensor:
        """One optimiser step on the examples `rows`; sums of loss and of right answers, (2,)."""
        pixels = to_pixels(self.pixels.take(self.rows[rows]), self.device)
        pixels = augment(pixels, draws, rows, self.settings["augmentation"]["fill"])
        target = self.targets[torch.from_numpy(rows)].to(self.device)
        forward = self.replays.get(len(rows), self.classifier)
        with self.autocast():
            logits = forward(pixels.contiguous(memory_format=torch.channels_last))
        logits = logits.float()
        loss = functional.cross_entropy(logits, target, label_smoothing=self.settings["label_smoothing"])
        self.optimizer.zero_grad()
        loss.backward()
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.step()
        right = (logits.detach().argmax(1) == target).sum()
        return torch.stack([loss.detach() * len(rows), right])

    def validate(self) -> tuple[float, float]:
        """Loss and accuracy on the validation images as they are; NaN without any."""
        if not len(self.validation_rows):
            return math.nan, math.nan
        batches = self.pixels.batches(self.validation_rows, 512)
        logits = torch.cat(list(forward_batches(self.classifier, batches, self.device)))
        loss = functional.cross_entropy(logits, self.validation_targets)
        right = logits.argmax(1) == self.validation_targets
        return loss.item(), right.double().mean().item()

    def autocast(self) -> AbstractContextManager:
        """Arithmetic of the forward pass: bfloat16 where it is used."""
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.bfloat16)

    def report(self, progress: Progress, left: float) -> None:
        """One line in the log about the last epoch; `left` seconds to go at this pace."""
        row = progress.history[-1]
        log.info(
            "epoch %d/%d: loss %.4f, accuracy %.2f %%; validation %.2f %% (best: epoch %d); "
            "%.1f s, %d:%02d min left",
            row["epoch"],
            self.settings["epochs"],
            row["train_loss"],
            100 * row["train_accuracy"],
            100 * row["validation_accuracy"],
            progress.best_epoch,
            row["seconds"],
            *divmod(round(left), 60),
        )


def order_of(seed: int, epoch: int, count: int, each: int) -> np.ndarray:
    """(each,) int64: the examples of `epoch` (from 0), of `count`, in the order in which they are taken.

    The epochs go through all examples in a random order, then through them in another one, and so on, `each`
    at a time: no example is taken again before all the others were.
    """
    begin = epoch * each
    passes = range(begin // count, (begin + each - 1) // count + 1)
    orders = np.concatenate([generator(seed, "order", number).permutation(count) for number in passes])
    return orders[begin - passes[0] * count :][:each]


def _start(model: Mapping[str, Any]) -> dict[str, str]:
    """The digest of the file of weights that a training starts from."""
    file = model.get("weights")
    return {"digest": file_digest(file)} if file and Path(file).is_file() else {}


def _copy(state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name: value.detach().cpu().clone() for name, value in state.items()}


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value
