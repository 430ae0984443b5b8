"""Headings of sheets: a title, words below it and maybe a warning, wrapped to the sheet's width."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping
from typing import Any

from matplotlib.figure import Figure

from signsight.figures.sheet import LINE, TITLE_LETTER, TITLE_TEXT
from signsight.figures.style import GREY, VERMILLION

LEAST = 4.6  # inches: the width of a page with its heading, at least
WORDS_TEXT, WORDS_LETTER, TITLE_LINE = 8.5, 0.067, 0.2
BOLD_LETTER = 0.078  # inches of a letter of a warning


def headed(figure: Figure, title: str, words: str = "", warning: str = "") -> Figure:
    """A sheet with a title above it and, smaller, more words and a warning, all wrapped to its width.

    The sheet grows upwards, and to the right where it is narrower than LEAST inches.
    """
    axes, (wide, high) = figure.axes[0], figure.get_size_inches()
    wide = max(wide, LEAST)
    lines, small, bold = _lines(wide, title, words, warning)
    room = heading_height(wide, title, words, warning)
    figure.set_size_inches(wide, high + room)
    axes.set_xlim(0, wide)
    axes.set_ylim(high, -room)
    place = {"va": "top", "linespacing": 1.15}
    axes.text(0.1, 0.12 - room, "\n".join(lines), fontsize=TITLE_TEXT, **place)
    below = 0.12 - room + TITLE_LINE * len(lines)
    axes.text(0.1, below, "\n".join(small), fontsize=WORDS_TEXT, color=GREY, **place)
    if bold:
        warned = {"fontsize": WORDS_TEXT, "color": VERMILLION, "fontweight": "bold"}
        axes.text(0.1, below + LINE * len(small), "\n".join(bold), **warned, **place)
    return figure


def heading_height(wide: float, title: str, words: str = "", warning: str = "") -> float:
    """Inches that a heading takes on a sheet of that width."""
    lines, small, bold = _lines(max(wide, LEAST), title, words, warning)
    return 0.12 + TITLE_LINE * len(lines) + LINE * (len(small) + len(bold))


def network_words(network: Mapping[str, Any]) -> str:
    """'resnet18, weights DEFAULT': which network a sheet is of."""
    return f"{network['name']}, {network['weights']}"


def network_warning(network: Mapping[str, Any]) -> str:
    """What must be known of a network that has learned nothing; else nothing."""
    if not network["random"]:
        return ""
    return "The weights are random: this network has learned nothing, and its maps explain nothing."


def _lines(wide: float, title: str, words: str, warning: str) -> tuple[list[str], list[str], list[str]]:
    told = ((title, TITLE_LETTER), (words, WORDS_LETTER), (warning, BOLD_LETTER))
    title_lines, small, bold = (broken(text, (wide - 0.3) / letter) for text, letter in told)
    return title_lines, small, bold


class _Wrapper(textwrap.TextWrapper):
    """Breaks lines at spaces, and names of layers behind their dots."""

    wordsep_simple_re = re.compile(r"(\s+|(?<=\.)(?=[^\W\d_]))")


def broken(text: str, letters: float) -> list[str]:
    """Text in lines of so many letters, at least 8; names of layers are broken behind their dots."""
    return _Wrapper(max(int(letters), 8), break_on_hyphens=False).wrap(text)
