"""The user's own photographs: what the classifier sees in them, and where."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from signsight.attribution.run import Settings, explain_batch, frozen
from signsight.core.files import write_csv
from signsight.data.fit import Mode
from signsight.data.photographs import fitted_photographs, list_photographs
from signsight.models.classifier import Classifier, forward_batches


def explain_photographs(
    model: Classifier,
    source: Path,
    settings: Settings,
    device: torch.device,
    folder: Path,
    fit: Mode = "stretch",
) -> None:
    """Write `images.npy` (N, size, size, 3) uint8, `maps.npy` (N, size, size) float32, `predictions.csv`.

    fit: how a photograph becomes the classifier's square (`data.fit`). Columns of the table: file, class_id,
    class_name, predicted_id, predicted_name, probability; class_id is -1 where it is not known.
    """
    listed = list_photographs(source, len(model.classes))
    images = fitted_photographs(listed, source, model.size, fit)
    shares = torch.cat(list(forward_batches(model, [images], device))).softmax(1).numpy()
    with frozen(model):
        maps = explain_batch(
            model, images, listed["class_id"].to_numpy(), listed["file"].tolist(), settings, device
        )
    names = np.array(model.classes)
    predicted = shares.argmax(1)
    known = listed["class_id"] >= 0
    table = listed.assign(
        class_name=np.where(known, names[listed["class_id"].clip(lower=0)], ""),
        predicted_id=predicted,
        predicted_name=names[predicted],
        probability=shares.max(1),
    )
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "images.npy", images)
    np.save(folder / "maps.npy", maps)
    write_csv(folder / "predictions.csv", table)
