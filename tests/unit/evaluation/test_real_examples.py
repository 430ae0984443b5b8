"""Photographs beside clean images: the mix of classes, what is left out, and intervals of objects."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from signsight.evaluation.real_examples import (
    ENOUGH,
    NEW,
    TRAINED,
    UNKNOWN,
    CleanImages,
    expected,
    known,
    real_table,
)
from signsight.evaluation.statistics import (
    clustered_interval,
    clustered_wilson,
    independent_difference,
    linear_interval,
    mean_interval,
    wilson,
)


def clean(
    classes: list[int], correct: list[bool], left_out: set[str] = frozenset(), side: int = 30
) -> CleanImages:
    n = len(classes)
    index = pd.DataFrame({"class_id": classes, "source": [f"{place}.ppm" for place in range(n)]})
    index = index.assign(roi_x1=0, roi_y1=0, roi_x2=side - 1, roi_y2=side + 9)
    right = np.array(correct, bool)
    return CleanImages(index, right, np.where(right, 0.9, 0.2), left_out)


def pictures(classes: list[int], predicted: list[int], **columns: object) -> pd.DataFrame:
    table = pd.DataFrame({"class_id": classes, "predicted_id": predicted, "side": 30})
    table = table.assign(class_name=[f"class {one}" for one in classes], true_probability=0.5)
    return table.assign(original="", track="", groups="{}").assign(**columns)


def test_difference_of_two_shares_is_newcombes() -> None:
    """56 of 70 against 48 of 80: 0.0524 to 0.3339, Newcombe 1998, method 10, his example (a)."""
    one, other = ((right / n, *wilson(right, n, 0.95)) for right, n in ((56, 70), (48, 80)))
    found = independent_difference(one, other)
    assert found == pytest.approx((0.2, 0.0524, 0.3339), abs=5e-5)


def test_one_estimate_keeps_its_interval() -> None:
    found = linear_interval(np.ones(1), np.array([0.4]), np.array([0.1]), np.array([0.8]))
    assert found == pytest.approx((0.4, 0.1, 0.8))


def test_single_images_are_clusters_of_their_own() -> None:
    rng = np.random.default_rng(1)
    values = rng.random(30)
    assert clustered_interval(values, np.arange(30), 0.9) == pytest.approx(
        tuple(map(float, mean_interval(values, 0.9)))
    )
    correct = rng.random(30) < 0.7
    assert clustered_wilson(correct, np.arange(30), 0.95) == pytest.approx(
        wilson(int(correct.sum()), 30, 0.95), abs=0.01
    )


def test_images_of_one_object_are_worth_one() -> None:
    """Ten objects of nine images each, all of an object alike: as ten images, and nearly their interval."""
    correct, objects = np.repeat([True] * 6 + [False] * 4, 9), np.repeat(np.arange(10), 9)
    assert clustered_wilson(correct, objects, 0.95) == pytest.approx(wilson(6, 10, 0.95), abs=0.02)
    assert clustered_wilson(np.ones(90, bool), objects, 0.95) == pytest.approx(wilson(10, 10, 0.95))
    assert clustered_wilson(correct[:9], objects[:9], 0.95) == pytest.approx(wilson(1, 1, 0.95))
    assert np.isnan(clustered_interval(np.ones(5), np.zeros(5), 0.95)[1])


def test_clean_accuracy_in_the_mix_of_the_photographs() -> None:
    """Class 0 is right in 9 of 10 clean images, class 1 in 2 of 4; three photographs of 0, one of 1."""
    images = clean([0] * 10 + [1] * 4, [True] * 9 + [False] + [True] * 2 + [False] * 2)
    table = real_table(known(pictures([0, 0, 0, 1], [0, 0, 1, 1]), None), images, 0.95)
    row = table[table["group"] == "all"].iloc[0]
    assert row["clean_accuracy"] == pytest.approx(0.75 * 0.9 + 0.25 * 0.5) and row["clean_n"] == 14
    assert row["accuracy"] == 0.75 and row["difference"] == pytest.approx(0.75 - 0.8)
    assert row["difference_low"] < row["difference"] < row["difference_high"]
    assert row["clean_probability"] == pytest.approx(0.75 * 0.83 + 0.25 * 0.55)
    by = table[table["group"] == "class"].set_index("name")
    assert by["clean_accuracy"].tolist() == [0.9, 0.5] and by.loc["class 1", "accuracy"] == 1
    assert by.loc["class 0", "clean_low"] == pytest.approx(wilson(9, 10, 0.95)[0])


def test_weights_of_one_class_give_wilsons_interval() -> None:
    one = clean([0] * 8, [True] * 6 + [False] * 2).of(0, np.array([30]))
    assert expected(np.ones(1), [one], 0.95) == pytest.approx((0.75, *wilson(6, 8, 0.95)))


def test_the_photographs_own_images_do_not_count_as_clean() -> None:
    photographs = known(pictures([0, 0], [0, 1], original=["7.ppm", "8.ppm"]), set())
    images = clean([0] * 10, [True] * 7 + [False] * 3, {"7.ppm", "8.ppm"})
    assert real_table(photographs, images, 0.95)["clean_accuracy"].iloc[0] == pytest.approx(7 / 8)


def test_photographs_that_the_network_was_trained_on_are_apart() -> None:
    told = pictures([0, 0, 0, -1], [0, 0, 0, 0], original=["a", "b", "", "a"])
    photographs = known(told, {"a"})
    assert photographs["part"].tolist() == [TRAINED, NEW, UNKNOWN]
    assert known(told, None)["part"].tolist() == [UNKNOWN] * 3
    table = real_table(photographs, clean([0], [True]), 0.95)
    assert table[table["group"] == "all"]["part"].tolist() == [UNKNOWN, NEW, TRAINED]


def test_groups_of_columns() -> None:
    groups = ['{"kind": "dirt"}', '{"kind": "sticker"}', '{"kind": ""}']
    table = real_table(known(pictures([0] * 3, [0, 1, 1], groups=groups), None), clean([0], [True]), 0.95)
    kinds = table[table["group"] == "kind"]
    assert kinds["name"].tolist() == ["dirt", "sticker"] and kinds["accuracy"].tolist() == [1, 0]


def test_clean_images_of_similar_size_where_there_are_enough() -> None:
    large, small = clean([0] * ENOUGH, [True] * ENOUGH, side=30), clean([0] * 5, [False] * 5, side=200)
    both = clean([0] * (ENOUGH + 5), [True] * ENOUGH + [False] * 5)
    both.side = np.concatenate([large.side, small.side])
    near, far = both.of(0, np.array([25, 40])), both.of(0, np.array([200]))
    assert near.similar and near.correct.all() and len(near.correct) == ENOUGH
    assert not far.similar and len(far.correct) == ENOUGH + 5


def test_nothing_to_compare_with() -> None:
    table = real_table(known(pictures([3], [3]), None), clean([0], [True]), 0.95)
    assert table["accuracy"].tolist() == [1, 1] and table["difference"].isna().all()
    assert real_table(known(pictures([-1], [0]), None), clean([0], [True]), 0.95).empty
