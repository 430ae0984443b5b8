"""Is a network any better than always guessing the largest class? If not, no explanation of it is ranked."""

from __future__ import annotations

import pandas as pd


def beats_guessing(row: pd.Series) -> bool:
    """Whether the share of the largest class lies below the interval of an accuracy.

    row: `low`, the lower end of Wilson's interval, and `chance`, of `accuracy.accuracy_row`. False where
    there are no images.
    """
    return bool(row["low"] > row["chance"])


def no_ranking(clean: pd.DataFrame) -> str:
    """Why the explanations of a network are not ranked, in a sentence; empty where they are.

    clean: its accuracy on the test images, one row of `accuracy.accuracy_row`. Where all test images are of
    one class, guessing it cannot be beaten, and no network is refused for that.
    """
    row = clean.iloc[0]
    if beats_guessing(row) or row["chance"] == 1:
        return ""
    accuracy, low, high, chance = (f"{100 * row[key]:.1f}" for key in ("accuracy", "low", "high", "chance"))
    return (
        "The explanations are not ranked, because the network is not shown to be better than always guessing"
        f" the largest class: {accuracy} % [{low}, {high}] of {row['n']:,.0f} test images are right, and"
        f" guessing gets {chance} %."
    )
