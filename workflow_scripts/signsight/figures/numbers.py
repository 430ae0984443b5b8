"""Numbers as the figures and the summary write them."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

MINUS = "−"
NONE = "–"


def count(value: float) -> str:
    """12630 -> '12,630'."""
    return f"{int(value):,}"


def span(values: Iterable[float]) -> str:
    """'12,630', or '10,206 to 12,630' when the numbers differ."""
    low, high = min(values), max(values)
    return count(low) if low == high else f"{count(low)} to {count(high)}"


def percent(share: float, decimals: int = 1) -> str:
    """0.9769 -> '97.7 %'; a missing value -> '–'."""
    return NONE if np.isnan(share) else f"{100 * share:.{decimals}f} %"


def within(share: float, low: float, high: float, decimals: int = 1) -> str:
    """'97.7 % [97.4, 97.9]': a share with its interval, both in percent."""
    if np.isnan(low) or np.isnan(high):
        return percent(share, decimals)
    return f"{percent(share, decimals)} [{100 * low:.{decimals}f}, {100 * high:.{decimals}f}]"


def points(difference: float, decimals: int = 1) -> str:
    """0.031 -> '+3.1', -0.412 -> '−41.2': a difference of shares in percentage points."""
    return NONE if np.isnan(difference) else signed(100 * difference, decimals)


def lost(difference: float) -> str:
    """−0.412 -> '41.2': the points that a difference of shares takes away; a gain keeps a minus."""
    text = f"{abs(100 * difference):.1f}"
    return MINUS + text if difference > 0 and float(text) else text


def points_within(value: float, low: float, high: float) -> str:
    """'+1.9 [+0.8, +3.1]': a difference of shares with its interval, in percentage points."""
    return points(value) if np.isnan(low) else f"{points(value)} [{points(low)}, {points(high)}]"


def signed(value: float, decimals: int) -> str:
    """A number with its sign, the true minus for negative ones; what rounds to zero has none."""
    text = f"{abs(value):.{decimals}f}"
    if float(text) == 0:
        return text
    return ("+" if value > 0 else MINUS) + text


def fixed(value: float, decimals: int = 3) -> str:
    """0.0835 -> '0.084', with the true minus; '–' for a missing value."""
    return NONE if np.isnan(value) else f"{value:.{decimals}f}".replace("-", MINUS)


def markdown(header: list[str], rows: list[list[str]], right: bool = True) -> str:
    """A Markdown table; with `right` all columns but the first are set to the right.

    A bar or a line break within a text does not end its cell.
    """
    rule = "---:" if right else "---"
    lines = [header, ["---"] + [rule] * (len(header) - 1), *rows]
    lines = [[" ".join(cell.split()).replace("|", r"\|") for cell in cells] for cells in lines]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def subsets_shown(table: pd.DataFrame, published: pd.DataFrame | None = None) -> list[str]:
    """Which of the masking table's subsets say something: "all", and "common" where it is another.

    It is the same where every method has a map for every image. Then it is left out, unless there are
    published numbers to stand beside.
    """
    if not (table["subset"] == "common").any():
        return ["all"]
    every, common = (table.loc[table["subset"] == subset, "n"] for subset in ("all", "common"))
    same = set(every) == set(common) and published is None
    return ["all"] if same else ["all", "common"]
