"""Published figures to compare with, from config/published/ beside the package."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

FOLDER = Path(__file__).parents[3] / "config/published"
NAMES = ("clean", "masking", "rotation", "perspective", "stickers")


def published_file(name: str) -> Path:
    """The CSV of the published figures called `name`: one of NAMES, or of another study by its own name."""
    return FOLDER / (f"gtsrb_{name}.csv" if name in NAMES else f"{name}.csv")


def read_published(names: Iterable[str]) -> dict[str, pd.DataFrame]:
    """The published figures by name; the study's perspective is that about the vertical axis."""
    import pandas as pd

    keys = {"perspective": "perspective_vertical"}
    return {keys.get(name, name): pd.read_csv(published_file(name)) for name in names}
