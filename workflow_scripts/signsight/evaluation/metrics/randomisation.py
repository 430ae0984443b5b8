"""Parameter randomisation: does a map change when the network's weights are drawn anew?

The sanity check of Adebayo et al. 2018. Layers of the classifier (see attribution/randomise.py) are
drawn anew from the output to the input: in the "cascading" curves all layers up to one, in the
"independent" ones only that one. After each the method explains the same classes again, and its
maps are compared with those of the trained network: by Spearman's rank correlation, and by SSIM
after each map was divided by its highest absolute value. A method that does not depend on what was
learned stays at 1.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import numpy as np

from signsight.attribution.randomise import Layer, cascade, one_by_one, weight_layers
from signsight.core.parameters import Limits
from signsight.core.registry import metrics
from signsight.core.rng import generator
from signsight.data.progress import pieces
from signsight.evaluation.metrics.block import Block, Result
from signsight.evaluation.similarity import likeness
from signsight.models.classifier import Classifier

WALKS = {"cascading": cascade, "independent": one_by_one}


@metrics.register(
    "randomisation",
    label="Randomisation",
    needs="method",
    source="Adebayo et al. 2018, arXiv:1810.03292",
    x="layers drawn anew, from the output on",
    quantities={
        "randomisation_rank": {
            "direction": "lower", "low": -1, "high": 1, "chance": 0,
            "label": "rank correlation, all weights random",
            "means": "rank correlation with the map after all weights of the network were drawn anew",
        },
        "randomisation_ssim": {
            "direction": "lower", "low": -1, "high": 1, "chance": None,
            "label": "SSIM, all weights random",
            "means": "structural similarity to the map after all weights of the network were drawn anew",
        },
    },
    curves={
        "cascading": {"label": "Rank correlation"},
        "cascading_ssim": {"label": "SSIM"},
        "independent": {"label": "Rank correlation"},
        "independent_ssim": {"label": "SSIM"},
    },
)  # fmt: skip
def randomisation(
    block: Block,
    absolute: Annotated[bool, "Compare the absolute values of the maps, not the signed ones."] = True,
    layers: Annotated[
        int | None,
        Limits(2, 10_000),
        "Maximum number of layers at which the curves are read; null reads all.",
    ] = None,
    draws: Annotated[
        int,
        Limits(1, 100),
        "Draws of new weights that are averaged; one draw can move a correlation by 0.1 and more,"
        " which the interval over images does not show.",
    ] = 1,
) -> Result:
    """Likeness of maps before and after layers were drawn anew, for every layer from the last on.

    absolute: compare absolute values (the paper's ABS variant), else signed ones. layers: the maximum
    number of layers at which the curves are read, evenly chosen, the first and the last of the network always
    among them; the cascade passes through all of them nevertheless. None reads all.
    Curves cascading, independent (rank correlation) and cascading_ssim, independent_ssim; x counts
    the layers from the output, labels are their names. The values are the end of the cascade.
    NaN where one of the two maps is constant or not finite.
    Cost: the method runs 2 x layers x draws times on the block's images.
    """
    chosen = chosen_stages(len(found := weight_layers(block.model)), layers)
    curves: dict[str, np.ndarray] = {}
    walks = ((walk, draw) for walk in WALKS for draw in range(draws))
    pairs: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {walk: [] for walk in WALKS}
    for walk, draw in pieces(walks, len(WALKS) * draws):
        made = stages(block, walk, found, chosen, draw)
        pairs[walk] += [likeness(block.maps, maps, absolute) for maps in pieces(made, len(chosen))]
    for walk in WALKS:
        for name, points in zip((walk, f"{walk}_ssim"), zip(*pairs[walk], strict=True), strict=True):
            by_draw = np.stack(points, axis=1).reshape(len(block.ids), draws, len(chosen))
            curves[name] = by_draw.mean(1).astype(np.float32)
    values = {
        "randomisation_rank": curves["cascading"][:, -1].astype(np.float64),
        "randomisation_ssim": curves["cascading_ssim"][:, -1].astype(np.float64),
    }
    names = [layer.name for layer in reversed(found)]
    return Result(values, curves, chosen + 1.0, [names[stage] for stage in chosen])


def cascade_maps(block: Block, layers: int | None = None) -> tuple[np.ndarray, list[str]]:
    """Maps along the cascade, for a figure: (n, stages + 1, H, W) float32, and the stages' names.

    The first are the block's own maps, called "trained"; then as the points of `randomisation`.
    """
    chosen = chosen_stages(len(found := weight_layers(block.model)), layers)
    names = [layer.name for layer in reversed(found)]
    maps = [block.maps, *stages(block, "cascading", found, chosen)]
    return np.stack(maps, axis=1), ["trained", *(names[stage] for stage in chosen)]


def chosen_stages(count: int, most: int | None) -> np.ndarray:
    """Which of `count` stages, 0 the output layer, are read: (K,) int64, the last of them always."""
    if most is None or most >= count:
        return np.arange(count)
    return np.linspace(count - 1, 0, most).round().astype(np.int64)[::-1]


def stages(
    block: Block, walk: str, layers: list[Layer], chosen: np.ndarray, draw: int = 0
) -> Iterator[np.ndarray]:
    """The block's maps, (n, H, W), at the chosen stages of a walk of WALKS, by a number of draw of weights.

    The method's own draws are those of the block's maps, so that only the weights differ.
    """
    wanted = set(chosen.tolist())
    seed = block.seed if draw == 0 else int(generator(block.seed, "weights", draw).integers(2**31))
    models: Iterator[Classifier] = WALKS[walk](block.model, layers, seed)
    for stage, model in enumerate(models):
        if stage in wanted:
            yield block.explain(model, block.images, block.ids, block.seed)
