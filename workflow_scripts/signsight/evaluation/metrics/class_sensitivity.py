"""Class sensitivity: is the map for one class another one than the map for the class that comes second?

A map that is equal for all classes explains none of them: it shows what there is to see in the image, as an
edge detector does. Maps are compared as they are, signed, by Spearman's rank correlation.
"""

from __future__ import annotations

from signsight.core.registry import metrics
from signsight.evaluation.metrics.block import Block, Result
from signsight.evaluation.similarity import rank_correlation


@metrics.register(
    "class_sensitivity",
    label="Class sensitivity",
    needs="method",
    rival=True,
    source="after Nie et al. 2018, arXiv:1805.07039; Sixt et al. 2020, arXiv:1912.09818",
    x="",
    quantities={
        "class_correlation": {
            "direction": "lower", "low": -1, "high": 1, "chance": None,
            "label": "rank correlation, another class",
            "means": "rank correlation with the map of the same image for the class that comes second",
        },
    },
)  # fmt: skip
def class_sensitivity(block: Block) -> Result:
    """Rank correlation of each map with that for the highest other class; 1: the class makes no difference.

    Of a target that compares two classes, with that which compares them the other way round. The method runs
    with the block's seed, so that its own draws make no difference. A control, which looks at no class, has
    1. NaN where a map is constant. Cost: the method runs once more.
    """
    other = block.explain_rival(block.model, block.images, block.ids, block.seed)
    return Result({"class_correlation": rank_correlation(block.maps, other)})
