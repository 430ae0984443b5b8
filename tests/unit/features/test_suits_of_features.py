"""Layers, units and classes that a network does not have are told before its training."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from signsight.attribution.suits import noise, untrained
from signsight.core.errors import UserError
from signsight.features.suits import refuse_missing
from signsight.models.classifier import Classifier


@pytest.fixture(scope="module")
def model() -> Classifier:
    return untrained("compact", {"width": 2}, ["a", "b", "c"], 16, 3)


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("features.classes.which", [3], "names class 3"),
        ("features.classes.which", ["d"], "names the class 'd'"),
        (
            "features.classes.which",
            [{"layer": "features.lats", "channel": 0}],
            "did you mean 'features.last'",
        ),
        ("features.filters.layers", {"features.lats": 2}, "did you mean 'features.last'"),
        (
            "features.filters.layers",
            {"features.last": [0, 16]},
            "unit 16 of layer 'features.last': it has 16",
        ),
        ("features.activations.layers", {"nope": 1}, "names the layer 'nope'"),
        (
            "features.activations.layers",
            {"features.first": [2]},
            "unit 2 of layer 'features.first': it has 2",
        ),
        ("features.inversion.layers", ["features.first", "nope"], "names the layer 'nope'"),
        ("features.dream.targets", [{"layer": "nope"}], "names the layer 'nope'"),
        ("features.dream.targets", [7], "names class 7"),
        ("gallery.layers", ["nope"], "names the layer 'nope'"),
    ],
)
def test_what_is_not_there(model: Classifier, key: str, value: Any, words: str) -> None:
    with pytest.raises(UserError, match=words) as caught:
        refuse_missing(model, {key: value}, noise(model))
    assert f"'{key}'" in str(caught.value)


def test_what_is_there(model: Classifier) -> None:
    asked = {
        "features.classes.which": [
            0,
            "c",
            {"class": 0, "against": 1},
            {"layer": "features.last", "channel": 3},
        ],
        "features.filters.layers": {"features.last": 2, "features.first": [0, 1]},
        "features.activations.layers": {"features.third": 1},
        "features.inversion.layers": "stages",
        "features.dream.targets": [1, {"layer": "features.third"}],
        "gallery.layers": ["features.second"],
    }
    before = [value.clone() for value in model.parameters()]
    refuse_missing(model, asked, noise(model))
    assert all(
        np.array_equal(a.detach(), b.detach()) for a, b in zip(before, model.parameters(), strict=True)
    )
    refuse_missing(model, {"features.classes.which": "all"}, noise(model))
    refuse_missing(model, {}, noise(model))
