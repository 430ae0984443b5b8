"""Numbers on optimised pictures: how far they got, whether other networks agree, how natural they are.

All are recomputed from the 8-bit pictures. One row an observation: the `network` whose pictures they are
(`trained`, or `random`, the control with weights drawn anew), the `preset`, the `picture`, its class and
restart, the `quantity` and its value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch

from signsight.evaluation.statistics import bootstrap, wilson
from signsight.features.natural import (
    Natural,
    embedding_layer,
    logits_and_features,
    nearest_distances,
)
from signsight.features.optimise import untouched
from signsight.models.classifier import Classifier

COLUMNS = ("network", "preset", "picture", "class_id", "restart", "quantity", "value")
SHARES = ("above_natural", "transfer")
# Quantity -> its meaning, for the docs.
QUANTITIES = {
    "logit": "logit of the class",
    "softmax": "probability of the class",
    "trained_logit": "of pictures of the control: logit of the class by the trained network",
    "natural_max": "largest logit of the class among its natural test pictures",
    "natural_p99": "99th percentile of those",
    "natural_median": "median of those",
    "above_natural": "1 if the logit is above the largest natural one, else 0",
    "transfer": "share of the other trained networks that name the class",
    "distance": "distance to the nearest natural picture in feature space, by the median of that between "
    "natural pictures",
    "steps_until_sure": "steps until the probability was 0.995",
}


@dataclass(frozen=True)
class Set:
    """Pictures of one network by one recipe.

    index: `image_id`, `class_id`, `against`, `restart`, `steps_until_sure`; images: (N, H, W, 3) uint8.
    """

    network: str
    preset: str
    index: pd.DataFrame
    images: np.ndarray

    def of_classes(self) -> Set:
        """Those that show one class, and nothing else."""
        rows = ((self.index["class_id"] >= 0) & (self.index["against"] < 0)).to_numpy()
        if rows.all():  # images may be a memory map of many
            return self
        return Set(self.network, self.preset, self.index[rows].reset_index(drop=True), self.images[rows])


def outputs(model: Classifier, images: np.ndarray, batch_size: int) -> tuple[np.ndarray, np.ndarray]:
    """Logits (N, C) and features (N, K), float32, of pictures (N, H, W, 3) uint8."""
    layer, logits, features = embedding_layer(model), [], []
    with untouched(model), torch.no_grad():
        for start in range(0, len(images), batch_size):
            out, inner = logits_and_features(model, images[start : start + batch_size], layer)
            logits.append(out.float().cpu().numpy())
            features.append(inner.float().cpu().numpy())
    return np.concatenate(logits), np.concatenate(features)


def set_numbers(
    pictures: Set,
    own: Classifier,
    trained: Classifier,
    others: Sequence[Classifier],
    natural: Natural | None,
    batch_size: int,
) -> pd.DataFrame:
    """The rows of one set.

    own: the network that the pictures are made for; trained: the one whose `natural` pictures and features
    they are held against, where there are any; others: further trained networks.
    """
    rows = np.arange(len(pictures.images))
    ids = pictures.index["class_id"].to_numpy(np.int64)
    logits, features = outputs(own, pictures.images, batch_size)
    judged = logits
    if own is not trained:
        judged, features = outputs(trained, pictures.images, batch_size)
    shares = np.exp(logits - logits.max(1, keepdims=True))
    found: dict[str, np.ndarray] = {
        "logit": logits[rows, ids],
        "softmax": shares[rows, ids] / shares.sum(1),
        "trained_logit": np.where(own is trained, np.nan, judged[rows, ids]),
        "steps_until_sure": pictures.index["steps_until_sure"].replace(-1, np.nan).to_numpy(float),
    }
    if natural is not None:
        found["distance"] = nearest_distances(features, natural.features) / natural.typical_distance
    if own is trained and natural is not None:
        seen = [natural.logits_of(class_id) for class_id in ids]
        found["natural_max"] = np.array([_or_nan(np.max, one) for one in seen])
        found["natural_p99"] = np.array([_or_nan(lambda v: np.percentile(v, 99), one) for one in seen])
        found["natural_median"] = np.array([_or_nan(np.median, one) for one in seen])
        above = found["logit"] > found["natural_max"]
        found["above_natural"] = np.where(np.isnan(found["natural_max"]), np.nan, above)
    judges = [*others] if own is trained else [trained, *others]
    if judges:
        named = [outputs(one, pictures.images, batch_size)[0].argmax(1) == ids for one in judges]
        found["transfer"] = np.mean(named, axis=0)
    told = pictures.index[["image_id", "class_id", "restart"]].rename(columns={"image_id": "picture"})
    tables = [told.assign(quantity=name, value=values) for name, values in found.items()]
    table = pd.concat(tables, ignore_index=True).dropna(subset="value")
    return table.assign(network=pictures.network, preset=pictures.preset)[list(COLUMNS)]


def _or_nan(statistic: object, values: np.ndarray) -> float:
    values = values[np.isfinite(values)]
    return float(statistic(values)) if len(values) else np.nan


def summed_up(numbers: pd.DataFrame, classes: int, confidence: float, seed: int) -> pd.DataFrame:
    """Mean of every quantity over pictures, with its bootstrap interval over classes.

    A share that is 0 or 1 for every class has Wilson's interval.

    Columns: network, preset, quantity, n (classes), value, low, high, chance (of a quantity that has one).
    """
    rows = []
    keys = ["network", "preset", "quantity"]
    for (network, preset, quantity), own in numbers.groupby(keys, sort=False):
        values = own.groupby("class_id")["value"].mean().to_numpy()
        mean, low, high = (float(np.ravel(one)[0]) for one in bootstrap(values[:, None], confidence, seed))
        if quantity in SHARES and mean in (0.0, 1.0):  # no draw of such values differs from another
            low, high = wilson(int(mean) * len(values), len(values), confidence)
        chance = 1 / classes if quantity == "transfer" else np.nan
        rows.append((network, preset, quantity, len(values), mean, low, high, chance))
    columns = [*keys, "n", "value", "low", "high", "chance"]
    return pd.DataFrame(rows, columns=columns)


def number_table(
    sets: Sequence[Set],
    makers: Mapping[str, Classifier],
    others: Sequence[Classifier],
    natural: Natural | None,
    batch_size: int,
) -> pd.DataFrame:
    """The rows of all sets; makers: the networks `trained` and `random`."""
    trained = makers["trained"]
    tables = [
        set_numbers(one.of_classes(), makers[one.network], trained, others, natural, batch_size)
        for one in sets
        if len(one.of_classes().images)
    ]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=list(COLUMNS))
