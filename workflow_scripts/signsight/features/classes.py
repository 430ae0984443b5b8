"""Pictures of classes, and of whatever else a target can be, as an image set with the way to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from signsight.core.files import atomic, write_csv
from signsight.data.imageset import image_writer
from signsight.features.made import Store
from signsight.features.make import Making, make_targets, sure_after
from signsight.features.natural import embedding_layer
from signsight.features.picture_files import write_picture
from signsight.features.wanted import Wish, refuse_missing_units, wanted

KEY = "features.classes.which"
ANIMATED = 12  # pictures whose way is shown


def write_class_pictures(
    making: Making,
    which: str | Sequence[Wish],
    restarts: int,
    diversity: float,
    store: Store,
    folder: Path,
    pictures: Path,
) -> None:
    """Make what is wanted, and write `images.npy`, `index.csv` and `frames.npz` to `folder` and a PNG of each
    picture to the folder `pictures`."""
    model = making.model
    things = wanted(which, model.classes, KEY)
    refuse_missing_units(things, model)
    unlike = _diversity(making, diversity if restarts > 1 else 0)
    rows, ways = [], []
    with image_writer(folder, len(things) * restarts, model.size, model.size) as writer:
        for one, restart, arrays in make_targets(making, things, restarts, store, unlike):
            name = f"{one.name}-{restart}"
            writer.append(arrays["picture"][None])
            alone = one.class_id >= 0 and one.against < 0
            sure = sure_after(model, arrays["frames"], arrays["steps"], one.class_id) if alone else None
            rows.append(
                {
                    "image_id": name,
                    "class_id": one.class_id,
                    "track": "",
                    "source": "",
                    "label": one.label,
                    "against": one.against,
                    "restart": restart,
                    "score": float(arrays["score"]),
                    "active": int(arrays["active"]),
                    "steps_until_sure": -1 if sure is None else sure,
                    "file": write_picture(pictures, name, arrays["picture"]),
                }
            )
            if restart == 0 and len(ways) < ANIMATED:
                ways.append((one.label, arrays))
    write_csv(folder / "index.csv", pd.DataFrame(rows))
    with atomic(folder / "frames.npz") as part, part.open("wb") as file:
        np.savez(
            file,
            frames=np.stack([arrays["frames"] for _, arrays in ways]),
            steps=ways[0][1]["steps"],
            labels=np.array([label for label, _ in ways]),
            active=np.array([bool(arrays["active"]) for _, arrays in ways]),
        )


def _diversity(making: Making, weight: float) -> Mapping[str, Any]:
    layer = embedding_layer(making.model) if weight else None
    return {"weight": weight if layer else 0, "layer": layer, "key": "features.classes.diversity"}
