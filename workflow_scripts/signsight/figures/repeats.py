"""How figures and the summary name a method that stands for others with the same maps."""

from __future__ import annotations

from collections.abc import Collection

import pandas as pd

from signsight.evaluation.identical import repeats
from signsight.figures.style import method_label


def labels_once(names: Collection[str], identical_maps: pd.DataFrame) -> dict[str, list[str]]:
    """Method -> its label and those of the methods that repeat it; repeats have no entry of their own.

    names: methods in the order in which they are shown; identical_maps: of `evaluation.identical`.
    """
    left_out = repeats(identical_maps, names)
    first = dict(zip(identical_maps["method"], identical_maps["same_as"], strict=True))
    shown = {name: [method_label(name)] for name in names if name not in left_out}
    stands = {first.get(name, name): name for name in shown}
    for name in names:
        if name in left_out:
            shown[stands[first.get(name, name)]].append(method_label(name))
    return shown
