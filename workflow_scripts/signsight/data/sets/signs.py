"""The data set `signs`: drawn by this program in GTSRB's classes and layout, with truth masks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from signsight.core.parameters import Limits
from signsight.core.registry import data_sets
from signsight.data.archives import TEST_IMAGES, TEST_TRUTH, TRAINING_IMAGES, TRUTH_MASKS
from signsight.data.sets.gtsrb import Gtsrb
from signsight.signs.archives import render_archives


@data_sets.register(
    "signs",
    class_count=43,
    label="drawn signs",
    about="The 43 signs of GTSRB, drawn by this program, with masks of sign and symbol.",
    drawn=(TRAINING_IMAGES, TEST_IMAGES, TEST_TRUTH, TRUTH_MASKS),
    inputs={
        "train": {"images": TRAINING_IMAGES, "masks": TRUTH_MASKS},
        "test": {"images": TEST_IMAGES, "truth": TEST_TRUTH, "masks": TRUTH_MASKS},
    },
    holds={
        "train": [43, "tracks_per_class", "frames_per_track"],
        "test": [43, "test_per_class"],
        "classes": 43,
    },
    truth="masks",
    roi=True,
    mirror=True,
    signs=True,
    stock=True,
    ascending=(("min_px", "max_px"),),
)
class Signs(Gtsrb):
    """Drawn signs, read as GTSRB's are."""

    def __init__(
        self,
        tracks_per_class: Annotated[
            int, Limits(2, 10_000), "Training tracks (physical signs) of each class."
        ] = 20,
        frames_per_track: Annotated[
            int, Limits(1, 1_000), "Frames of each training track, approaching the sign."
        ] = 3,
        test_per_class: Annotated[
            int, Limits(1, 10_000), "Test images of each class, each from a track of its own."
        ] = 20,
        min_px: Annotated[int, Limits(12, 512), "Width in pixels of the smallest signs."] = 20,
        max_px: Annotated[int, Limits(16, 512), "Width in pixels of the largest signs."] = 110,
    ) -> None:
        self.size = {
            "tracks_per_class": tracks_per_class,
            "frames_per_track": frames_per_track,
            "test_per_class": test_per_class,
            "min_px": min_px,
            "max_px": max_px,
        }

    def draw(self, folder: Path, *, workers: int, seed: int) -> None:
        """Write the four archives to `folder`."""
        render_archives(folder, seed=seed, workers=workers, **self.size)
