"""Columns of a gallery as the files that its jobs read."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from signsight.figures.gallery import Column, Source


def stored(folder: Path, columns: list[Column]) -> list[Source]:
    """The columns as files."""
    sources = []
    for place, one in enumerate(columns):
        parts = {"refused": np.array(one.refused)} if one.maps is None else {"maps": one.maps}
        parts |= {} if one.colours is None else {"colours": one.colours}
        np.savez(folder / f"{place}.npz", **parts)
        sources.append(Source(folder / f"{place}.npz", one.method, one.signed, one.label))
    return sources
