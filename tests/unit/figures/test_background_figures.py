"""Object or background: the figure shows the table, the sheet what was made, words follow the numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.container import ErrorbarContainer
from matplotlib.figure import Figure

from signsight.figures.background import background, background_sheet, object_or_background, set_name

Check = Callable[[Figure], None]
PAIRS = [
    ("all", "nothing"), ("object", "zero"), ("object", "same_class"), ("object", "other_class"),
    ("background", "gray"), ("background", "surroundings"), ("nothing", "silhouette"),
]  # fmt: skip


def table(seeds: int, **other: float) -> pd.DataFrame:
    """Rows in the shape of `evaluation.background`; other: values of the row of backgrounds alone."""
    rows = []
    for seed in range(seeds):
        for place, (kept, behind) in enumerate(PAIRS):
            share = 0.95 - 0.1 * place - 0.01 * seed
            row: dict[str, Any] = {"seed": 7 + seed, "kept": kept, "behind": behind, "n": 36}
            row |= {"accuracy": share, "low": share - 0.1, "high": min(share + 0.1, 1), "chance": 0.25}
            row |= {"difference": -0.1 * place, "difference_low": -0.1 * place - 0.1}
            row |= {"difference_high": 0.1 - 0.1 * place, "probability": share - 0.05}
            row |= {"probability_low": share - 0.1, "probability_high": share}
            told = {"follows": 0.4, "follows_low": 0.3, "follows_high": 0.5, "gap": 0.2, "gap_low": 0.1,
                    "gap_high": 0.3}  # fmt: skip
            row |= told if behind == "other_class" else dict.fromkeys(told, np.nan)
            row |= other if behind == "surroundings" else {}
            rows.append(row)
    return pd.DataFrame(rows)


@pytest.mark.parametrize("seeds", [1, 3])
def test_dots_bars_and_the_models_of_other_seeds(seeds: int, legible: Check) -> None:
    rows = table(seeds)
    figure = background(rows, confidence=0.95)
    axes = figure.axes[0]
    names = [text.get_text() for text in axes.get_yticklabels()]
    assert names == [set_name(*pair) for pair in PAIRS][::-1]
    bars = [c for c in axes.containers if isinstance(c, ErrorbarContainer)]
    for bar, row in zip(bars, rows[rows["seed"] == 7].itertuples(), strict=True):
        assert bar[0].get_xdata()[0] == row.accuracy
        assert names[int(bar[0].get_ydata()[0])] == set_name(row.kept, row.behind)
        (ends,) = bar[2][0].get_segments()
        np.testing.assert_allclose(ends[:, 0], [row.low, row.high])
    legible(figure)


def test_the_sheet_shows_what_was_made(legible: Check) -> None:
    rng = np.random.default_rng(0)
    made = {
        "pictures": rng.integers(0, 255, (2, len(PAIRS), 8, 8, 3), np.uint8),
        "predicted": np.array([[1] * 7, [0, 0, 1, 1, 0, 1, 0]], np.int16),
        "class_ids": np.array([1, 0]),
        "sets": np.array(PAIRS),
    }
    (figure,) = background_sheet(made, pd.DataFrame({"class_id": [0, 1], "name": ["scab", "black rot"]}))
    texts = [text.get_text().replace("\n", " ") for text in figure.axes[0].texts]
    assert "Object, background of another class" in texts and texts.count("✗ black rot") == 3
    legible(figure)


def test_words_follow_the_numbers() -> None:
    text = object_or_background(table(1))
    assert "| Object on black | 85.0 % [75.0, 95.0] | −10.0 [−20.0, 0.0] | 80.0 % [75.0, 85.0] |" in text
    assert "45.0 % [35.0, 55.0] of 36 are right; always answering the commonest class gives 25.0 %" in text
    assert (
        "**The background tells the class.**" in text and "**The answer depends on the background.**" in text
    )
    assert "+20.0 points [+10.0, +30.0] above that with" in text and "40.0 % [30.0, 50.0] are taken" in text
    assert "other seeds" not in text and "75.0 % to" not in text
    several = object_or_background(table(3))
    assert "Accuracy of the other seeds" in several and "| 83.0 % to 84.0 % |" in several


def test_no_more_is_claimed_than_the_intervals_say() -> None:
    rows = table(1, accuracy=0.3, low=0.17, high=0.47)
    rows["gap_low"] = rows["gap_low"].where(rows["gap_low"].isna(), -0.05)
    text = object_or_background(rows)
    assert "**" not in text
    assert "which the interval does not exclude: up to 47.0 % are possible" in text
    assert "No dependence is shown; up to +30.0 points are possible" in text
    rows.loc[rows["behind"] == "other_class", ["gap", "n"]] = np.nan, 0
    assert "above that with" not in object_or_background(rows)
