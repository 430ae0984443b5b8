"""A detector in `summary.md`: how well it finds objects, and which explanation of its boxes to trust."""

from __future__ import annotations

import pandas as pd

from signsight.figures.numbers import count, markdown, percent, within
from signsight.figures.style import interval_name
from signsight.figures.trust import trust

MOST = 25  # classes in a table


def detected(
    detector: str,
    boxes: pd.DataFrame,
    accuracy: pd.DataFrame | None,
    metrics: pd.DataFrame | None,
    ranking: pd.DataFrame | None,
    confidence: float,
) -> str:
    """What there is to say of a detector and its boxes, as Markdown.

    detector: its name; boxes: those that are explained, of `detect.Found`; accuracy: of
    `accuracy.accuracy_table`, None without truth; metrics, ranking: of `evaluation.metric_table` and
    `evaluation.ranking`, None without.
    """
    rows = [["Detector", f"`{detector}`"]]
    if accuracy is not None:
        mean = accuracy.iloc[-1]
        rows += [
            ["Test pictures with known objects", count(mean["pictures"])],
            ["Objects in them", count(mean["objects"])],
            ["**Mean AP at IoU 0.5**", f"**{_ap50(mean)}**"],
            ["Mean AP at IoU 0.5 to 0.95", percent(mean["ap"])],
        ]
    explained = f"{count(len(boxes))} in {count(boxes['picture'].nunique())} pictures"
    rows.append(["Boxes explained", explained])
    parts = ["## Detection", markdown(["", ""], rows)]
    if accuracy is not None and 2 < len(accuracy) <= MOST + 1:
        body = [[str(row["label"]), count(row["objects"]), _ap50(row)] for _, row in accuracy[:-1].iterrows()]
        parts += [markdown(["Class", "Objects", "AP at IoU 0.5"], body)]
        parts += [f"Brackets hold {interval_name(confidence)} bootstrap intervals over pictures."]
    if metrics is not None and ranking is not None:
        parts.append(trust(metrics, ranking, "boxes"))
    return "\n\n".join(part for part in parts if part)


def _ap50(row: pd.Series) -> str:
    return within(row["ap50"], row["ap50_low"], row["ap50_high"])
