"""Path similarity: 1 for the same picture, rank correlation as scipy has it, order of the kinds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import spearmanr

from signsight.features.natural import stage_layers
from signsight.features.numbers import Set
from signsight.features.path import (
    KINDS,
    activations,
    class_similarity,
    rank_correlations,
    similarity_table,
)
from small_models import gap, image_set, linear, pictures


def test_rank_correlations_are_scipy_s() -> None:
    values = np.random.default_rng(0).normal(size=(5, 40)).round(1)  # with ties
    np.testing.assert_allclose(rank_correlations(values), spearmanr(values.T).statistic, atol=1e-12)


def test_a_constant_activation_has_no_order() -> None:
    found = rank_correlations(np.array([[1.0, 1, 1], [1, 2, 3]]))
    assert np.isnan(found[0, 1]) and found[1, 1] > 0.999


def test_activations_are_those_of_the_layers_and_the_logits() -> None:
    model, images = gap(), pictures(2, 16)
    layers = stage_layers(model)
    found = activations(model, images, layers)
    assert [*found] == [*layers, "logits"] and found["logits"].shape == (2, 5)
    assert all(len(values) == 2 for values in found.values())
    assert stage_layers(linear()) == []


def test_a_copy_of_the_natural_picture_is_as_similar_as_can_be() -> None:
    model = gap()
    own = np.repeat(pictures(1, 16), 3, axis=0)
    other = pictures(3, 16, seed=9)
    rows = class_similarity(
        model, {("trained", "a"): own[:1], ("random", "a"): other}, own, other, ["features"]
    )
    told = {(network, layer, kind): value for network, _, layer, kind, value in rows}
    assert told["trained", "features", KINDS[0]] > 1 - 1e-9
    assert told["", "features", KINDS[1]] > 1 - 1e-9
    away = told["", "features", KINDS[2]]
    assert away < 0.9 and told["random", "features", KINDS[0]] == away


def test_the_table_has_every_layer_and_kind(tmp_path: Path) -> None:
    model = gap()
    test = image_set(tmp_path, pictures(9, 16), [0, 0, 0, 1, 1, 1, 2, 2, 2])
    index = pd.DataFrame({"image_id": ["a", "b"], "class_id": [0, 1], "against": -1, "restart": 0})
    sets = [Set("trained", "fourier", index, pictures(2, 16, seed=3))]
    table = similarity_table(model, sets, test, 0.95, 0)
    layers = [*stage_layers(model), "logits"]
    assert set(table["layer"]) == set(layers) and set(table["kind"]) == set(KINDS)
    assert table.drop_duplicates("layer").set_index("layer")["depth"].to_dict() == {
        layer: place for place, layer in enumerate(layers, 1)
    }
    assert (table["n"] == 2).all() and table["value"].between(-1, 1).all()
