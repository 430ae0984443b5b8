"""GTSRB, the German Traffic Sign Recognition Benchmark: 43 classes of signs with a ROI in each picture."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from signsight.core.registry import data_sets
from signsight.data.archives import (
    TEST_IMAGES,
    TEST_TRUTH,
    TRAINING_IMAGES,
    mask_source,
    test_records,
    training_records,
)
from signsight.data.class_table import COLUMNS
from signsight.data.classes import FLIP_LR, FLIP_TB, GTSRB_CLASSES
from signsight.data.dataset import DataSet, Options, Part
from signsight.data.pictures import Archive
from signsight.data.source import local_folder
from signsight.data.unpacked import LAYOUTS, unpacked_part
from signsight.signs.stock import stock_sign


@data_sets.register(
    "gtsrb",
    class_count=43,
    label="GTSRB",
    about="The German Traffic Sign Recognition Benchmark, downloaded: 43 classes, 39,209 training and 12,630 "
    "test pictures with an annotated region of interest.",
    source="archives",
    server="https://sid.erda.dk/public/archives/daaeac0d7ce1152aea9b61d9f1e19370/",
    archives={
        TRAINING_IMAGES: "md5:f33fd80ac59bff73c82d25ab499e03a3",
        TEST_IMAGES: "md5:c7e4e6327067d32654124b0fe9e82185",
        TEST_TRUTH: "md5:fe31e9c9270bbcd7b84b7f21a9d9d9e5",
    },
    unpacked=LAYOUTS,
    inputs={"train": {"images": TRAINING_IMAGES}, "test": {"images": TEST_IMAGES, "truth": TEST_TRUTH}},
    holds={"train": 39_209, "test": 12_630, "classes": 43},
    truth="roi",
    roi=True,
    mirror=True,
    signs=True,
    stock=True,
    published={
        "clean": "gtsrb_clean.csv",
        "masking": "gtsrb_masking.csv",
        "maps": "gtsrb_maps.csv",
        "rotation": "gtsrb_rotation.csv",
        "perspective_vertical": "gtsrb_perspective.csv",
        "stickers": "gtsrb_stickers.csv",
    },
)
class Gtsrb(DataSet):
    """Signs in GTSRB's archives, or in a folder that they were unpacked to."""

    flips = (FLIP_LR, FLIP_TB)

    def part(self, name: Literal["train", "test"], files: Mapping[str, Path], options: Options) -> Part:
        """files: `images`, for the test part `truth`, and maybe `masks`; none: those in `options.source`."""
        allowed = {"allow_empty_classes": options.allow_empty_classes}
        if not files:
            return unpacked_part(name, local_folder(options.source), **allowed)
        images = Archive(files["images"])
        if name == "train":
            records = training_records(images, **allowed)
        else:
            records = test_records(images, Archive(files["truth"]), **allowed)
        if "masks" not in files:
            return Part(records, images)
        return Part(records.assign(mask=records["source"].map(mask_source)), images, Archive(files["masks"]))

    def class_table(self, options: Options) -> pd.DataFrame:
        """The 43 classes with the shapes of their signs."""
        rows = [(sign.class_id, sign.name, sign.shape) for sign in GTSRB_CLASSES]
        return pd.DataFrame(rows, columns=list(COLUMNS))

    def stock_picture(self, class_id: int, size: int) -> np.ndarray:
        """The sign as drawn from the front."""
        return stock_sign(class_id, size)[0]
