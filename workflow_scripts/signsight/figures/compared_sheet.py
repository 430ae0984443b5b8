"""The sheet of pictures that some networks recognise and others do not, with the map of each network."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from signsight.core.registry import figures
from signsight.figures.colour import to_rgb
from signsight.figures.examples import KEY_LINE, colour_keys
from signsight.figures.numbers import percent
from signsight.figures.sheet import PIXELS, Block, fit, in_words, sheet
from signsight.figures.style import RIGHT, WRONG, method_style, styled

ROWS = 6  # so many fit a sheet of 1,600 pixels
HEAD = 13  # letters of a line of a network's name
LETTERS = 28  # of the longest name of a class that is written out


@figures.register("compared_sheet", category="Comparison", subcategory="Where they disagree")
@styled
def compared_sheet(disagreements: Mapping[str, np.ndarray]) -> Figure:
    """Pictures that not all networks recognise, two beside each other, each with the maps of all networks.

    disagreements: of `compared.disagreements.save_disagreements`.
    """
    given, count = disagreements, len(disagreements["ids"])
    networks = [str(name) for name in given["networks"]]
    if not count:
        return in_words(
            "On every test image that they have in common, all networks are right or all are wrong."
        )
    across = 2 if len(networks) == 2 else 1
    rows = min(-(-count // across), ROWS)
    columns = 1 + len(networks) + (across > 1)  # an empty one between the two
    cells = np.full((rows * across, columns, PIXELS, PIXELS, 3), 255, np.uint8)
    notes = np.full((rows * across, columns), "", object)
    for i in range(min(count, rows * across)):
        place = (i % rows) * across + i // rows
        cells[place, 0] = fit(given["pictures"][i], PIXELS, PIXELS)
        notes[place, 0] = _short(str(given["truth"][i]))
        for e in range(len(networks)):
            if f"maps_{e}" in given:
                cells[place, 1 + e] = fit(
                    to_rgb(given[f"maps_{e}"][i], bool(given["signed"])), PIXELS, PIXELS
                )
            sign = RIGHT if given["right"][e, i] else WRONG
            sure = percent(float(given["confidence"][e, i])).replace(" ", "\N{NO-BREAK SPACE}")
            notes[place, 1 + e] = f"{sign} {sure} {_short(str(given['predicted'][e, i]))}"
    shape, last = (rows, across * columns), None if across == 1 else -1
    method = str(given["method"])
    names = ["\n".join(textwrap.wrap(name, HEAD)) for name in networks]
    heads = ["Image", *names, *([""] if across > 1 else [])] * across
    maps = f"maps by {method_style(method).label}" if method else "no method in common"
    title = f"Recognised by some networks and not by others; {maps}"
    pictures = cells.reshape(*shape, *cells.shape[2:])[:, :last]
    block = Block(pictures, [""] * rows, heads[:last], title=title, notes=notes.reshape(shape)[:, :last])
    figure = sheet([block], cell=0.95, left=0.2, foot=0.15 + KEY_LINE)
    if method:
        colour_keys(figure, [bool(given["signed"])])
    return figure


def _short(name: str) -> str:
    return name if len(name) <= LETTERS else f"{name[: LETTERS - 1]}…"
