"""Sheets of pictures of the checks: perturbed images by step, maps while the network is randomised."""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from signsight.core.registry import figures
from signsight.data.imageset import ImageSet
from signsight.figures.choice import class_names
from signsight.figures.colour import to_rgb
from signsight.figures.numbers import fixed, percent
from signsight.figures.pages import METHODS, pages
from signsight.figures.sheet import Block, sheets
from signsight.figures.style import families, method_label, styled

BELOW = {"softmax": "probability", "logit": "logit", "correct": "share of right predictions"}
LETTERS = 13  # of a line of a column's name


@figures.register(
    "perturbed",
    category="Faithfulness",
    subcategory="Perturbed images",
    pages=True,
    when={"metrics": ("region_perturbation",)},
)
def perturbed(
    perturbed: Mapping[str, np.ndarray],
    classes: pd.DataFrame,
    *,
    methods: Sequence[str],
    metric_scores: Mapping[str, str],
) -> list[Figure]:
    """What the network sees in a region perturbation by every method.

    perturbed: `pictures` (methods, n, k, H, W, 3), `scores` (methods, n, k), `steps` (k,), `class_ids` (n,).
    """
    pictures, scores = (dict(zip(methods, perturbed[key], strict=True)) for key in ("pictures", "scores"))
    titles = class_names(classes, perturbed["class_ids"])
    return strips(pictures, scores, perturbed["steps"].tolist(), titles, metric_scores["region_perturbation"])


@styled
def strips(
    pictures: Mapping[str, np.ndarray],
    scores: Mapping[str, np.ndarray],
    steps: Sequence[int],
    titles: Sequence[str],
    score: str,
) -> list[Figure]:
    """What the network sees in a perturbation: for each image a column a method, a row a step.

    pictures: method -> (n, k, H, W, 3) uint8, perturbed up to the k `steps`; scores: method -> (n, k)
    float, the explained class's `score` (`softmax` as percent, `logit`), below each picture; titles: n
    texts. Methods stand by family, at most METHODS beside each other. Titles say what the numbers are.
    """
    methods = [name for own in families(pictures).values() for name in own]
    heads = [f"{k} regions\nreplaced" if k == steps[0] else str(k) for k in steps]
    blocks = []
    for place, title in enumerate(titles):
        words = f"{title}  (below each picture: the {BELOW[score]} of this class)"
        for part in (methods[part] for part in pages(len(methods), METHODS)):
            cells = np.stack([pictures[name][place] for name in part], axis=1)
            notes = [
                [_score(float(scores[name][place][k]), score) for name in part] for k in range(len(steps))
            ]
            names = [_wrap(method_label(str(name))) for name in part]
            blocks.append(Block(cells, heads, names, words, np.array(notes)))
    return sheets(blocks, cell=0.95, left=1.0)


def _score(value: float, score: str) -> str:
    return fixed(value, 2) if score == "logit" else percent(value)


@figures.register(
    "randomised_maps",
    category="Sanity",
    subcategory="Maps of randomised networks",
    pages=True,
    when={"metrics": ("randomisation",)},
)
def randomised_maps(
    images: ImageSet,
    cascades: Mapping[str, Mapping[str, np.ndarray]],
    classes: pd.DataFrame,
    *,
    signed: Collection[str],
) -> list[Figure]:
    """Maps of a few images while the network is drawn anew.

    cascades: method -> `maps` (n, k, H, W), `correlation` (n, k - 1), `stages` (k,) and the `rows` (n,) of
    the images, which are the same for all methods.
    """
    first = next(iter(cascades.values()))
    rows, stages = first["rows"], first["stages"].tolist()
    maps, alike = ({m: found[key] for m, found in cascades.items()} for key in ("maps", "correlation"))
    titles = class_names(classes, images.class_ids[rows])
    return cascade_sheet(images.take(rows), maps, signed, stages, titles, alike)


@styled
def cascade_sheet(
    images: np.ndarray,
    maps: Mapping[str, np.ndarray],
    signed: Collection[str],
    stages: Sequence[str],
    titles: Sequence[str],
    correlation: Mapping[str, np.ndarray],
) -> list[Figure]:
    """For each image a row a method: the map of the trained network, then as more layers are random.

    images: (n, H, W, 3) uint8; maps: method -> (n, len(stages), H, W) float32, the trained network's
    first; stages: "trained", then the layer drawn anew last (see `randomisation.cascade_maps`);
    signed: methods whose maps have a sign; correlation: method -> (n, len(stages) - 1) with the first
    map, written below the others.
    """
    methods = [name for own in families(maps).values() for name in own]
    heads = [_wrap(text) for text in (stages[0], *(f"to {layer}" for layer in stages[1:]))]
    blocks = []
    for place, title in enumerate(titles):
        first = np.full((len(heads), *images.shape[1:]), 255, np.uint8)
        first[0] = images[place]
        for part in (methods[part] for part in pages(len(methods), METHODS)):
            rows = [first, *(to_rgb(maps[name][place], name in signed) for name in part)]
            notes = np.full((len(rows), len(heads)), "", object)
            for row, name in enumerate(part, start=1):
                notes[row, 1:] = [fixed(float(value), 2) for value in correlation[name][place]]
            names = ["Image", *(method_label(name) for name in part)]
            blocks.append(Block(np.stack(rows), names, heads, title, notes))
    return sheets(blocks, cell=0.75, left=1.75)


def _wrap(text: str) -> str:
    """A column's name in lines that are no wider than a picture; also broken at the dots of a path."""
    parts = textwrap.wrap(text.replace(".", ". "), LETTERS, break_on_hyphens=False)
    return "\n".join(part.replace(". ", ".") for part in parts)
