"""What a config asks pictures of: classes by number or name, and other targets."""

from __future__ import annotations

import pytest
import torch

from signsight.attribution.target import Classes
from signsight.attribution.unit_target import Unit
from signsight.core.errors import UserError
from signsight.features.wanted import bound, slug, wanted

NAMES = ["stop", "yield", "priority road", "no entry"]
KEY = "features.classes.which"


def test_all_classes_or_some_by_number_and_name() -> None:
    assert [one.class_id for one in wanted("all", NAMES, KEY)] == [0, 1, 2, 3]
    found = wanted([2, "stop"], NAMES, KEY)
    assert [(one.name, one.label, one.class_id) for one in found] == [
        ("002", "priority road", 2),
        ("000", "stop", 0),
    ]


def test_a_class_against_another_and_units() -> None:
    against, channel, neuron, direction = wanted(
        [
            {"class": "stop", "against": 3},
            {"layer": "features.8", "channel": 3},
            {"layer": "features.8", "channel": 3, "at": [1, 2]},
            {"layer": "features.8", "direction": [1, 0.5]},
        ],
        NAMES,
        KEY,
    )
    assert (against.class_id, against.against, against.label) == (0, 3, "stop against no entry")
    assert channel.label == "channel 3 of features.8" and channel.name == slug(channel.label)
    assert len({one.name for one in (against, channel, neuron, direction)}) == 4
    assert all("/" not in one.name and " " not in one.name for one in (channel, neuron, direction))
    other = wanted([{"layer": "features.8", "direction": [1, 0.25]}], NAMES, KEY)[0]
    assert other.name != direction.name


@pytest.mark.parametrize(
    ("which", "words"),
    [
        ([4], "class 4, but the model has 4 classes"),
        (["stopp"], "did you mean 'stop'"),
        ([0, "stop"], "twice"),
        ([{"class": 1, "against": "yield"}], "with itself"),
    ],
)
def test_a_class_that_is_not_there_is_refused_in_a_sentence(which: list[object], words: str) -> None:
    with pytest.raises(UserError, match=words) as fault:
        wanted(which, NAMES, KEY)
    assert KEY in str(fault.value)


def test_things_of_one_kind_are_bound_together() -> None:
    device = torch.device("cpu")
    plain = bound(wanted([3, 1], NAMES, KEY), "softmax", device)
    assert isinstance(plain, Classes) and plain.classes.tolist() == [3, 1] and plain.against is None
    assert plain.score == "softmax"
    pair = bound(wanted([{"class": 0, "against": 2}], NAMES, KEY), "logit", device)
    assert pair.classes.tolist() == [0] and pair.against.tolist() == [2]
    unit = wanted([{"layer": "a", "channel": 1}], NAMES, KEY) * 3
    assert isinstance(bound(unit, "logit", device), Unit) and len(bound(unit, "logit", device)) == 3
    kinds = {one.kind for one in wanted([0, 1, {"class": 0, "against": 2}], NAMES, KEY)}
    assert len(kinds) == 2
