"""Published tables to compare with, from config/published/ beside the package."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from signsight.core.files import read_csv

FOLDER = Path(__file__).parents[3] / "config/published"


def read_published(files: Mapping[str, str]) -> dict[str, pd.DataFrame]:
    """The published tables by name; files: name -> name of a file in FOLDER."""
    return {name: read_csv(FOLDER / file) for name, file in files.items()}
