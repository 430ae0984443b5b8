"""A data set for tests whose job does what a cluster ends jobs for, always or at its first attempt."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import pandas as pd

from signsight.core.parameters import Limits
from signsight.core.registry import data_sets
from signsight.data.class_table import named_classes
from signsight.data.dataset import DataSet, Options


@data_sets.register(
    "trouble", label="trouble", about="Classes whose table takes much memory or long to make."
)
class Trouble(DataSet):
    """Two classes."""

    def __init__(
        self,
        megabytes: Annotated[int, Limits(0, 100_000), "Memory that is taken."] = 0,
        seconds: Annotated[int, Limits(0, 1000), "Time that is taken."] = 0,
        once: Annotated[bool, "Only at the first attempt."] = False,
    ) -> None:
        self.megabytes, self.seconds, self.once = megabytes, seconds, once

    def class_table(self, options: Options) -> pd.DataFrame:
        """The classes, after the trouble."""
        tried = Path("tried")
        if not (self.once and tried.exists()):
            tried.touch()
            taken = bytearray(self.megabytes << 20)
            time.sleep(self.seconds)
            del taken
        return named_classes(["one", "two"])
