"""The explorer ranks nothing where the network is no better than a guess."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from signsight.evaluation.accuracy import accuracy_row
from signsight.evaluation.ranking import AGREEMENT_COLUMNS, RANK_COLUMNS
from signsight.explorer.document import document

FACTS = {"name": "a", "data_set": "folder", "network": "compact", "confidence": 0.95}
FACTS |= {"methods": [], "networks": [], "metrics": []}


@pytest.mark.parametrize("right", [18, 36])
def test_a_guessing_network_has_no_ranking(right: int, tmp_path: Path) -> None:
    """36 images, half of them of one class."""
    truth = np.repeat([0, 1], 18)
    correct = np.arange(36) < right
    tables = {
        "clean": pd.DataFrame([accuracy_row(correct, truth, None, 0.95)]),
        "ranking": pd.DataFrame([[*"ab", "c", 1, 1, "a", "", 0.5, 0.4, 0.6, 9]], columns=RANK_COLUMNS),
        "agreement": pd.DataFrame([[*"abcd", 3, 1.0]], columns=AGREEMENT_COLUMNS),
    }
    for name, table in tables.items():
        table.to_csv(tmp_path / f"{name}.csv", index=False)
    given = {"tables": {name: tmp_path / f"{name}.csv" for name in tables}}
    made = document(given, FACTS)["experiment"]
    assert (made["ranking"] is None) == (made["agreement"] is None) == (right == 18)
