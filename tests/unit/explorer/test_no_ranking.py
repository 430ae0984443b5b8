"""The explorer ranks nothing where the network is no better than a guess."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from signsight.evaluation.accuracy import accuracy_row
from signsight.explorer.tables import without_refused

TABLES = {"clean", "ranking", "agreement", "verdict", "box_ranking"}


@pytest.mark.parametrize(("right", "left_out"), [(18, {"ranking", "agreement"}), (36, set())])
def test_a_guessing_network_has_no_ranking(right: int, left_out: set[str], tmp_path: Path) -> None:
    """36 images, half of them of one class."""
    row = accuracy_row(np.arange(36) < right, np.repeat([0, 1], 18), None, 0.95)
    pd.DataFrame([row]).to_csv(tmp_path / "clean.csv", index=False)
    files = {name: tmp_path / f"{name}.csv" for name in TABLES}
    assert set(without_refused(files)) == TABLES - left_out


def test_without_a_classifier_nothing_is_refused(tmp_path: Path) -> None:
    assert set(without_refused({"box_ranking": tmp_path / "b.csv"})) == {"box_ranking"}
