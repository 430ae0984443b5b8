"""Numbers on optimised pictures, against values worked out by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.spatial.distance import cdist

from signsight.features.natural import (
    Natural,
    class_means,
    embedding_layer,
    examples_of,
    logits_and_features,
    natural,
    nearest_distances,
)
from signsight.features.numbers import COLUMNS, Set, number_table, outputs, summed_up
from signsight.models.classifier import to_pixels
from small_models import gap, image_set, linear, pictures

IDS = np.array([0, 0, 1, 1, 2, 2, 3, 4])


def made(class_ids: list[int], images: np.ndarray, network: str = "trained", preset: str = "fourier") -> Set:
    """Pictures of classes as their index has them."""
    index = pd.DataFrame(
        {
            "image_id": [f"{c:03d}-{n}" for n, c in enumerate(class_ids)],
            "class_id": class_ids,
            "against": -1,
            "restart": 0,
            "steps_until_sure": -1,
        }
    )
    return Set(network, preset, index, images)


def value(table: pd.DataFrame, quantity: str, row: int = 0) -> float:
    """The value of a quantity for a picture."""
    return float(table[table["quantity"] == quantity]["value"].iloc[row])


def test_nearest_distances_are_scipy_s() -> None:
    rng = np.random.default_rng(0)
    own, others = rng.normal(size=(300, 7)), rng.normal(size=(50, 7))
    np.testing.assert_allclose(nearest_distances(own, others), cdist(own, others).min(1), atol=1e-9)
    apart = cdist(own, own) + np.diag(np.full(300, np.inf))
    np.testing.assert_allclose(nearest_distances(own, own, same=True), apart.min(1), atol=1e-9)


def test_features_are_the_means_of_the_target_layer(tmp_path: Path) -> None:
    model = gap()
    images = pictures(3, 16)
    assert embedding_layer(model) == "features"
    with torch.no_grad():
        logits, features = logits_and_features(model, images, "features")
        expected = model.network.features(model.normalise(to_pixels(images))).mean((2, 3))
        torch.testing.assert_close(features, expected)
        torch.testing.assert_close(logits, model(to_pixels(images)))


def test_a_network_without_maps_is_judged_by_its_logits() -> None:
    model = linear()
    assert embedding_layer(model) is None
    logits, features = outputs(model, pictures(3, 12), 2)
    np.testing.assert_array_equal(logits, features)


def test_reached_and_natural_logits_by_hand(tmp_path: Path) -> None:
    model, images = gap(), pictures(8, 16, seed=1)
    seen = natural(model, image_set(tmp_path, images, IDS), 3, 0)
    logits = outputs(model, images, 8)[0]
    np.testing.assert_allclose(seen.logits, logits[np.arange(8), IDS], atol=1e-6)
    optimised = pictures(2, 16, seed=2)
    table = number_table([made([1, 4], optimised)], {"trained": model}, [], seen, 8)
    own = outputs(model, optimised, 8)[0]
    assert value(table, "logit") == pytest.approx(own[0, 1], abs=1e-6)
    assert value(table, "natural_max") == pytest.approx(logits[2:4, 1].max(), abs=1e-6)
    assert value(table, "natural_median") == pytest.approx(logits[2:4, 1].mean(), abs=1e-6)
    assert value(table, "natural_p99", 1) == pytest.approx(logits[7, 4], abs=1e-6)
    shares = torch.tensor(own).softmax(1).numpy()
    assert value(table, "softmax", 1) == pytest.approx(shares[1, 4], abs=1e-6)
    above = own[0, 1] > logits[2:4, 1].max()
    assert value(table, "above_natural") == above
    assert list(table) == list(COLUMNS) and "transfer" not in set(table["quantity"])


def test_transfer_is_the_share_of_other_networks_that_name_the_class() -> None:
    model, optimised = gap(), pictures(4, 16)
    others = [gap(seed=seed) for seed in (1, 2, 3)]
    named = np.array([outputs(one, optimised, 8)[0].argmax(1) for one in others])
    ids = named[0].tolist()
    table = number_table([made(ids, optimised)], {"trained": model}, others, None, 8)
    expected = (named == np.array(ids)).mean(0)
    found = table[table["quantity"] == "transfer"]["value"].to_numpy()
    np.testing.assert_allclose(found, expected)
    assert found.min() >= 1 / 3  # the first network names them all


def test_pictures_of_the_control_are_judged_by_the_trained_network() -> None:
    model, control, optimised = gap(), gap(seed=5), pictures(3, 16)
    ids = outputs(model, optimised, 8)[0].argmax(1).tolist()
    makers = {"trained": model, "random": control}
    table = number_table([made(ids, optimised, "random")], makers, [], None, 8)
    assert table[table["quantity"] == "transfer"]["value"].tolist() == [1, 1, 1]
    assert value(table, "logit") == pytest.approx(outputs(control, optimised, 8)[0][0, ids[0]], abs=1e-6)


def test_a_natural_picture_has_no_distance_and_a_typical_one_has_one(tmp_path: Path) -> None:
    model, images = gap(), pictures(8, 16, seed=1)
    seen = natural(model, image_set(tmp_path, images, IDS), 3, 0)
    table = number_table([made([0], images[:1])], {"trained": model}, [], seen, 8)
    assert value(table, "distance") == pytest.approx(0, abs=1e-3)
    square = Natural(IDS[:4], np.zeros(4), np.array([[0, 0], [0, 3], [3, 3], [3, 0]], float), np.arange(4))
    assert square.typical_distance == pytest.approx(3)


def test_means_are_over_classes_and_chance_is_one_of_them() -> None:
    rows = [("trained", "fourier", "p", c, r, "transfer", v) for c, r, v in
            [(0, 0, 1.0), (0, 1, 0.0), (1, 0, 1.0), (2, 0, 1.0)]]  # fmt: skip
    table = summed_up(pd.DataFrame(rows, columns=list(COLUMNS)), 43, 0.95, 0)
    row = table.iloc[0]
    assert row["n"] == 3 and row["value"] == pytest.approx((0.5 + 1 + 1) / 3)
    assert row["chance"] == pytest.approx(1 / 43) and row["low"] <= row["value"] <= row["high"]


def test_a_share_of_all_or_none_has_an_interval_too() -> None:
    rows = [("trained", "a", "p", c, 0, "transfer", 0.0) for c in range(10)]
    rows += [("trained", "a", "p", c, 0, "above_natural", 1.0) for c in range(10)]
    table = summed_up(pd.DataFrame(rows, columns=list(COLUMNS)), 43, 0.95, 0).set_index("quantity")
    none = table.loc["transfer"]
    assert none["low"] == pytest.approx(0, abs=1e-12) and none["high"] == pytest.approx(0.2775, abs=1e-3)
    assert table.loc["above_natural", "low"] == pytest.approx(0.7225, abs=1e-3)  # Wilson 1927, 10 of 10


def test_pictures_of_no_class_have_no_numbers() -> None:
    pair = made([1], pictures(1, 16))
    pair.index["against"] = 2
    assert number_table([pair], {"trained": gap()}, [], None, 4).empty


def test_class_means_by_hand() -> None:
    images = np.stack([np.full((4, 4, 3), level, np.uint8) for level in (0, 100, 255)])
    means = class_means([images[:2], images[2:]], np.array([1, 1, 0]), 3)
    np.testing.assert_allclose(means[:, 0, 0, 0], [1, 50 / 255, 0.5], atol=1e-6)


def test_examples_are_spread_over_a_class() -> None:
    ids = np.array([0, 1] * 10)
    assert examples_of(ids, 1, 3).tolist() == [1, 9, 19] or examples_of(ids, 1, 3).tolist() == [1, 11, 19]
    assert examples_of(ids, 0, 99).tolist() == list(range(0, 20, 2))
    assert examples_of(ids, 7, 3).tolist() == []
