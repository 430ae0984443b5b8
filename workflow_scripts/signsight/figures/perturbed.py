"""Sheets of pictures of the checks: perturbed images by step, maps while the network is randomised."""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from signsight.figures.colour import to_rgb
from signsight.figures.numbers import fixed, percent
from signsight.figures.sheet import Block, sheet
from signsight.figures.style import families, method_label, styled

ACROSS = 12  # methods beside each other
LETTERS = 13  # of a line of a column's name


@styled
def strips(
    pictures: Mapping[str, np.ndarray],
    scores: Mapping[str, np.ndarray],
    steps: Sequence[int],
    titles: Sequence[str],
    score: str = "softmax",
) -> Figure:
    """What the network sees in a perturbation: for each image a column a method, a row a step.

    pictures: method -> (n, k, H, W, 3) uint8, perturbed up to the k `steps`; scores: method -> (n, k)
    float, the explained class's `score` (`softmax` as percent, `logit`), below each picture; titles: n
    texts. Methods stand by family, at most ACROSS beside each other.
    """
    methods = [name for own in families(pictures).values() for name in own]
    heads = [f"{k} regions" if k == steps[0] else str(k) for k in steps]
    lines = np.array_split(methods, -(-len(methods) // ACROSS))  # of even length
    blocks = []
    for place, title in enumerate(titles):
        for line, part in enumerate(lines):
            cells = np.stack([pictures[name][place] for name in part], axis=1)
            notes = [
                [_score(float(scores[name][place][k]), score) for name in part] for k in range(len(steps))
            ]
            names = [_wrap(method_label(str(name))) for name in part]
            blocks.append(Block(cells, heads, names, "" if line else title, np.array(notes)))
    return sheet(blocks, cell=0.95, left=1.0)


def _score(value: float, score: str) -> str:
    return fixed(value, 2) if score == "logit" else percent(value)


@styled
def randomised_maps(
    images: np.ndarray,
    maps: Mapping[str, np.ndarray],
    signed: Collection[str],
    stages: Sequence[str],
    titles: Sequence[str],
    correlation: Mapping[str, np.ndarray] | None = None,
) -> Figure:
    """For each image a row a method: the map of the trained network, then as more layers are random.

    images: (n, H, W, 3) uint8; maps: method -> (n, len(stages), H, W) float32, the trained network's
    first; stages: "trained", then the layer drawn anew last (see `randomisation.cascade_maps`);
    signed: methods whose maps have a sign; correlation: method -> (n, len(stages) - 1) with the first
    map, written below the others where given.
    """
    methods = [name for own in families(maps).values() for name in own]
    heads = [_wrap(text) for text in (stages[0], *(f"to {layer}" for layer in stages[1:]))]
    blocks = []
    for place, title in enumerate(titles):
        first = np.full((len(heads), *images.shape[1:]), 255, np.uint8)
        first[0] = images[place]
        rows = [first, *(to_rgb(maps[name][place], name in signed) for name in methods)]
        notes = np.full((len(rows), len(heads)), "", object)
        for row, name in enumerate(methods, start=1):
            if correlation is not None:
                notes[row, 1:] = [fixed(float(value), 2) for value in correlation[name][place]]
        names = ["Image", *(method_label(name) for name in methods)]
        blocks.append(Block(np.stack(rows), names, heads, title, notes))
    return sheet(blocks, cell=0.85, left=1.75)


def _wrap(text: str) -> str:
    """A column's name in lines that are no wider than a picture; also broken at the dots of a path."""
    parts = textwrap.wrap(text.replace(".", ". "), LETTERS, break_on_hyphens=False)
    return "\n".join(part.replace(". ", ".") for part in parts)
