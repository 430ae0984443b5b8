"""Training examples: rows of an image set with flip, angle and subset; indices, never pixels."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from signsight.core.errors import UserError
from signsight.core.files import atomic
from signsight.core.rng import generator
from signsight.data.split import held_out_rows, held_out_tracks

log = logging.getLogger("signsight")

FLIPS = ("", "lr", "tb")
COLUMNS = ("row", "class_id", "flip", "copy", "angle", "subset", "track")
TRAINING, VALIDATION = "train", "validation"


def make_examples(
    index: pd.DataFrame,
    *,
    flip_lr: Mapping[int, int],
    flip_tb: Mapping[int, int],
    mirror: bool,
    balance: int | None,
    rotate: Literal["once", "epoch", "never"],
    rotate_sd: float,
    split_by: Literal["track", "random"],
    validation_fraction: float,
    seed: int,
) -> pd.DataFrame:
    """The training and validation examples of an image set with this `index`.

    Columns: `row` (int, into the image set), `class_id` (int, after the flip), `flip` ('', 'lr' or
    'tb'), `copy` (int: 0, and 1, 2, ... for duplicates made by balancing), `angle` (float, degrees
    counter-clockwise, to four decimals), `subset` ('train' or 'validation'), `track` (of the source
    image). Ordered by row, flip and copy, which together name an example.

    mirror: every image of a class in `flip_lr` (class -> class after a left-right flip) or
    `flip_tb` (top-bottom) also comes flipped; of a class in both, both flips are examples.
    balance: classes (after the flip) with fewer examples are filled up to so many with duplicates,
    as evenly as can be; larger ones are kept whole. None: no duplicates.
    rotate: 'once': every example, originals too, has one angle from a normal distribution of
    standard deviation `rotate_sd` degrees; 'epoch': the training draws angles, here they are 0;
    'never': 0.

    split_by 'track': about `validation_fraction` of every class in whole tracks; validation has
    every such image once, as it is (no flips, no duplicates, no rotation), and no track is on both
    sides. Mirroring, balancing and rotating act on the training examples only.
    split_by 'random': as the published study does, which leaks: all is mirrored, balanced and
    rotated first, then examples of every class are parted at random, one by one.

    Draws depend on `seed` and on what is drawn, not on the order of the index. UserError when no class
    has enough for both subsets.
    """
    order = np.argsort(index["image_id"].to_numpy(str), kind="stable")
    sources = index.iloc[order].assign(row=order).reset_index(drop=True)
    if split_by == "track":
        held = held_out_tracks(sources, validation_fraction, seed, "validation")
        validation = _originals(sources[held])
        training = _multiplied(sources[~held], flip_lr, flip_tb, mirror, balance, seed)
        training["angle"] = _angles(training, rotate, rotate_sd, seed)
        validation["angle"] = 0.0
        _log_without_validation(training, validation)
    elif split_by == "random":
        examples = _multiplied(sources, flip_lr, flip_tb, mirror, balance, seed)
        examples["angle"] = _angles(examples, rotate, rotate_sd, seed)
        classes = examples["class_id"].to_numpy()
        held = held_out_rows(classes, validation_fraction, seed, "validation")
        training, validation = examples[~held], examples[held]
    else:
        raise ValueError(f"split_by {split_by!r}")
    if validation_fraction and not len(validation):
        raise UserError(
            "No class has two training images of different tracks, so that none can be held out for the "
            "validation; add images."
        )
    both = pd.concat(
        [training.assign(subset=TRAINING), validation.assign(subset=VALIDATION)],
        ignore_index=True,
    )
    place = both["flip"].map({flip: number for number, flip in enumerate(FLIPS)})
    both = both.iloc[np.lexsort((both["copy"], place, both["row"]))]
    return both[list(COLUMNS)].reset_index(drop=True)


def _originals(sources: pd.DataFrame) -> pd.DataFrame:
    return sources[["row", "image_id", "class_id", "track"]].assign(flip="", copy=0)


def _multiplied(
    sources: pd.DataFrame,
    flip_lr: Mapping[int, int],
    flip_tb: Mapping[int, int],
    mirror: bool,
    balance: int | None,
    seed: int,
) -> pd.DataFrame:
    """Originals, their flips and their duplicates; ordered by flip, image id and copy."""
    pieces = [_originals(sources)]
    if mirror:
        for flip, classes in (("lr", flip_lr), ("tb", flip_tb)):
            flipped = pieces[0][pieces[0]["class_id"].isin(list(classes))]
            after = flipped["class_id"].map(dict(classes)).astype(np.int64)
            pieces.append(flipped.assign(flip=flip, class_id=after))
    examples = pd.concat(pieces, ignore_index=True)
    if balance is None:
        return examples
    times = _times(examples["class_id"].to_numpy(np.int64), balance, seed)
    repeated = examples.loc[np.repeat(np.arange(len(examples)), times)].reset_index(drop=True)
    starts = np.repeat(np.cumsum(times) - times, times)
    return repeated.assign(copy=np.arange(len(repeated)) - starts)


def _times(class_id: np.ndarray, balance: int, seed: int) -> np.ndarray:
    """How often every example occurs, (N,) int, so that every class has at least `balance`."""
    times = np.ones(len(class_id), np.int64)
    for number in np.unique(class_id):
        rows = np.flatnonzero(class_id == number)
        whole, rest = divmod(balance, len(rows))
        if whole == 0:
            continue
        times[rows] = whole
        extra = generator(seed, "balance", int(number)).permutation(len(rows))[:rest]
        times[rows[extra]] += 1
    return times


def _angles(examples: pd.DataFrame, rotate: str, sd: float, seed: int) -> np.ndarray:
    """The angle of every example in degrees, (N,) float64; copies of an example follow it."""
    if rotate in ("epoch", "never"):
        return np.zeros(len(examples))
    if rotate != "once":
        raise ValueError(f"rotate {rotate!r}")
    firsts = np.flatnonzero(examples["copy"].to_numpy() == 0)
    counts = np.diff([*firsts, len(examples)])
    names = examples.iloc[firsts]
    draws = [
        generator(seed, "rotate", image_id, flip).normal(0.0, sd, count)
        for image_id, flip, count in zip(names["image_id"], names["flip"], counts, strict=True)
    ]
    return np.round(np.concatenate(draws), 4) if draws else np.zeros(0)


def _log_without_validation(training: pd.DataFrame, validation: pd.DataFrame) -> None:
    missing = sorted(set(training["class_id"]) - set(validation["class_id"]))
    if missing and len(validation):
        names = ", ".join(map(str, missing))
        log.info("no validation images of class %s: it has fewer than two tracks", names)


def write_examples(path: Path | str, examples: pd.DataFrame) -> None:
    """Write `examples` as CSV to `path`, whole or not at all."""
    with atomic(path) as part:
        examples.to_csv(part, index=False)


def read_examples(path: Path | str) -> pd.DataFrame:
    """Read what `write_examples` wrote, value for value. UserError when it is not such a file."""
    text = {"flip": str, "subset": str, "track": str}
    try:
        examples = pd.read_csv(path, dtype=text, keep_default_na=False)
    except FileNotFoundError as fault:
        raise UserError(f"{path} does not exist; make the examples first.") from fault
    except (pd.errors.EmptyDataError, pd.errors.ParserError) as fault:
        raise UserError(f"{path} is not a table of examples ({fault}); make it again.") from fault
    missing = [column for column in COLUMNS if column not in examples]
    if missing:
        raise UserError(f"{path} lacks the column {missing[0]!r}; make it again.")
    return examples
