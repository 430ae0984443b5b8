"""DeepDreams of given pictures by a list of targets, as files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from signsight.core.files import write_csv
from signsight.data.progress import progress
from signsight.features.dream import Octaves, dream
from signsight.features.given import Given
from signsight.features.made import Store
from signsight.features.make import Making
from signsight.features.objectives import Objective, OfTarget, WholeLayer, layer_named
from signsight.features.picture_files import write_picture
from signsight.features.wanted import Wish, bound, refuse_missing_units, slug, wanted
from signsight.models.classifier import Classifier

KEY = "features.dream.targets"


def dreamt(wish: Wish, model: Classifier, score: str) -> tuple[str, str, Objective]:
    """Name, label and objective of what is strengthened. UserError for what the network does not have."""
    if isinstance(wish, Mapping) and set(wish) == {"layer"}:
        layer_named(model, wish["layer"], KEY)
        return slug(wish["layer"]), f"all of {wish['layer']}", WholeLayer(wish["layer"], KEY)
    (one,) = wanted([wish], model.classes, KEY)
    refuse_missing_units([one], model)
    return one.name, one.label, OfTarget(bound([one], score, model.mean.device))


def write_dreams(
    making: Making,
    given: Given,
    sized: Sequence[np.ndarray],
    targets: Sequence[Wish],
    octaves: Mapping[str, Any],
    store: Store,
    folder: Path,
    pictures: Path,
) -> None:
    """Dream every picture of `sized`, (H, W, 3) uint8 each, with every target; `index.csv` to `folder`, PNGs
    of the dreams and of the pictures that they start from to `pictures`."""
    chosen = Octaves(
        octaves["octaves"], octaves["ratio"], octaves["jitter"], octaves["tile"] or making.model.size
    )
    wishes = [dreamt(wish, making.model, making.recipe.score) for wish in targets]
    keys = [f"{name}/{what}" for name in given.names for what, _, _ in wishes]
    store.keep_only(keys)
    rows = []
    with progress("DeepDream", len(keys), "dreams") as step:
        for name, picture in zip(given.names, sized, strict=True):
            start = write_picture(pictures, name, picture)
            for what, label, objective in wishes:
                found = store.get(f"{name}/{what}")
                if found is None:
                    made = dream(
                        making.model,
                        picture,
                        objective,
                        making.recipe,
                        chosen,
                        making.seed,
                        f"{name}/{what}",
                        batch_size=making.batch_size,
                    )
                    found = {"picture": made.picture, "before": made.score_before, "after": made.score_after}
                    store.put(f"{name}/{what}", {key: np.asarray(value) for key, value in found.items()})
                file = write_picture(pictures, f"{name}-{what}", found["picture"])
                told = {"picture": name, "target": label, "start": start, "file": file}
                scores = {"score_before": float(found["before"]), "score_after": float(found["after"])}
                rows.append(told | {"height": picture.shape[0], "width": picture.shape[1]} | scores)
                step(1)
    write_csv(folder / "index.csv", pd.DataFrame(rows))
